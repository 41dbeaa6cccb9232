"""An image as stored in its file, and the checks shared by all image readers."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thonring.errors import UnreadableFile, UnsuitableImage
from thonring.records import Note

MAX_VALUES = 16384**2
"""Pixels times channels of the largest image that is read: a 4096² camera at four-fold super-resolution."""


@dataclass(frozen=True, slots=True)
class RawImage:
    """One image as stored in its file, or several.

    `pixels` (rows, columns), of a stack (images, rows, columns), in the file's own type; `header_pixel_A` as the header
    states it, unchecked (None: it states nothing).
    """

    pixels: npt.NDArray[Any]
    header_pixel_A: float | None = None
    notes: tuple[Note, ...] = ()

    def as_stack(self) -> "RawImage":
        """The single image as a stack: pixels (1, rows, columns)."""
        return replace(self, pixels=self.pixels[None])


def check_one_image(path: Path, images: int) -> None:
    """Reject a stack.

    Raises
    ------
    UnsuitableImage
        If `images` is not 1.
    """
    if images != 1:
        raise UnsuitableImage(
            f"{path}: found a stack of {images} images, expected one image. If it is a movie, align and "
            "average its frames first (motion correction); if it is a stack of micrographs, split it into one "
            "file per micrograph."
        )


def check_size(path: Path, columns: int, rows: int, channels: int = 1) -> None:
    """Reject impossible image sizes before memory is allocated.

    Raises
    ------
    UnreadableFile
        If a side is not positive.
    UnsuitableImage
        If there are more than `MAX_VALUES` values.
    """
    if min(columns, rows, channels) < 1:
        raise UnreadableFile(
            f"{path}: the header states {columns} x {rows} pixels, expected positive sizes. The header is "
            "damaged; write the file again."
        )
    if columns * rows * channels > MAX_VALUES:
        of_channels = f" of {channels} channels" if channels > 1 else ""
        raise UnsuitableImage(
            f"{path}: the header states {columns} x {rows} pixels{of_channels}, expected at most {MAX_VALUES} "
            "values (16384 x 16384). The header is damaged, or this is a montage: use its individual images."
        )


def check_real(path: Path, pixels: npt.NDArray[Any]) -> None:
    """Reject pixels that are not real numbers.

    Raises
    ------
    UnsuitableImage
        If the pixels are complex, of one bit, or not numeric.
    """
    if not (np.issubdtype(pixels.dtype, np.integer) or np.issubdtype(pixels.dtype, np.floating)):
        raise UnsuitableImage(
            f"{path}: pixels of type {pixels.dtype}, expected real numbers (integers or floats). Use "
            "the image itself, not its transform or a mask."
        )
