"""Which metadata belong to an image, by name."""

import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from thonring.optics import Optics
from thonring.read.epu import read_epu
from thonring.read.exposure_metadata import Metadata, Values
from thonring.read.mdoc import read_mdoc
from thonring.records import Note
from thonring.run.names import SUFFIXES, TAGS, without_uid

READERS: dict[str, Callable[[Path, bytes], Metadata | None]] = {".mdoc": read_mdoc, ".xml": read_epu}
"""Suffix → reader."""

MOST_BYTES = 1 << 20
"""EPU's files have some 16 kB, SerialEM's 1 kB an image."""

_ENDINGS = (".mdoc", ".mrc.mdoc", ".tif.mdoc", ".tiff.mdoc", ".eer.mdoc", ".xml")
_OF_MOVIE = re.compile(r"(?<=.)_(fractions|EER|frames|aligned|mic)$", re.IGNORECASE)


def metadata_names(name: str) -> list[str]:
    """What the metadata of an image of this name can be called, the likeliest first.

    Of the image's name its suffix and what motion correction appended to it, as `_fractions`, `_EER`, `_DW` or
    `_patch_aligned`, are left out one after the other, and the number that cryoSPARC puts before it.
    """
    names = {f"{name}.mdoc": None}
    for stem in _stems(name):
        names.update(dict.fromkeys(stem + ending for ending in _ENDINGS))
    return list(names)


def _stems(name: str) -> Iterator[str]:
    """The name without its suffixes, and shorter and shorter ones."""
    stem = name
    while (shorter := SUFFIXES.sub("", stem)) != stem:
        stem = shorter
    yield stem
    while (shorter := _shorter(stem)) != stem:
        yield shorter
        stem = shorter


def _shorter(stem: str) -> str:
    for ending in (TAGS, _OF_MOVIE):
        if ending.search(stem):
            return ending.sub("", stem)
    return without_uid(stem)


def sidecar_metadata(path: Path) -> Metadata | None:
    """The microscope's metadata of an image; None where there are none.

    Nothing is raised: what is wrong with a file is in its `notes`.
    """
    for candidate in (path.with_name(name) for name in metadata_names(path.name)):
        mode = _mode(candidate)
        if mode is None:
            continue
        found = _read(candidate) if stat.S_ISREG(mode) else _unusable(candidate, "is no regular file")
        if found is not None:
            return found
    return None


def _mode(path: Path) -> int | None:
    """What kind of thing is there, before it is opened: a pipe would be waited for. None where there is nothing."""
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return None


def _read(path: Path) -> Metadata | None:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as problem:
        return _unusable(path, f"cannot be read ({problem.strerror or problem})")
    if len(content) > MOST_BYTES:
        return _unusable(path, f"has more than {MOST_BYTES >> 20} MiB, expected some kB")
    return READERS[path.suffix](path, content)


def _unusable(path: Path, what: str) -> Metadata:
    values = Values(path)
    values.refuse(what)
    return Metadata(path, notes=values.notes)


PIXEL_TOLERANCE = 0.02
VOLTAGE_TOLERANCE = 0.01
FACTOR_TOLERANCE = 0.03
FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)
TILTED_DEG = 10.0
"""At 10° the defocus changes by ±350 Å across an image of 4000 Å."""


def pixel_for(metadata: Metadata, shape: tuple[int, int]) -> float | None:
    """Pixel size in Å of an image of `shape` (rows, columns).

    The one stated, times 2 or 4 or divided by them where the image is so much smaller or larger than the one the
    metadata are of, either way up.
    """
    if metadata.pixel_A is None:
        return None
    return metadata.pixel_A * _factor(metadata, shape)


def _factor(metadata: Metadata, shape: tuple[int, int]) -> float:
    if metadata.size_px is None:
        return 1.0
    ratios = [theirs / ours for theirs, ours in zip(sorted(metadata.size_px), sorted(shape), strict=True)]
    fitting = (
        factor for factor in FACTORS if all(abs(ratio / factor - 1) <= FACTOR_TOLERANCE for ratio in ratios)
    )
    return next(fitting, 1.0)


def checked(metadata: Metadata, optics: Optics, pixel_A: float, shape: tuple[int, int]) -> tuple[Note, ...]:
    """What of the metadata could not be used, differs from what is used, or matters to the result.

    Parameters
    ----------
    optics
        Those that are used.
    pixel_A
        The one that is used.
    shape
        The image's (rows, columns).
    """
    return (
        *metadata.notes,
        *_voltage(metadata, optics),
        *_pixel(metadata, pixel_A, shape),
        *_tilt(metadata),
    )


def _voltage(metadata: Metadata, optics: Optics) -> tuple[Note, ...]:
    stated_kV, used_kV = metadata.voltage_kV, optics.voltage_kV
    if stated_kV is None or abs(stated_kV / used_kV - 1) <= VOLTAGE_TOLERANCE:
        return ()
    text = f"{metadata.path}: says {stated_kV:g} kV, {used_kV:g} was given and is used."
    return (Note("voltage", text),)


def _pixel(metadata: Metadata, used_A: float, shape: tuple[int, int]) -> tuple[Note, ...]:
    stated_A, factor = pixel_for(metadata, shape), _factor(metadata, shape)
    if stated_A is None or metadata.pixel_A is None:
        return ()
    if abs(stated_A / used_A - 1) > PIXEL_TOLERANCE:
        text = (
            f"{metadata.path}: says {stated_A:.4g} Å per pixel, {used_A:.4g} is "
            f"used{_likely_cause(metadata, used_A / stated_A)}."
        )
        return (Note("metadata-pixel", text),)
    if factor != 1.0 and metadata.size_px is not None:
        columns, rows = metadata.size_px
        text = (
            f"{metadata.path}: is of {columns} x {rows} pixels of {metadata.pixel_A:.4g} Å; for this image of "
            f"{shape[1]} x {shape[0]} that is {stated_A:.4g} Å."
        )
        return (Note("metadata-size", text),)
    return ()


def _likely_cause(metadata: Metadata, ratio: float) -> str:
    if abs(ratio / 2 - 1) <= FACTOR_TOLERANCE:
        known = metadata.binning is not None and metadata.binning < 1
        of = "it is" if known else "probably it is"
        return f"; twice as much: {of} of a super-resolution movie, and the image was binned by 2"
    if abs(ratio * 2 - 1) <= FACTOR_TOLERANCE:
        return (
            "; half as much: either it is of an image binned by 2, as previews are, or the super-resolution "
            "pixel was given for an image binned since"
        )
    return ""


def _tilt(metadata: Metadata) -> tuple[Note, ...]:
    if metadata.tilt_deg is None or abs(metadata.tilt_deg) < TILTED_DEG:
        return ()
    text = (
        f"{metadata.path}: the stage was tilted by {metadata.tilt_deg:.1f}°; one defocus is fitted, that of the "
        "image's middle."
    )
    return (Note("tilted", text),)
