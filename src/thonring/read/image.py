"""Reading an image file as a `Micrograph`, or a stack as several, with the pixel size that applies."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TypeGuard

from thonring.errors import OpticsError
from thonring.optics import Optics
from thonring.read import sidecar
from thonring.read.image_formats import load
from thonring.records import Micrograph, Note

PIXEL_KINDS = {"pixel-size", "metadata", "metadata-pixel"}
"""Kinds of notes on why a pixel size could not be used."""


def micrograph(path: Path, optics: Optics, *, metadata: bool = False) -> Micrograph:
    """Read one image.

    Pixels are (rows, columns) in the file's own type. The pixel size given in `optics` overrides the header's; a
    difference above 2 % is noted. With `metadata`, the microscope's file next to the image supplies the pixel size if
    neither does, and is compared with what is used.

    Raises
    ------
    UnreadableFile
        If the file is missing, empty, truncated or not what its suffix promises.
    UnsuitableImage
        If it does not hold one real-valued grey image.
    OpticsError
        If neither `optics` nor header nor metadata state a pixel size that holds for the image; the message quotes
        those that were refused.
    """
    raw = load(path)
    stated = sidecar.sidecar_metadata(path) if metadata else None
    if stated is None:
        pixel_A, notes = resolve_pixel_size(path, raw.header_pixel_A, optics, refused=raw.notes)
    else:
        rows, columns = raw.pixels.shape
        pixel_A, notes = resolve_pixel_size(
            path,
            raw.header_pixel_A,
            optics,
            sidecar.pixel_size_for(stated, (rows, columns)),
            refused=(*raw.notes, *stated.notes, *sidecar.pixel_size_problems(stated, (rows, columns))),
        )
        if optics.pixel_A is None and not _is_meaningful(raw.header_pixel_A):
            notes += sidecar.unchecked_pixel_notes(stated)
        notes += sidecar.metadata_notes(stated, optics, pixel_A, (rows, columns))
    return Micrograph(path, raw.pixels, pixel_A, optics, (*raw.notes, *notes))


def micrographs(path: Path, optics: Optics) -> list[Micrograph]:
    """Read all images of a file, as `micrograph` reads one; the first one has the notes.

    Raises
    ------
    UnreadableFile, UnsuitableImage, OpticsError
        As `micrograph`, except for the number of images.
    """
    raw = load(path, stack=True)
    pixel_A, notes = resolve_pixel_size(path, raw.header_pixel_A, optics, refused=raw.notes)
    notes = (*raw.notes, *notes)
    return [
        Micrograph(path, pixels, pixel_A, optics, () if number else notes)
        for number, pixels in enumerate(raw.pixels)
    ]


def image_count(path: Path) -> int:
    """Number of images in a file.

    Raises
    ------
    UnreadableFile, UnsuitableImage
        As `micrographs`.
    """
    return len(load(path, stack=True).pixels)


def resolve_pixel_size(
    path: Path,
    header_A: float | None,
    optics: Optics,
    metadata_A: float | None = None,
    *,
    refused: Sequence[Note] = (),
) -> tuple[float, tuple[Note, ...]]:
    """Pixel size in Å, and a note if the header's differs from the given one by more than 2 %.

    The given size comes first, then the header's, which is the image's own, then that of the metadata. Header values
    that programs write for "unknown" (0 and 1, negative, NaN) count as absent.

    Raises
    ------
    OpticsError
        If there is none.
    """
    stated_A = header_A if _is_meaningful(header_A) else None
    if optics.pixel_A is not None:
        return optics.pixel_A, _difference_notes(path, stated_A, optics.pixel_A)
    if stated_A is not None:
        return stated_A, ()
    if metadata_A is not None:
        return metadata_A, ()
    found = (
        "no usable pixel size"
        if header_A is None
        else f"a pixel size of {header_A:g} Å, which means unknown,"
    )
    why = "".join(f" {note.text}" for note in refused if note.kind in PIXEL_KINDS)
    raise OpticsError(
        f"{path}: found {found} in the header.{why} Give it in Å with --pixel (even if it really is 1)."
    )


def _is_meaningful(header_A: float | None) -> TypeGuard[float]:
    return (
        header_A is not None
        and math.isfinite(header_A)
        and 1e-6 < header_A < 1000
        and abs(header_A - 1) > 1e-6
    )


def _difference_notes(path: Path, stated_A: float | None, given_A: float) -> tuple[Note, ...]:
    if stated_A is None or abs(stated_A / given_A - 1) <= sidecar.PIXEL_TOLERANCE:
        return ()
    text = (
        f"{path}: the header states {stated_A:.4g} Å per pixel; the given {given_A:.4g} Å are "
        f"used{_likely_cause(given_A / stated_A)}."
    )
    return (Note("pixel-size", text),)


def _likely_cause(ratio: float) -> str:
    """The likely reason why the given pixel size is twice or half the header's; empty for any other ratio."""
    if abs(ratio / 2 - 1) <= sidecar.FACTOR_TOLERANCE:
        return (
            "; twice the header's: either the image is super-resolution and the physical pixel size was given, "
            "or it was binned by 2 without updating the header"
        )
    if abs(ratio * 2 - 1) <= sidecar.FACTOR_TOLERANCE:
        return (
            "; half the header's: probably the super-resolution pixel size was given for an image that has since "
            "been binned"
        )
    return ""
