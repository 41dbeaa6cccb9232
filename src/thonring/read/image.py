"""One file to one Micrograph, or to those of a stack."""

import math
from pathlib import Path

from thonring.errors import OpticsError
from thonring.optics import Optics
from thonring.read.image_formats import load, load_stack
from thonring.read.sidecar import checked, pixel_for, sidecar_metadata
from thonring.records import Micrograph, Note

TOLERANCE = 0.02
FACTOR_TWO_TOLERANCE = 0.03


def settle_pixel(
    path: Path, header_A: float | None, optics: Optics, metadata_A: float | None = None
) -> tuple[float, tuple[Note, ...]]:
    """Pixel size in Å, and a note where the header's differs from the given one by more than 2 %.

    The given size wins, then the header's, which is the image's own. Header values that programs write for
    "unknown" (0 and 1, negative, NaN) count as absent.

    Raises
    ------
    OpticsError
        If none is there.
    """
    stated_A = header_A if header_A is not None and _means_something(header_A) else None
    if optics.pixel_A is not None:
        return optics.pixel_A, _difference(path, stated_A, optics.pixel_A)
    if stated_A is None and metadata_A is not None:
        return metadata_A, ()
    if stated_A is None:
        found = (
            "no pixel size" if header_A is None else f"a pixel size of {header_A:g} Å, which means unknown,"
        )
        raise OpticsError(
            f"{path}: found {found} in the header. Give it in Å: --pixel (also if it truly is 1)."
        )
    return stated_A, ()


def _means_something(header_A: float) -> bool:
    return math.isfinite(header_A) and 1e-6 < header_A < 1000 and abs(header_A - 1) > 1e-6


def _difference(path: Path, stated_A: float | None, given_A: float) -> tuple[Note, ...]:
    if stated_A is None or abs(stated_A / given_A - 1) <= TOLERANCE:
        return ()
    text = (
        f"{path}: the header says {stated_A:.4g} Å per pixel, {given_A:.4g} was given and is "
        f"used{_likely_cause(given_A / stated_A)}."
    )
    return (Note("pixel-size", text),)


def _likely_cause(ratio: float) -> str:
    if abs(ratio / 2 - 1) <= FACTOR_TWO_TOLERANCE:
        return (
            "; twice the header's: either the image is super-resolution and the physical pixel was given, "
            "or it was binned by 2 and the header not updated"
        )
    if abs(ratio * 2 - 1) <= FACTOR_TWO_TOLERANCE:
        return "; half the header's: probably the super-resolution pixel was given for an image binned since"
    return ""


def micrograph(path: Path, optics: Optics, *, metadata: bool = False) -> Micrograph:
    """Read one image.

    Pixels are (rows, columns) in the file's own type, for a plain MRC file a read-only view of the file.
    The pixel size given in `optics` wins over the header's; a difference above 2 % is noted. With `metadata` those
    of the microscope beside the file state a pixel size where these do not, and are held against what is used.

    Raises
    ------
    UnreadableFile
        If the file is missing, empty, cut short or not what its suffix promises.
    UnsuitableImage
        If it does not hold one real-valued grey image.
    OpticsError
        If neither `optics` nor header nor metadata state a pixel size.
    """
    raw = load(path)
    stated = sidecar_metadata(path) if metadata else None
    if stated is None:
        pixel_A, notes = settle_pixel(path, raw.header_pixel_A, optics)
    else:
        rows, columns = raw.pixels.shape
        stated_A = pixel_for(stated, (rows, columns))
        pixel_A, notes = settle_pixel(path, raw.header_pixel_A, optics, stated_A)
        notes += checked(stated, optics, pixel_A, (rows, columns))
    return Micrograph(path, raw.pixels, pixel_A, optics, (*raw.notes, *notes))


def micrographs(path: Path, optics: Optics) -> list[Micrograph]:
    """Read all images of a file, as `micrograph` reads one; notes are with the first.

    Raises
    ------
    UnreadableFile, UnsuitableImage, OpticsError
        As `micrograph`, but for the number of images.
    """
    raw = load_stack(path)
    pixel_A, notes = settle_pixel(path, raw.header_pixel_A, optics)
    notes = (*raw.notes, *notes)
    return [
        Micrograph(path, pixels, pixel_A, optics, () if number else notes)
        for number, pixels in enumerate(raw.pixels)
    ]


def image_count(path: Path) -> int:
    """How many images a file holds.

    Raises
    ------
    UnreadableFile, UnsuitableImage
        As `micrographs`.
    """
    return len(load_stack(path).pixels)
