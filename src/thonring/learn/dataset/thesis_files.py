"""Reading thesis-format files, a table and two arrays, on which the networks of 2019 were trained.

`metadata.txt` has a header and one line per example, `%9.7d%11d%8d%9d %s` (ID, defocus in Å, kV, subset, file). Subset
is the sampling, 1 to 3, of the spectrum that the file holds. `preparedImageStack.npy`, (n, 512, 512, 3) float64, has
the enhanced spectra, `preparedDefocusStack.npy` the defocus values in Å.
"""

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thonring.errors import InputError, UnreadableFile, UnreadableTable
from thonring.learn.dataset.example import Columns
from thonring.learn.inputs import SAMPLINGS_A, SIZE, SpectrumPyramid
from thonring.records import Image

METADATA = "metadata.txt"
IMAGES = "preparedImageStack.npy"
DEFOCI = "preparedDefocusStack.npy"
HEAD = "       ID    DEFOCUS      KV   SUBSET FILE"
COLUMNS = 5


class ThesisFiles:
    """A folder with the three files of the thesis, as a part of a data set of enhanced images.

    The folder part of FILE is the session. Values that the files do not hold are NaN.

    Raises
    ------
    UnreadableFile, UnreadableTable
        If one is missing, damaged or not finite, or they disagree.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder
        self.samplings_A: tuple[float, ...] = SAMPLINGS_A
        self.recipe = ""
        rows = _rows(folder / METADATA)
        defocus_A = _array(folder / DEFOCI).reshape(-1)
        self._images: npt.NDArray[np.floating] | None = _images(folder)
        count = len(rows)
        if not len(self._images) == len(defocus_A) == count:
            raise UnreadableTable(
                f"{folder}: {METADATA} has {count} elements, {IMAGES} {len(self._images)}, {DEFOCI} {len(defocus_A)}; "
                "the numbers must be equal. Write all three again."
            )
        _check_defocus(folder, rows, defocus_A)
        unknown = np.full(count, math.nan)
        files = tuple(file for _, _, file in rows)
        self.columns = Columns(
            defocus_A=defocus_A.astype(np.float64),
            voltage_kV=np.array([kV for _, kV, _ in rows], np.float64),
            cs_mm=unknown,
            amplitude_contrast=unknown,
            finest_A=unknown,
            values_per_pixel=np.full((count, len(SAMPLINGS_A)), math.nan),
            session=tuple(str(Path(file).parent) for file in files),
            file=files,
            source=(str(folder),) * count,
        )

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_images": None}

    def pyramid(self, index: int) -> SpectrumPyramid:
        """Always an error: enhanced images cannot be turned back into power.

        Raises
        ------
        InputError
            Whatever the example.
        """
        raise InputError(
            f"{self.path}: element {index} is an enhanced image, but its power spectrum is needed. Train a network "
            "that reads enhanced images, or build a data set from the run."
        )

    def enhanced(self, index: int) -> Image:
        """The images of an example, (samplings, 512, 512).

        Raises
        ------
        InputError
            If a value is not finite.
        """
        if self._images is None:
            self._images = _images(self.path)
        image: Image = np.moveaxis(self._images[index], -1, 0).astype(np.float32)
        if not np.isfinite(image).all():
            raise InputError(
                f"{self.path / IMAGES}: element {index} holds NaN or infinite values. Leave it out."
            )
        return image


def _images(folder: Path) -> npt.NDArray[np.floating]:
    images = _array(folder / IMAGES)
    expected = (SIZE, SIZE, len(SAMPLINGS_A))
    if images.shape[1:] != expected:
        raise UnreadableTable(
            f"{folder / IMAGES}: shape {images.shape}, expected (elements, {SIZE}, {SIZE}, 3)."
        )
    return images


def _array(path: Path) -> npt.NDArray[np.floating]:
    """A memory-mapped array of real numbers; nothing pickled is loaded."""
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as problem:
        raise UnreadableFile(f"{path}: cannot be read ({problem}), expected a numpy array.") from problem
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "fiu":
        raise UnreadableTable(f"{path}: does not contain real numbers, expected an array of them.")
    return found


def _rows(path: Path) -> list[tuple[int, int, str]]:
    """Defocus in Å, kV and file of each line below the header."""
    try:
        lines = path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError as problem:
        raise UnreadableFile(f"{path}: cannot be read ({problem.strerror}), expected a table.") from problem
    return [_row(path, number, line) for number, line in enumerate(lines[1:], start=2) if line.strip()]


def _row(path: Path, number: int, line: str) -> tuple[int, int, str]:
    words = line.split(None, COLUMNS - 1)
    try:
        _, defocus_A, voltage_kV, _ = map(int, words[:-1])
    except ValueError:
        raise UnreadableTable(
            f"{path}, line {number}: found {line.strip()!r}, expected ID, DEFOCUS, KV, SUBSET as integers and FILE."
        ) from None
    return defocus_A, voltage_kV, words[-1]


def _check_defocus(
    folder: Path, rows: list[tuple[int, int, str]], defocus_A: npt.NDArray[np.floating]
) -> None:
    listed = np.array([defocus_A for defocus_A, _, _ in rows], np.float64)
    differing = np.flatnonzero(~(np.abs(listed - defocus_A) <= 1))
    if differing.size:
        index = int(differing[0])
        raise UnreadableTable(
            f"{folder}: element {index} has {listed[index]:.0f} Å in {METADATA} but {defocus_A[index]:g} in {DEFOCI}; "
            "they must be equal. Write all three again."
        )
