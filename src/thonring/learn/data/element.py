"""What a data set is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thonring.learn.seen.views import Views
from thonring.optics import Optics
from thonring.records import Floats

NUMBERS = ("defocus_A", "voltage_kV", "cs_mm", "amplitude_contrast", "finest_A")
VALUES = "values_per_pixel"
TEXTS = ("session", "file", "source")
SIMULATED = "simulated"


@dataclass(frozen=True, slots=True)
class Element:
    """The views of a micrograph and what a network shall learn from them.

    `defocus_A` is the mean of U and V. `file` names the micrograph, once in a data set; `session` is what is never
    divided between training and testing; `source` is the run that estimated the defocus, or "simulated".
    """

    views: Views
    defocus_A: float
    optics: Optics
    session: str
    file: str
    source: str

    @property
    def numbers(self) -> dict[str, float]:
        """The values of the columns `NUMBERS`."""
        optics = self.optics
        found = (self.defocus_A, optics.voltage_kV, optics.cs_mm, optics.amplitude_contrast)
        return dict(zip(NUMBERS, (*found, self.views.finest_A), strict=True))


@dataclass(frozen=True, slots=True)
class Columns:
    """All of a data set but its spectra, one value an element (n,), `values_per_pixel` (n, samplings).

    What is not known is NaN.
    """

    defocus_A: Floats
    voltage_kV: Floats
    cs_mm: Floats
    amplitude_contrast: Floats
    finest_A: Floats
    values_per_pixel: Floats
    session: tuple[str, ...]
    file: tuple[str, ...]
    source: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.file)

    def optics(self, index: int) -> Optics:
        """The optics of an element.

        Raises
        ------
        OpticsError
            If they are not known.
        """
        return Optics(
            float(self.voltage_kV[index]), float(self.cs_mm[index]), float(self.amplitude_contrast[index])
        )


def joined(parts: Sequence[Columns]) -> Columns:
    """The columns of several data sets, one after the other."""
    numbers = {name: np.concatenate([getattr(part, name) for part in parts]) for name in (*NUMBERS, VALUES)}
    texts = {name: tuple(text for part in parts for text in getattr(part, name)) for name in TEXTS}
    return columns_of(numbers, texts)


def columns_of(numbers: Mapping[str, Floats], texts: Mapping[str, tuple[str, ...]]) -> Columns:
    """Columns from their names."""
    cells: dict[str, Any] = {**numbers, **texts}
    return Columns(**cells)
