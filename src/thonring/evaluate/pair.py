"""One micrograph in one run: what was said beside what is true."""

import math
from dataclasses import dataclass
from typing import Literal

from thonring.evaluate.correct import (
    astigmatism_error_A,
    is_right,
    largest_error_A,
    mean_error_A,
    phase_shift_error_deg,
    tolerance_A,
)
from thonring.evaluate.matched import Matched, Subject
from thonring.evaluate.run import Result
from thonring.records import KnownDefocus
from thonring.simulate import TruthRow

Kind = Literal["TP", "FP", "FN", "TN"]
LOCK_SHARE, LOCK_A = 0.1, 1000.0


@dataclass(frozen=True, slots=True)
class Pair:
    """A subject with its result; `right` is None where no truth of the CTF is known, or there is no estimate.

    Errors are estimated minus true, NaN where there is no estimate or no truth.
    """

    subject: Subject
    result: Result
    right: bool | None
    tolerance_A: float

    @property
    def accepted(self) -> bool:
        """Whether the run keeps it; an input that failed is not kept."""
        return self.result.status == "accepted"

    @property
    def positive(self) -> bool:
        """Whether it should be kept: usable, and no wrong estimate. Usable and no estimate is a lost image."""
        return self.subject.usable and self.right is not False

    @property
    def kind(self) -> Kind:
        """Its place in the confusion matrix."""
        if self.accepted:
            return "TP" if self.positive else "FP"
        return "FN" if self.positive else "TN"

    @property
    def judged_well(self) -> bool:
        """Whether the verdict is what it should be."""
        return self.accepted == self.positive

    @property
    def mean_error_A(self) -> float:
        """Error of the mean defocus."""
        both = self._both
        return mean_error_A(*both) if both else math.nan

    @property
    def astigmatism_error_A(self) -> tuple[float, float]:
        """Error of the astigmatism vector."""
        both = self._both
        return astigmatism_error_A(*both) if both else (math.nan, math.nan)

    @property
    def largest_error_A(self) -> float:
        """Largest error of the defocus over all directions."""
        both = self._both
        return largest_error_A(*both) if both else math.nan

    @property
    def phase_shift_error_deg(self) -> float:
        """Error of the phase shift."""
        both = self._both
        return phase_shift_error_deg(*both) if both else math.nan

    @property
    def angle_error_deg(self) -> float:
        """Error of the axis of astigmatism, in (-90, 90]."""
        both = self._both
        return 90.0 - (90.0 - (both[0].angle_deg - both[1].angle_deg)) % 180.0 if both else math.nan

    @property
    def is_locked(self) -> bool:
        """Whether the mean defocus is off by more than 10 % or 1000 Å: locked to wrong rings."""
        return abs(self.mean_error_A) > min(LOCK_SHARE * self.subject.defocus_A, LOCK_A)

    @property
    def _both(self) -> tuple[KnownDefocus, TruthRow] | None:
        estimate, truth = self.result.estimate, self.subject.truth
        return None if estimate is None or truth is None else (estimate, truth)


def pairs_of(matched: Matched, resolution_A: float) -> tuple[tuple[Pair, ...], ...]:
    """Pairs by run; an estimate is right if its phase stays within 90° up to the resolution."""
    return tuple(
        tuple(_pair(*both, resolution_A) for both in zip(matched.subjects, results, strict=True))
        for results in matched.results
    )


def _pair(subject: Subject, result: Result, resolution_A: float) -> Pair:
    if subject.truth is None:
        return Pair(subject, result, None, math.nan)
    tolerated_A = tolerance_A(subject.wavelength_A, resolution_A)
    if result.estimate is None:
        return Pair(subject, result, None, tolerated_A)
    right = is_right(result.estimate, subject.truth, subject.wavelength_A, resolution_A)
    return Pair(subject, result, right, tolerated_A)
