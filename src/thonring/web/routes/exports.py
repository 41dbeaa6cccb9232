"""A run's tables, to be downloaded, or renewed where they lie."""

import tempfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Annotated

from fastapi import APIRouter
from fastapi import Path as PathParameter
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, BaseModel

from thonring.errors import OutputError, RunInUse
from thonring.formats.run_tables import EXPORTS, export, write_run_tables
from thonring.run.open import open_run
from thonring.web.run_view import RunView

_CHUNK = 2**18


def _known(name: str) -> str:
    if name not in EXPORTS:
        raise ValueError(f"expected one of {', '.join(EXPORTS)}")
    return name


Format = Annotated[
    str,
    AfterValidator(_known),
    PathParameter(json_schema_extra={"enum": [*EXPORTS]}, description="The format."),
]


class Renewed(BaseModel):
    """Whether the tables in the run's folder are as of now, or who will renew them."""

    renewed: bool
    told: str


def router(view: RunView) -> APIRouter:
    """Give the routes of exports."""
    routes = APIRouter(tags=["exports"])
    busy = threading.Lock()

    @routes.get("/exports/{format}", response_class=StreamingResponse)
    def download(format: Format) -> StreamingResponse:  # noqa: A002 - the word in the address
        """Give the tables of a format as they are now: a file, or a zip of several."""
        if not busy.acquire(blocking=False):
            raise OutputError("another export is being made. Try again when it is done.")
        try:
            name, made = _made(view, format)
        finally:
            busy.release()
        size = made.seek(0, 2)
        headers = {"content-disposition": f'attachment; filename="{name}"', "content-length": str(size)}
        return StreamingResponse(_chunks(made), media_type="application/octet-stream", headers=headers)

    @routes.post("/exports")
    def renew() -> Renewed:
        """Write the tables in the run's folder anew, unless a process works on the run: that one will."""
        try:
            with open_run(view.run) as store:
                write_run_tables(store)
        except RunInUse as problem:
            return Renewed(
                renewed=False, told=f"{problem.holder} is working on this run and will update its tables."
            )
        return Renewed(renewed=True, told=f"The tables in {view.run.absolute().name} are as of now.")

    return routes


def _made(view: RunView, wanted: str) -> tuple[str, IO[bytes]]:
    """Write a format into a file that has no name, and so leaves nothing behind."""
    with tempfile.TemporaryDirectory() as folder, view.store() as store:
        try:
            export(store, [wanted], Path(folder))
        except OutputError as problem:
            raise OutputError(str(problem).replace(f"{folder}/", "")) from problem
        files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
        made = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it is sent
        if len(files) == 1:
            with files[0].open("rb") as file:
                while block := file.read(_CHUNK):
                    made.write(block)
            return files[0].name, made
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for path in files:
                archive.write(path, path.relative_to(folder))
        return f"{_plain(view.run.absolute().name)}_{wanted}.zip", made


def _plain(name: str) -> str:
    return "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "-" for letter in name
    )


def _chunks(made: IO[bytes]) -> Iterator[bytes]:
    with made:
        made.seek(0)
        while block := made.read(_CHUNK):
            yield block
