"""The inputs of a command (files, folders, patterns and STAR files) as a list of files with their optics."""

import functools
import glob
from collections.abc import Iterable, Sequence
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from thonring.errors import InputError, OpticsError
from thonring.files.entry import entries, is_folder, is_there
from thonring.optics import PartialOptics
from thonring.read.image_formats import known_suffixes, reader_of
from thonring.read.sidecar import sidecar_metadata
from thonring.records import Source

if TYPE_CHECKING:
    from thonring.files.text import TableReport

PLACEHOLDER_KV = 300.0
"""Stands in for a voltage that is not yet known, to check the other constants."""


def sources(
    arguments: Sequence[str],
    given: PartialOptics,
    *,
    spectra: bool = False,
    metadata: bool = False,
    report: "TableReport | None" = None,
) -> list[Source]:
    """List the inputs: image files, folders of them, patterns (`*`), and RELION STAR files.

    Subfolders are not searched; of folders and patterns only names with a known suffix are taken, sorted. With
    `spectra`, a STAR file's power spectra are listed if it names any. An argument that does not exist, or that has an
    image's name and is none (a folder, a broken link), is listed, so that it fails by itself; a file that occurs twice
    is listed once, at its first place. With `metadata`, a voltage that is not given is read from the microscope's file
    next to each image. With a `report`, rows of a STAR file that cannot be used are left out.

    Raises
    ------
    InputError
        If there are no arguments, a folder cannot be listed, or a folder or pattern has no file with a known suffix.
    UnreadableTable
        If a STAR file lists no micrographs.
    OpticsError
        If voltage or spherical aberration are missing for any input, or impossible.
    """
    if not arguments:
        raise InputError(
            f"no inputs given; expected files, folders or glob patterns of {known_suffixes()} or .star."
        )
    listed: dict[Path, Source] = {}
    for argument in arguments:
        for path in _files(argument):
            for one in _sources_of(path, given, spectra=spectra, metadata=metadata, report=report):
                listed.setdefault(one.path.absolute(), one)
    return list(listed.values())


def source(path: Path, given: PartialOptics, *, metadata: bool) -> Source:
    """One image file with its optics.

    With `metadata`, a voltage that is not given is read from the microscope's file next to the image.

    Raises
    ------
    OpticsError
        If voltage or spherical aberration are missing, or impossible.
    """
    if given.voltage_kV is not None:
        return Source(path, _complete(given), metadata)
    check_optics(given, metadata=metadata)
    stated = sidecar_metadata(path)
    if stated is None or stated.voltage_kV is None:
        found = "there is none" if stated is None else f"{stated.path} does not"
        why = "" if stated is None else "".join(f" {note.text}" for note in stated.notes)
        raise OpticsError(
            f"{path}: --voltage (kV) is missing, and no microscope metadata next to the image state it ({found}; "
            f"looked for EPU's NAME.xml and SerialEM's NAME.mdoc).{why} Give --voltage."
        )
    return Source(path, given.over(PartialOptics(voltage_kV=stated.voltage_kV)).complete(), metadata)


_complete = functools.cache(PartialOptics.complete)
"""Most images of a run have the same optics."""


def check_optics(given: PartialOptics, *, metadata: bool) -> None:
    """Check that the constants suffice; with `metadata`, the voltage may be missing.

    Raises
    ------
    OpticsError
        If one is missing, or impossible.
    """
    if not metadata or given.voltage_kV is not None:
        given.complete()
    elif given.cs_mm is None:
        raise OpticsError(
            "--cs (mm) is missing, and microscope metadata do not contain it. Give it (2.7 is usual)."
        )
    else:
        replace(given, voltage_kV=PLACEHOLDER_KV).complete()


def _sources_of(
    path: Path, given: PartialOptics, *, spectra: bool, metadata: bool, report: "TableReport | None"
) -> list[Source]:
    if path.suffix.lower() != ".star":
        return [source(path, given, metadata=metadata)]
    from thonring.formats.relion import listed_sources

    listed = listed_sources(path, given, spectra=spectra, report=report)
    return [replace(one, metadata=metadata) for one in listed]


def _files(argument: str) -> list[Path]:
    path = Path(argument)
    if is_folder(path) and reader_of(path) is None:
        return _with_known_suffix(entries(path, InputError), f"folder {argument}")
    if not is_there(path) and glob.has_magic(argument):
        found = (Path(name) for name in glob.glob(argument))  # noqa: PTH207 - the pattern may be absolute
        return _with_known_suffix(found, f"pattern {argument}", also=".star")
    return [path]


def _with_known_suffix(paths: Iterable[Path], origin: str, also: str = "") -> list[Path]:
    chosen = sorted(
        (
            path
            for path in paths
            if not path.name.startswith(".")
            and (reader_of(path) is not None or (also and path.suffix.lower() == also))
        ),
        key=attrgetter("parts"),
    )
    if not chosen:
        raise InputError(f"{origin}: no images found, expected files of {known_suffixes()}. Check the path.")
    return chosen
