"""One look at a folder and all below it: which files are there, and how they stand."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from thonring.read import metadata_names, reader_of
from thonring.results import STORE

METADATA = (".mdoc", ".xml")
TEMPORARY = (".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", "~")
"""Endings that programs give to what they have not written yet."""


@dataclass(frozen=True, slots=True)
class Lookout:
    """What is looked for: files below `folder` that fit one of the `patterns` and none of those `ignored`.

    A pattern with a slash is held against the path below the folder, another one against the name; `*` goes across
    folders. With `metadata` the microscope's file beside an image counts as part of it.
    """

    folder: Path
    patterns: tuple[str, ...] = ("*.mrc",)
    ignored: tuple[str, ...] = ()
    metadata: bool = True


class Seen(NamedTuple):
    """A file as it stands, with the size and time of its metadata if there are any."""

    size: int
    mtime_ns: int
    metadata: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """All files by path, folders that were `listed`, and those that could not be, each with the reason.

    Paths are texts: a long session has many.
    """

    files: dict[str, Seen] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)
    unlisted: dict[str, str] = field(default_factory=dict)


def look(lookout: Lookout) -> Look:
    """Look once. Hidden files and folders, run folders, half-written files and links to folders are passed over."""
    found = Look()
    folders = [str(lookout.folder)]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as listing:
                entries = {one.name: one for one in listing}
        except OSError as problem:
            if folder == str(lookout.folder) or not isinstance(problem, FileNotFoundError):
                found.unlisted[folder] = problem.strerror or str(problem)
            continue
        found.listed.add(folder)
        if STORE not in entries:
            folders.extend(one.path for one in entries.values() if _is_folder(one))
            found.files.update(_files(entries, lookout))
    return found


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _files(entries: dict[str, os.DirEntry[str]], lookout: Lookout) -> Iterator[tuple[str, Seen]]:
    has_metadata = lookout.metadata and any(name.endswith(METADATA) for name in entries)
    for name, entry in entries.items():
        if not _is_wanted(entry, lookout):
            continue
        found = _stat(entry)
        if found is not None and stat.S_ISREG(found.st_mode):
            metadata = _metadata(name, entries) if has_metadata else None
            yield entry.path, Seen(found.st_size, found.st_mtime_ns, metadata)


def _is_wanted(entry: os.DirEntry[str], lookout: Lookout) -> bool:
    name = entry.name
    if name.startswith(".") or name.lower().endswith(TEMPORARY) or reader_of(Path(name)) is None:
        return False
    below = os.path.relpath(entry.path, lookout.folder) if _has_slash(lookout) else name

    def fits(pattern: str) -> bool:
        return fnmatchcase(below if "/" in pattern else name, pattern)

    return any(map(fits, lookout.patterns)) and not any(map(fits, lookout.ignored))


def _has_slash(lookout: Lookout) -> bool:
    return any("/" in pattern for pattern in (*lookout.patterns, *lookout.ignored))


def _stat(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat()
    except OSError:
        return None


def _metadata(name: str, entries: dict[str, os.DirEntry[str]]) -> tuple[int, int] | None:
    beside = next((entries[one] for one in metadata_names(name) if one in entries), None)
    found = None if beside is None else _stat(beside)
    return None if found is None else (found.st_size, found.st_mtime_ns)
