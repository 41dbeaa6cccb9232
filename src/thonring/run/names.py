"""Names of a micrograph's files, and which names refer to the same micrograph."""

import os
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path, PurePosixPath

from thonring.files.star import quoted

ARTEFACT_FOLDERS = ("spectra", "plots", "ctffind")
"""Folders in a run folder that contain the files of single micrographs."""

_COMPRESSIONS = (".gz", ".bz2")


def artefact_names(paths: Sequence[Path], used: Collection[str] = ()) -> dict[Path, str]:
    """One name per input file, unique even if a disk ignores case, and none of those `used` already.

    The name is that of the file without its suffix (and that of a compression). If an earlier input has it,
    parent folders are prepended, nearest first, and then a number is appended. Adding inputs at the end
    never changes earlier names.

    Raises
    ------
    OutputError
        If a path contains what a STAR file cannot represent: control characters, or both kinds of quotes before blanks.
    """
    names: dict[Path, str] = {}
    taken = {name.casefold() for name in used}
    for path in paths:
        if path in names:
            continue
        quoted(str(path))
        names[path] = next(name for name in _candidates(path) if name.casefold() not in taken)
        taken.add(names[path].casefold())
    return names


def _candidates(path: Path) -> Iterator[str]:
    plain = Path(path.stem).stem if path.suffix.lower() in _COMPRESSIONS else path.stem
    yield plain
    longer = plain
    for folder in path.parents:
        if folder.name:
            longer = f"{folder.name}_{longer}"
            yield longer
    yield from (f"{plain}_{number}" for number in count(2))


def spectra_folder(run: Path) -> Path:
    """Return the folder of the spectra of a run."""
    return run / "spectra"


def spectrum_path(run: Path, name: str) -> Path:
    """Return the path of the spectrum of the micrograph that `artefact_names` calls `name`."""
    return spectra_folder(run) / spectrum_file(name)


def spectrum_file(name: str) -> str:
    """Return the name of a spectrum in its folder."""
    return f"{name}.ctf"


@dataclass(frozen=True, slots=True)
class RegisteredFile:
    """A file of a run: its number, its path as last given, its absolute path, and the name of its artefacts.

    Paths are strings: a large run has many, and strings compare fast.
    """

    id: int
    path: str
    absolute_path: str
    name: str


def changed_files(paths: Sequence[Path], known: Sequence[RegisteredFile]) -> list[RegisteredFile]:
    """Return those of `paths` that are new or whose path has changed; new ones get the next numbers.

    A file is identified by its path as given, or else by its absolute path, so that neither a run folder moved with
    its micrographs nor a command from another folder lists a file twice.

    Raises
    ------
    OutputError
        If a path contains what a STAR file cannot represent.
    """
    by_path = {file.path: file for file in known}
    absolute = _absolute([str(path) for path in paths])
    claimed = {by_path[path].id for path in absolute if path in by_path}
    by_absolute = {file.absolute_path: file for file in known if file.id not in claimed}
    found = {path: by_path.get(path) or by_absolute.get(whole) for path, whole in absolute.items()}
    fresh = [Path(path) for path, file in found.items() if file is None]
    names = artefact_names(fresh, [file.name for file in known])
    numbers = count(max((file.id for file in known), default=0) + 1)
    added = [
        RegisteredFile(next(numbers), str(path), absolute[str(path)], name) for path, name in names.items()
    ]
    changed = [
        replace(file, path=path, absolute_path=absolute[path])
        for path, file in found.items()
        if file is not None and (file.path, file.absolute_path) != (path, absolute[path])
    ]
    return [*changed, *added]


def _absolute(paths: Sequence[str]) -> dict[str, str]:
    """Same as `Path.absolute`, for many paths."""
    working_folder = str(Path.cwd())
    return {path: os.path.join(working_folder, path) for path in paths}  # noqa: PTH118 - texts, see `RegisteredFile`


SUFFIXES = re.compile(
    r"(?<=.)\.(gz|bz2|mrcs?|tiff?|png|jpe?g|eer|ctf|ctfparam|psd|xmp|xmd|txt|star|cs)$", re.IGNORECASE
)
TAGS = re.compile(r"(?<=.)(_PS|_avrot|_ctf|_noDW|_DW|_patch_aligned|_rigid_aligned|_doseweighted)$")
IMAGE_NUMBER = re.compile(r"^\d+@")
UID = re.compile(r"^\d{15,}_(?=.)")


def key_of(path: object) -> str:
    """Name of a micrograph without folder, suffixes and the tags that programs append.

    Removed are, repeatedly: RELION's `:mrc` and `1@`, the suffixes of images, spectra and tables (`.mrc`,
    `.tif`, `.ctf`, `.txt` …), and the endings `_PS`, `_avrot`, `_ctf`, `_noDW`, `_DW` and those of
    cryoSPARC's motion correction, `_patch_aligned`, `_rigid_aligned` and `_doseweighted`. So
    `Movies/a_PS.ctf:mrc`, `a.mrc` and `a_avrot.txt` have one key, `a`. Other dots and endings belong to the
    name.
    """
    name = IMAGE_NUMBER.sub("", PurePosixPath(str(path)).name).removesuffix(":mrc")
    while (shorter := SUFFIXES.sub("", TAGS.sub("", name))) != name:
        name = shorter
    return name


def without_uid(key: str) -> str:
    """Cut off the long number that cryoSPARC puts before a file's name."""
    return UID.sub("", key)
