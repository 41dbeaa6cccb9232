"""The files that the networks of 2019 were trained with: a table and two arrays, read.

`metadata.txt` has a line an element, `%9.7d%11d%8d%9d %s` (identity, defocus in Å, kV, subset, file), under a head.
Subset is the sampling, 1 to 3, of the spectrum whose file is named. `preparedImageStack.npy` is (elements, 512, 512, 3)
float64, the enhanced spectra; `preparedDefocusStack.npy` the defoci in Å.
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
    """A folder with the thesis' three files, as a part of a data set of enhanced images.

    The folder of a file counts as its session. What the files do not tell is NaN.

    Raises
    ------
    UnreadableFile, UnreadableTable
        If one is missing, damaged, not finite, or they do not go together.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder
        self.samplings_A: tuple[float, ...] = SAMPLINGS_A
        self.recipe = ""
        rows = _rows(folder / METADATA)
        defoci = _array(folder / DEFOCI).reshape(-1)
        self._images: npt.NDArray[np.floating] | None = _images(folder)
        count = len(rows)
        if not len(self._images) == len(defoci) == count:
            raise UnreadableTable(
                f"{folder}: {METADATA} has {count} elements, {IMAGES} {len(self._images)}, {DEFOCI} {len(defoci)}; "
                "expected as many in each. Write the three again."
            )
        _check_defoci(folder, rows, defoci)
        unknown = np.full(count, math.nan)
        files = tuple(file for _, _, file in rows)
        self.columns = Columns(
            defocus_A=defoci.astype(np.float64),
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

    def views(self, index: int) -> SpectrumPyramid:
        """There are none."""
        raise InputError(
            f"{self.path}: element {index} is an enhanced image, expected its power spectrum. Train a network that "
            "reads enhanced images with it, or build a data set from the run."
        )

    def enhanced(self, index: int) -> Image:
        """The images of an element, (samplings, 512, 512).

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
    """A real array, mapped; nothing pickled is loaded."""
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as problem:
        raise UnreadableFile(f"{path}: cannot be read ({problem}), expected an array of numpy.") from problem
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "fiu":
        raise UnreadableTable(f"{path}: holds no real numbers, expected an array of them.")
    return found


def _rows(path: Path) -> list[tuple[int, int, str]]:
    """Defocus in Å, kV and file of each line below the head."""
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


def _check_defoci(folder: Path, rows: list[tuple[int, int, str]], defoci: npt.NDArray[np.floating]) -> None:
    listed = np.array([defocus_A for defocus_A, _, _ in rows], np.float64)
    differing = np.flatnonzero(~(np.abs(listed - defoci) <= 1))
    if differing.size:
        index = int(differing[0])
        raise UnreadableTable(
            f"{folder}: element {index} has {listed[index]:.0f} Å in {METADATA} and {defoci[index]:g} in {DEFOCI}; "
            "expected the same. Write the three again."
        )
