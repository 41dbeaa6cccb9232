"""One file to one Micrograph, or to those of a stack."""

from pathlib import Path

from thonring.optics import Optics
from thonring.read.formats import load, load_stack
from thonring.read.pixel import settle_pixel
from thonring.records import Micrograph


def micrograph(path: Path, optics: Optics) -> Micrograph:
    """Read one image.

    Pixels are (rows, columns) in the file's own type, for a plain MRC file a read-only view of the file.
    The pixel size given in `optics` wins over the header's; a difference above 2 % is noted.

    Raises
    ------
    UnreadableFile
        If the file is missing, empty, cut short or not what its suffix promises.
    UnsuitableImage
        If it does not hold one real-valued grey image.
    OpticsError
        If neither header nor `optics` state a pixel size.
    """
    raw = load(path)
    pixel_A, notes = settle_pixel(path, raw.header_pixel_A, optics)
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
