"""One look at a folder and all below it: which files are there, and how they stand."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import NamedTuple

from thonring.read import metadata_names, reader_of
from thonring.run.names import ARTEFACT_FOLDERS
from thonring.run.open import STORE

Entries = dict[str, os.DirEntry[str]]

METADATA = (".mdoc", ".xml")
TEMPORARY = (".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", "~")
"""Endings that programs give to what they have not written yet."""


@dataclass(frozen=True, slots=True)
class ScanPattern:
    """What is looked for: files below `folder` that fit one of the `patterns` and none of those `ignored`.

    A pattern with a slash is held against the path below the folder, another one against the name; `*` goes across
    folders. With `metadata` the microscope's file beside an image counts as part of it.
    """

    folder: Path
    patterns: tuple[str, ...] = ("*.mrc",)
    ignored: tuple[str, ...] = ()
    metadata: bool = True


class FoundFile(NamedTuple):
    """A file as it stands, with the size and time of its metadata if there are any."""

    size: int
    mtime_ns: int
    metadata: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class FolderListing:
    """All files by path, folders that were `listed`, and those that could not be, each with the reason.

    Paths are texts: a long session has many.
    """

    files: dict[str, FoundFile] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)
    unlisted: dict[str, str] = field(default_factory=dict)


class FolderScanner:
    """Looks again and again; what it made of a name it remembers, so that a long session is looked at fast."""

    def __init__(self, lookout: ScanPattern) -> None:
        self._lookout = lookout
        self._has_slash = any("/" in pattern for pattern in (*lookout.patterns, *lookout.ignored))
        self._wanted: dict[str, bool] = {}
        self._beside: dict[str, str] = {}

    def look(self) -> FolderListing:
        """Look once. Hidden and half-written files, hidden and run folders, and links to folders are passed over."""
        found = FolderListing()
        watched = str(self._lookout.folder)
        folders = [watched]
        while folders:
            folder = folders.pop()
            try:
                with os.scandir(folder) as listing:
                    entries = {one.name: one for one in listing}
            except OSError as problem:
                if folder == watched or not isinstance(problem, FileNotFoundError):
                    found.unlisted[folder] = problem.strerror or str(problem)
                continue
            found.listed.add(folder)
            is_run = STORE in entries
            if not is_run or folder == watched:
                passed_over = ARTEFACT_FOLDERS if is_run else ()
                inside = (one for one in entries.values() if one.name not in passed_over)
                folders.extend(_path(one) for one in inside if _is_folder(one))
                found.files.update(self._files(entries))
        return found

    def _files(self, entries: Entries) -> Iterator[tuple[str, FoundFile]]:
        has_metadata = self._lookout.metadata and any(name.endswith(METADATA) for name in entries)
        for entry in entries.values():
            path = _path(entry)
            wanted = self._wanted.get(path)
            if wanted is None:
                wanted = self._wanted[path] = self._is_wanted(entry)
            found = _stat(entry) if wanted else None
            if found is not None and stat.S_ISREG(found.st_mode):
                metadata = self._metadata(entry, entries) if has_metadata else None
                yield path, FoundFile(found.st_size, found.st_mtime_ns, metadata)

    def _is_wanted(self, entry: os.DirEntry[str]) -> bool:
        name = entry.name
        if name.startswith(".") or name.lower().endswith(TEMPORARY) or reader_of(Path(name)) is None:
            return False
        below = os.path.relpath(entry.path, self._lookout.folder) if self._has_slash else name

        def fits(pattern: str) -> bool:
            return fnmatchcase(below if "/" in pattern else name, pattern)

        return any(map(fits, self._lookout.patterns)) and not any(map(fits, self._lookout.ignored))

    def _metadata(self, entry: os.DirEntry[str], entries: Entries) -> tuple[int, int] | None:
        name = self._beside.get(entry.path)
        if name not in entries:
            name = next((one for one in metadata_names(entry.name) if one in entries), None)
            if name is None:
                return None
            self._beside[entry.path] = name
        found = _stat(entries[name])
        return None if found is None else (found.st_size, found.st_mtime_ns)


def _path(entry: os.DirEntry[str]) -> str:
    """As `Path` writes it, which leaves out the folder that is here."""
    return entry.path.removeprefix("./")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _stat(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat()
    except OSError:
        return None


class _Sighting(NamedTuple):
    seen: FoundFile
    since_s: float


class Arrivals:
    """Files from their first sighting until nobody changed them for `stable_s`, and again when they change.

    How long a file has stood still is told by this process' own clock: that of the machine which writes it may
    differ. `changed_s` is when a file last came or changed.
    """

    def __init__(self, stable_s: float, now_s: float) -> None:
        self.changed_s = now_s
        self._stable_s = stable_s
        self._settling: dict[str, _Sighting] = {}
        self._taken: dict[str, FoundFile] = {}
        self._known: set[str] = set()

    @property
    def settling(self) -> int:
        """How many are there and may still be written to."""
        return len(self._settling)

    def see(self, look: FolderListing, now_s: float) -> list[str]:
        """Take in a look, and give the files that were not there before."""
        self._forget(look)
        for path, seen in look.files.items():
            if self._taken.get(path) == seen:
                self._settling.pop(path, None)
            elif path not in self._settling or self._settling[path].seen != seen:
                self._settling[path] = _Sighting(seen, now_s)
                self.changed_s = now_s
        fresh = [path for path in look.files if path not in self._known]
        self._known.update(fresh)
        return fresh

    def finished(self, now_s: float) -> list[str]:
        """Take those that have stood still for long enough, in the order of their names."""
        ready = sorted(path for path, one in self._settling.items() if now_s - one.since_s >= self._stable_s)
        self._taken.update((path, self._settling.pop(path).seen) for path in ready)
        return ready

    def _forget(self, look: FolderListing) -> None:
        """Files that are gone are new when they come again, unless their folder could not be looked into."""
        for known in (self._settling, self._taken):
            for path in list(_gone(known.keys() - look.files.keys(), look)):
                del known[path]


def _gone(paths: set[str], look: FolderListing) -> Iterator[str]:
    for path in paths:
        if not look.unlisted or not any(str(one) in look.unlisted for one in PurePath(path).parents):
            yield path
