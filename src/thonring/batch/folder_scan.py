"""Scans of a watched folder and its subfolders: which files exist, and which of them are completely written."""

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
"""Suffixes that programs give to files they are still writing."""


@dataclass(frozen=True, slots=True)
class ScanPattern:
    """The files to look for: those below `folder` that match one of the `patterns` and none of those `ignored`.

    A pattern with a slash is matched against the path below the folder, others against the name; `*` matches across
    folders. With `metadata` the microscope's metadata file next to an image counts as part of it.
    """

    folder: Path
    patterns: tuple[str, ...] = ("*.mrc",)
    ignored: tuple[str, ...] = ()
    metadata: bool = True


class FoundFile(NamedTuple):
    """State of a file: its size and time, and those of its metadata file if it has one."""

    size: int
    mtime_ns: int
    metadata: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class FolderListing:
    """All files by path, the folders that were `listed`, and the `unreadable` ones, each with the reason.

    Paths are strings, since a long session has many of them.
    """

    files: dict[str, FoundFile] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)
    unreadable: dict[str, str] = field(default_factory=dict)


class FolderScanner:
    """Scans a folder repeatedly; it remembers which names match, so that scans of a long session stay fast."""

    def __init__(self, pattern: ScanPattern) -> None:
        self._pattern = pattern
        self._has_slash = any("/" in glob for glob in (*pattern.patterns, *pattern.ignored))
        self._is_match: dict[str, bool] = {}
        self._metadata_name: dict[str, str] = {}

    def scan(self) -> FolderListing:
        """Scan once; hidden and partly written files, hidden and run folders, and links to folders are skipped."""
        listing = FolderListing()
        watched = str(self._pattern.folder)
        folders = [watched]
        while folders:
            folder = folders.pop()
            try:
                with os.scandir(folder) as scanned:
                    entries = {entry.name: entry for entry in scanned}
            except OSError as problem:
                # A subfolder may be removed between two scans; for the watched folder itself that is a problem.
                if folder == watched or not isinstance(problem, FileNotFoundError):
                    listing.unreadable[folder] = problem.strerror or str(problem)
                continue
            listing.listed.add(folder)
            is_run = STORE in entries
            if not is_run or folder == watched:
                skipped = ARTEFACT_FOLDERS if is_run else ()
                inside = (entry for entry in entries.values() if entry.name not in skipped)
                folders.extend(_path(entry) for entry in inside if _is_folder(entry))
                listing.files.update(self._files(entries))
        return listing

    def _files(self, entries: Entries) -> Iterator[tuple[str, FoundFile]]:
        has_metadata = self._pattern.metadata and any(name.endswith(METADATA) for name in entries)
        for entry in entries.values():
            path = _path(entry)
            is_match = self._is_match.get(path)
            if is_match is None:
                is_match = self._is_match[path] = self._matches(entry)
            state = _stat(entry) if is_match else None
            if state is not None and stat.S_ISREG(state.st_mode):
                metadata = self._metadata(entry, entries) if has_metadata else None
                yield path, FoundFile(state.st_size, state.st_mtime_ns, metadata)

    def _matches(self, entry: os.DirEntry[str]) -> bool:
        name = entry.name
        if name.startswith(".") or name.lower().endswith(TEMPORARY) or reader_of(Path(name)) is None:
            return False
        below = os.path.relpath(entry.path, self._pattern.folder) if self._has_slash else name

        def fits(pattern: str) -> bool:
            return fnmatchcase(below if "/" in pattern else name, pattern)

        return any(map(fits, self._pattern.patterns)) and not any(map(fits, self._pattern.ignored))

    def _metadata(self, entry: os.DirEntry[str], entries: Entries) -> tuple[int, int] | None:
        name = self._metadata_name.get(entry.path)
        if name not in entries:
            name = next((candidate for candidate in metadata_names(entry.name) if candidate in entries), None)
            if name is None:
                return None
            self._metadata_name[entry.path] = name
        state = _stat(entries[name])
        return None if state is None else (state.st_size, state.st_mtime_ns)


def _path(entry: os.DirEntry[str]) -> str:
    """The path as `Path` writes it, without a leading "./"."""
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


class _Observation(NamedTuple):
    file: FoundFile
    since_s: float


class Arrivals:
    """Files from the first scan that lists them until they have not changed for `stable_s`, and again when they change.

    How long a file has been unchanged is measured by the clock of this process: that of the machine that writes the
    file may differ. `changed_s` is when a file last arrived or changed.
    """

    def __init__(self, stable_s: float, now_s: float) -> None:
        self.changed_s = now_s
        self._stable_s = stable_s
        self._settling: dict[str, _Observation] = {}
        self._taken: dict[str, FoundFile] = {}
        self._known: set[str] = set()

    @property
    def settling(self) -> int:
        """Number of files that may still be being written."""
        return len(self._settling)

    def update(self, listing: FolderListing, now_s: float) -> list[str]:
        """Process a scan, and return the files that no earlier scan listed."""
        self._forget_removed(listing)
        for path, file in listing.files.items():
            if self._taken.get(path) == file:
                self._settling.pop(path, None)
            elif path not in self._settling or self._settling[path].file != file:
                self._settling[path] = _Observation(file, now_s)
                self.changed_s = now_s
        new = [path for path in listing.files if path not in self._known]
        self._known.update(new)
        return new

    def take_stable(self, now_s: float) -> list[str]:
        """Remove and return the files that have not changed for long enough, sorted by name."""
        stable = sorted(
            path
            for path, observation in self._settling.items()
            if now_s - observation.since_s >= self._stable_s
        )
        self._taken.update((path, self._settling.pop(path).file) for path in stable)
        return stable

    def _forget_removed(self, listing: FolderListing) -> None:
        """Forget removed files, which are new if they reappear, unless their folder could not be read."""
        for known in (self._settling, self._taken):
            for path in list(_removed(known.keys() - listing.files.keys(), listing)):
                del known[path]


def _removed(paths: set[str], listing: FolderListing) -> Iterator[str]:
    for path in paths:
        if not listing.unreadable or not any(
            str(parent) in listing.unreadable for parent in PurePath(path).parents
        ):
            yield path
