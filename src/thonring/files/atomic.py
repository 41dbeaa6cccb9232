"""Atomic writing: files appear whole or not at all."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO
from uuid import uuid4

from thonring.errors import OutputError

_TEMPORARY = re.compile(r"\.[0-9a-f]{32}\.tmp")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path next to `path` that replaces it when the block ends without an error.

    The folder of `path` is created if its parent exists.

    Raises
    ------
    OutputError
        If the folder or the file cannot be written; an existing file is left unchanged.
    """
    temporary = path.with_name(f".{uuid4().hex}.tmp")
    try:
        path.parent.mkdir(exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}). "
            "Check the free space and your permissions for the folder, or choose another folder."
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove temporary files that killed processes left behind. No other process may be writing to the folder."""
    with suppress(OSError):
        for path in folder.iterdir():
            if _TEMPORARY.fullmatch(path.name):
                path.unlink(missing_ok=True)


@contextmanager
def replacing_text(path: Path) -> Iterator[TextIO]:
    r"""Yield a file for UTF-8 text, keeping ``\n`` as it is, that replaces `path` when the block ends without an error.

    File names that are not valid UTF-8 keep their bytes.

    Raises
    ------
    OutputError
        If the file cannot be written; see `replacing`.
    """
    with (
        replacing(path) as temporary,
        temporary.open("w", encoding="utf-8", errors="surrogateescape", newline="\n") as file,
    ):
        yield file


def write_text(path: Path, text: str) -> None:
    """Replace a file by text; see `replacing_text`.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    with replacing_text(path) as file:
        file.write(text)
