"""Files that appear whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from thonring.errors import OutputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, which takes its place when the block ends without an error.

    The folder of `path` is created if only that one is missing.

    Raises
    ------
    OutputError
        If the folder or the file cannot be written; a file that was there before is left as it was.
    """
    temporary = path.with_name(f".{uuid4().hex}.tmp")
    try:
        path.parent.mkdir(exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}). "
            "Check the free space and your permission on the folder, or choose another folder."
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    r"""Replace a file by UTF-8 text as it is given: ``\n`` stays ``\n``.

    File names that are not valid UTF-8 come out as the bytes they were.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="surrogateescape", newline="\n")
