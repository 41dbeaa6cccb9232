"""One file to one Micrograph, or to those of a stack."""

from pathlib import Path

from thonring.optics import Optics
from thonring.read.formats import load, load_stack
from thonring.read.metadata import checked, metadata_beside, pixel_for
from thonring.read.pixel import settle_pixel
from thonring.records import Micrograph


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
    stated = metadata_beside(path) if metadata else None
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
