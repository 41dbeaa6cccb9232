"""How wrong a network is on a test set, as a whole and by voltage and defocus."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from thonring.learn.card import ErrorRow
from thonring.records import Floats

DEFOCUS_EDGES_A = (0, 3000, 5000, 10_000, 15_000, 20_000, 30_000, 40_000, 60_000, 200_000)
FAR_A = 1000.0
NORMAL_95 = 1.959964


@dataclass(frozen=True, slots=True)
class Answers:
    """Truth and answers of a test set, (n,) each; `sigma_A` is None for networks that give none."""

    voltage_kV: Floats
    truth_A: Floats
    said_A: Floats
    sigma_A: Floats | None = None

    @property
    def error_A(self) -> Floats:
        """Absolute errors."""
        return np.asarray(np.abs(self.said_A - self.truth_A))

    @property
    def rms_A(self) -> float:
        """Root of the mean squared error."""
        return float(np.sqrt(np.mean(self.error_A**2)))


def whole(answers: Answers) -> ErrorRow:
    """Errors of all, between the least and the greatest true defocus."""
    every = np.ones(len(answers.truth_A), dtype=bool)
    return _row(answers, every, float(answers.truth_A.min()), float(answers.truth_A.max()))


def by_voltage(answers: Answers) -> dict[str, ErrorRow]:
    """A row for each whole kV, by its number; none of voltages that are not known."""
    rounded = np.round(answers.voltage_kV)
    found = np.unique(rounded[np.isfinite(rounded)])
    return {f"{kV:.0f}": _row(answers, rounded == kV, float(kV), float(kV)) for kV in found}


def by_defocus(answers: Answers) -> dict[str, ErrorRow]:
    """A row for each range of true defocus that has any, as "3000-5000"."""
    edges = pairwise(DEFOCUS_EDGES_A)
    inside = {(low, high): (answers.truth_A >= low) & (answers.truth_A < high) for low, high in edges}
    return {
        f"{low}-{high}": _row(answers, some, low, high) for (low, high), some in inside.items() if some.any()
    }


def _row(answers: Answers, some: npt.NDArray[np.bool_], low: float, high: float) -> ErrorRow:
    error_A = answers.error_A[some]
    held = None
    if answers.sigma_A is not None:
        held = _rounded(np.mean(error_A <= NORMAL_95 * answers.sigma_A[some]))
    return ErrorRow(
        low=round(low, 1),
        high=round(high, 1),
        count=len(error_A),
        mean_A=_rounded(error_A.mean()),
        median_A=_rounded(np.median(error_A)),
        beyond_1000A=_rounded(np.mean(error_A > FAR_A)),
        held_95=held,
    )


def _rounded(value: np.floating) -> float:
    return float(f"{value:.4g}")
