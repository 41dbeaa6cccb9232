"""Checks of a path before it is opened: opening a named pipe would block forever."""

import errno
import os
import stat
from operator import attrgetter
from pathlib import Path

from thonring.errors import InputError

KINDS = {
    stat.S_IFDIR: ("a folder", "Name the files inside it."),
    stat.S_IFIFO: ("a named pipe", "Write its content to a file and give that."),
    stat.S_IFSOCK: ("a socket", "Give the path of a file."),
    stat.S_IFCHR: ("a device", "Give the path of a file."),
    stat.S_IFBLK: ("a device", "Give the path of a file."),
}


def size_of_file(path: Path, expected: str, error: type[InputError]) -> int:
    """Return the size in bytes of a regular file; `expected` describes it in the message.

    Raises
    ------
    InputError
        Of the given kind, if the path does not exist or is not a regular file.
    """
    try:
        found = path.stat()
    except (OSError, ValueError) as problem:
        raise error(
            f"{path}: {_absent(path, problem)}, expected {expected}. Check the path, and whether the file has moved."
        ) from problem
    if not stat.S_ISREG(found.st_mode):
        kind, advice = KINDS.get(
            stat.S_IFMT(found.st_mode), ("not a regular file", "Give the path of a file.")
        )
        raise error(f"{path}: found {kind}, expected {expected}. {advice}")
    return found.st_size


def is_there(path: Path) -> bool:
    """Whether the path exists; False where permission is denied or the name is impossible."""
    return os.path.exists(path)  # noqa: PTH110 - Path.exists raises where permission is denied


def is_folder(path: Path) -> bool:
    """Whether the path is a folder; False where permission is denied or the name is impossible."""
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises where permission is denied


def entries(folder: Path, error: type[InputError]) -> list[Path]:
    """List a folder, sorted.

    Raises
    ------
    InputError
        Of the given kind, if it cannot be listed.
    """
    try:
        return sorted(folder.iterdir(), key=attrgetter("parts"))
    except OSError as problem:
        raise error(
            f"folder {folder}: cannot be listed ({problem.strerror or problem}). Check its permissions."
        ) from problem


def _absent(path: Path, problem: OSError | ValueError) -> str:
    if not isinstance(problem, OSError):
        return f"is not a valid file name ({problem})"
    reason = problem.strerror or str(problem)
    if problem.errno == errno.ELOOP:
        return f"is a symbolic link that refers to itself ({reason})"
    if isinstance(problem, FileNotFoundError) and path.is_symlink():
        return f"is a symbolic link to {str(path.readlink())!r}, which does not exist ({reason})"
    return f"cannot be opened ({reason})"
