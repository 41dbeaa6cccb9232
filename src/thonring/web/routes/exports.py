"""The tables of a run: download, or update in the run folder."""

import tempfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Annotated

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, BaseModel, Field

from thonring.errors import OutputError, RunInUse
from thonring.formats.run_tables import EXPORTS, export, write_run_tables
from thonring.run.open import open_run
from thonring.web.run_view import RunView

_CHUNK_BYTES = 2**18


def _known_format(name: str) -> str:
    if name not in EXPORTS:
        raise ValueError(f"unknown format: expected one of {', '.join(EXPORTS)}")
    return name


Format = Annotated[str, AfterValidator(_known_format), Field(json_schema_extra={"enum": [*EXPORTS]})]


class UpdateAnswer(BaseModel):
    """Whether the tables in the run folder were updated, or who will update them."""

    updated: Annotated[bool, Field(serialization_alias="renewed")]
    message: Annotated[str, Field(serialization_alias="told")]


def router(view: RunView) -> APIRouter:
    """Create the routes of exports."""
    routes = APIRouter(tags=["exports"])
    exporting = threading.Lock()

    @routes.get("/exports/{format}", response_class=StreamingResponse)
    def download(format: Format) -> StreamingResponse:  # noqa: A002 - the name in the address
        """Return the current tables of a format: a file, or a zip file of several."""
        if not exporting.acquire(blocking=False):
            raise OutputError("another export is in progress. Try again when it has finished.")
        try:
            name, content = _export(view, format)
        finally:
            exporting.release()
        size = content.seek(0, 2)
        headers = {"content-disposition": f'attachment; filename="{name}"', "content-length": str(size)}
        return StreamingResponse(_chunks(content), media_type="application/octet-stream", headers=headers)

    @routes.post("/exports")
    def update() -> UpdateAnswer:
        """Update the tables in the run folder, unless a process is working on the run and will do so itself."""
        try:
            with open_run(view.run) as store:
                write_run_tables(store)
        except RunInUse as problem:
            message = f"{problem.holder} is working on this run and will update its tables."
            return UpdateAnswer(updated=False, message=message)
        message = f"The tables in {view.run.absolute().name} are up to date."
        return UpdateAnswer(updated=True, message=message)

    return routes


def _export(view: RunView, format_name: str) -> tuple[str, IO[bytes]]:
    """Write a format into an anonymous temporary file, and return it with a name to save it under."""
    with tempfile.TemporaryDirectory() as folder, view.store() as store:
        try:
            export(store, [format_name], Path(folder))
        except OutputError as problem:
            raise OutputError(str(problem).replace(f"{folder}/", "")) from problem
        files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
        content = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it has been sent
        if len(files) == 1:
            with files[0].open("rb") as file:
                while block := file.read(_CHUNK_BYTES):
                    content.write(block)
            return files[0].name, content
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for path in files:
                archive.write(path, path.relative_to(folder))
        return f"{_safe_name(view.run.absolute().name)}_{format_name}.zip", content


def _safe_name(name: str) -> str:
    return "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "-" for letter in name
    )


def _chunks(content: IO[bytes]) -> Iterator[bytes]:
    with content:
        content.seek(0)
        while block := content.read(_CHUNK_BYTES):
            yield block
