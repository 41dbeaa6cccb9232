"""The microscope's metadata next to an image: finding the file, and comparing it with the values used."""

import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from thonring.optics import Optics
from thonring.read.epu import read_epu
from thonring.read.exposure_metadata import Metadata, unusable
from thonring.read.mdoc import read_mdoc
from thonring.records import Note
from thonring.run.names import SUFFIXES, TAGS, without_uid

READERS: dict[str, Callable[[Path, bytes], Metadata | None]] = {".mdoc": read_mdoc, ".xml": read_epu}
"""Suffix → reader."""

MAX_BYTES = 1 << 20
"""EPU's files have about 16 kB, SerialEM's 1 kB per image."""

PIXEL_TOLERANCE = 0.02
"""Relative difference of two pixel sizes above which it is noted: a choice, more than calibration usually changes."""

VOLTAGE_TOLERANCE = 0.01
FACTOR_TOLERANCE = 0.03
"""Relative deviation of a ratio from a factor that still counts as binning by it."""

BINNING_FACTORS = (1.0, *(float(factor) for factor in range(2, 9)), *(1.0 / factor for factor in range(2, 9)))
TILTED_DEG = 10.0
"""At 10° the defocus changes by ±350 Å across an image of 4000 Å."""

_ENDINGS = (".mdoc", ".mrc.mdoc", ".tif.mdoc", ".tiff.mdoc", ".eer.mdoc", ".xml")
_MOVIE_TAGS = re.compile(r"(?<=.)_(fractions|EER|frames|aligned|mic)$", re.IGNORECASE)


def metadata_names(name: str) -> list[str]:
    """Possible names of the metadata file of an image of this name, the likeliest first.

    The image's suffix, the tags of movies and of motion correction, such as `_fractions`, `_EER`, `_DW` or
    `_patch_aligned`, and the number that cryoSPARC prepends are removed one after the other.
    """
    names = {f"{name}.mdoc": None}
    for stem in _stems(name):
        names.update(dict.fromkeys(stem + ending for ending in _ENDINGS))
    return list(names)


def _stems(name: str) -> Iterator[str]:
    """The name without its suffixes, then without one more tag each time."""
    stem = name
    while (shorter := SUFFIXES.sub("", stem)) != stem:
        stem = shorter
    yield stem
    while (shorter := _shorter(stem)) != stem:
        yield shorter
        stem = shorter


def _shorter(stem: str) -> str:
    for ending in (TAGS, _MOVIE_TAGS):
        if ending.search(stem):
            return ending.sub("", stem)
    return without_uid(stem)


def sidecar_metadata(path: Path) -> Metadata | None:
    """Read the microscope's metadata of an image; None if there are none.

    No error is raised: problems with the file are in the `notes`.
    """
    for candidate in (path.with_name(name) for name in metadata_names(path.name)):
        mode = _mode(candidate)
        if mode is None:
            continue
        found = _read(candidate) if stat.S_ISREG(mode) else unusable(candidate, "is not a regular file")
        if found is not None:
            return found
    return None


def _mode(path: Path) -> int | None:
    """File type, checked before opening, since opening a pipe would block; None if the file does not exist."""
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return None


def _read(path: Path) -> Metadata | None:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as problem:
        return unusable(path, f"cannot be read ({problem.strerror or problem})")
    if len(content) > MAX_BYTES:
        return unusable(path, f"is larger than {MAX_BYTES >> 20} MiB, expected a few kB")
    return READERS[path.suffix](path, content)


def pixel_size_for(metadata: Metadata, shape: tuple[int, int]) -> float | None:
    """Pixel size in Å of an image of `shape` (rows, columns); None if none is stated, or none that holds for it.

    The one stated, multiplied or divided by a whole number up to 8 if the image has that many times fewer or more
    pixels than the one the metadata describe, or than that before cropping, in either orientation. If sizes are stated
    and none explains the image, or none is stated and the pixels are those of a super-resolution movie, which is
    usually binned afterwards, the pixel size of this image is unknown.
    """
    factor = _binning_factor(metadata, shape)
    return None if metadata.pixel_A is None or factor is None else metadata.pixel_A * factor


def pixel_size_problems(metadata: Metadata, shape: tuple[int, int]) -> tuple[Note, ...]:
    """Why the pixel size that is stated is not known to be that of an image of `shape` (rows, columns), as a note."""
    if metadata.pixel_A is None or _binning_factor(metadata, shape) is not None:
        return ()
    return (Note("metadata-pixel", f"{_unexplained(metadata, metadata.pixel_A, shape)}; not used."),)


def _unexplained(metadata: Metadata, pixel_A: float, shape: tuple[int, int]) -> str:
    """What contradicts that the stated pixel size is that of an image of `shape`, without a full stop."""
    rows, columns = shape
    sizes = " or ".join(f"{size[0]} x {size[1]}" for size in _stated_sizes(metadata))
    described = f" for {sizes} pixels, which no binning turns into {columns} x {rows}" if sizes else ""
    movie = (
        f"; Binning {metadata.binning:g} says that this is the pixel size of a super-resolution movie, so it is "
        f"{2 * pixel_A:.4g} Å for an image binned by 2"
        if _is_super_resolution(metadata)
        else ""
    )
    return f"{metadata.path}: states {pixel_A:.4g} Å per pixel{described}{movie}"


def unchecked_pixel_notes(metadata: Metadata) -> tuple[Note, ...]:
    """A note, for a pixel size that is taken from metadata, if these do not state of which image it is."""
    if metadata.pixel_A is None or _stated_sizes(metadata):
        return ()
    text = (
        f"{metadata.path}: states {metadata.pixel_A:.4g} Å per pixel, but no image size to check that with."
    )
    return (Note("metadata-size", text),)


def _is_super_resolution(metadata: Metadata) -> bool:
    return metadata.binning is not None and metadata.binning < 1


def _stated_sizes(metadata: Metadata) -> list[tuple[int, int]]:
    """Sizes (columns, rows) that the stated pixel size holds for; that of the image is the first."""
    return list(dict.fromkeys(size for size in (metadata.size_px, metadata.uncropped_px) if size is not None))


def _binning_factor(metadata: Metadata, shape: tuple[int, int]) -> float | None:
    """How many pixels of the metadata's image one pixel of this image has along a side; None if that is unknown."""
    sizes = _stated_sizes(metadata)
    if not sizes:
        return None if _is_super_resolution(metadata) else 1.0
    factors = (_size_factor(size, shape) for size in sizes)
    return next((factor for factor in factors if factor is not None), None)


def _size_factor(size: tuple[int, int], shape: tuple[int, int]) -> float | None:
    ratios = [stated / own for stated, own in zip(sorted(size), sorted(shape), strict=True)]
    fitting = (
        factor
        for factor in BINNING_FACTORS
        if all(abs(ratio / factor - 1) <= FACTOR_TOLERANCE for ratio in ratios)
    )
    return next(fitting, None)


def metadata_notes(
    metadata: Metadata, optics: Optics, pixel_A: float, shape: tuple[int, int]
) -> tuple[Note, ...]:
    """Notes on metadata that could not be used, that differ from the values used, or that matter to the result.

    Parameters
    ----------
    optics
        The optics used.
    pixel_A
        The pixel size used.
    shape
        The image's (rows, columns).
    """
    return (
        *metadata.notes,
        *_voltage_notes(metadata, optics),
        *_pixel_notes(metadata, pixel_A, shape),
        *_tilt_notes(metadata),
    )


def _voltage_notes(metadata: Metadata, optics: Optics) -> tuple[Note, ...]:
    stated_kV, used_kV = metadata.voltage_kV, optics.voltage_kV
    if stated_kV is None or abs(stated_kV / used_kV - 1) <= VOLTAGE_TOLERANCE:
        return ()
    text = f"{metadata.path}: states {stated_kV:g} kV; the given {used_kV:g} kV are used."
    return (Note("voltage", text),)


def _pixel_notes(metadata: Metadata, used_A: float, shape: tuple[int, int]) -> tuple[Note, ...]:
    if metadata.pixel_A is None:
        return ()
    factor = _binning_factor(metadata, shape)
    own = f"{shape[1]} x {shape[0]}"
    stated_A = metadata.pixel_A * (factor or 1.0)
    if abs(stated_A / used_A - 1) > PIXEL_TOLERANCE:
        sizes = " or ".join(f"{columns} x {rows}" for columns, rows in _stated_sizes(metadata))
        unexplained = f" for {sizes} pixels, and this image has {own}" if sizes and factor is None else ""
        text = (
            f"{metadata.path}: states {stated_A:.4g} Å per pixel{unexplained}; {used_A:.4g} Å are "
            f"used{_likely_cause(metadata, used_A / stated_A)}."
        )
        return (Note("metadata-pixel", text),)
    if factor is None:
        text = f"{_unexplained(metadata, metadata.pixel_A, shape)}; {used_A:.4g} Å are used."
        return (Note("metadata-size", text),)
    if factor != 1.0:
        columns, rows = next(size for size in _stated_sizes(metadata) if _size_factor(size, shape) == factor)
        text = (
            f"{metadata.path}: describes {columns} x {rows} pixels of {metadata.pixel_A:.4g} Å; for this image of "
            f"{own} that gives {stated_A:.4g} Å."
        )
        return (Note("metadata-size", text),)
    return ()


def _likely_cause(metadata: Metadata, ratio: float) -> str:
    """The likely reason why the pixel size used is twice or half the stated one; empty for any other ratio."""
    if abs(ratio / 2 - 1) <= FACTOR_TOLERANCE:
        certainty = "these are" if _is_super_resolution(metadata) else "probably"
        return (
            f"; a factor of two: {certainty} metadata of a super-resolution movie whose image was binned by 2"
        )
    if abs(ratio * 2 - 1) <= FACTOR_TOLERANCE:
        return (
            "; half: either the metadata describe an image binned by 2, such as a preview, or the super-resolution "
            "pixel size was given for an image that has since been binned"
        )
    return ""


def _tilt_notes(metadata: Metadata) -> tuple[Note, ...]:
    if metadata.tilt_deg is None or abs(metadata.tilt_deg) < TILTED_DEG:
        return ()
    text = (
        f"{metadata.path}: the stage was tilted by {metadata.tilt_deg:.1f}°; a single defocus is fitted, that at the "
        "centre of the image."
    )
    return (Note("tilted", text),)
