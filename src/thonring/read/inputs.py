"""What the user named, as a list of files with their optics."""

import functools
import glob
from collections.abc import Iterable, Sequence
from dataclasses import replace
from operator import attrgetter
from pathlib import Path

from thonring.errors import InputError, OpticsError
from thonring.files.entry import entries, is_folder, is_there
from thonring.optics import PartialOptics
from thonring.read.image_formats import known_suffixes, reader_of
from thonring.read.sidecar import sidecar_metadata
from thonring.records import Source

USUAL_KV = 300.0
"""In the place of a voltage that is not known yet, to check the other constants."""


def sources(
    arguments: Sequence[str], given: PartialOptics, *, spectra: bool = False, metadata: bool = False
) -> list[Source]:
    """List the inputs: image files, folders of them, patterns (`*`), and RELION STAR files.

    Folders are not searched below their own level; of folders and patterns only names of known suffix are
    taken, sorted. With `spectra`, a STAR file's power spectra are listed where it names any. What is named but
    missing, or has an image's name and is none (a folder, a broken link), is listed, so that it fails by itself;
    a file named twice is listed once, at its first place. With `metadata` a voltage that is not given is that of the
    microscope's file beside each image.

    Raises
    ------
    InputError
        If nothing was named, or a folder may not be read, or a folder or pattern holds no name of known suffix.
    UnreadableTable
        If a STAR file lists no micrographs.
    OpticsError
        If voltage or spherical aberration are missing for any input, or impossible.
    """
    if not arguments:
        raise InputError(
            f"no input was named; expected files, folders or patterns of {known_suffixes()} or .star."
        )
    listed: dict[Path, Source] = {}
    for argument in arguments:
        for path in _files(argument):
            for one in _sources_of(path, given, spectra=spectra, metadata=metadata):
                listed.setdefault(one.path.absolute(), one)
    return list(listed.values())


def source(path: Path, given: PartialOptics, *, metadata: bool) -> Source:
    """One image file with its optics.

    With `metadata` a voltage that is not given is that of the microscope's file beside it, which is read only then.

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
        found = "there are none" if stated is None else f"{stated.path} does not"
        raise OpticsError(
            f"{path}: --voltage (kV) is missing, and no metadata of the microscope beside the image state it: {found} "
            "(NAME.xml of EPU or NAME.mdoc of SerialEM). Give --voltage."
        )
    return Source(path, given.over(PartialOptics(voltage_kV=stated.voltage_kV)).complete(), metadata)


_complete = functools.cache(PartialOptics.complete)
"""Most images of a run have the same optics."""


def check_optics(given: PartialOptics, *, metadata: bool) -> None:
    """Find out whether the constants suffice, where `metadata` may state the voltage.

    Raises
    ------
    OpticsError
        If one is missing, or impossible.
    """
    if not metadata or given.voltage_kV is not None:
        given.complete()
    elif given.cs_mm is None:
        raise OpticsError(
            "--cs (mm) is missing, and no file of the microscope states it. Give it (2.7 is usual)."
        )
    else:
        replace(given, voltage_kV=USUAL_KV).complete()


def _sources_of(path: Path, given: PartialOptics, *, spectra: bool, metadata: bool) -> list[Source]:
    if path.suffix.lower() != ".star":
        return [source(path, given, metadata=metadata)]
    from thonring.formats.relion import listed_sources

    listed = listed_sources(path, given, spectra=spectra)
    return [replace(one, metadata=metadata) for one in listed]


def _files(argument: str) -> list[Path]:
    path = Path(argument)
    if is_folder(path) and reader_of(path) is None:
        return _of_known_suffix(entries(path, InputError), f"folder {argument}")
    if not is_there(path) and glob.has_magic(argument):
        found = (Path(name) for name in glob.glob(argument))  # noqa: PTH207 - the pattern may be absolute
        return _of_known_suffix(found, f"pattern {argument}", also=".star")
    return [path]


def _of_known_suffix(paths: Iterable[Path], place: str, also: str = "") -> list[Path]:
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
        raise InputError(f"{place}: found no image, expected files of {known_suffixes()}. Check the path.")
    return chosen
