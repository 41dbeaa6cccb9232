"""The micrographs of a run that have a CTF: what the exchange formats list."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from thonring.optics import Optics
from thonring.records import CtfFit, Outcome, Verdict
from thonring.results.names import spectrum_path


@dataclass(frozen=True, slots=True)
class Fitted:
    """A micrograph with the fit that was kept, and the picture of its spectrum."""

    outcome: Outcome
    optics: Optics
    fit: CtfFit
    verdict: Verdict
    spectrum: str


def fitted_only(run: Path, outcomes: Sequence[Outcome], names: Mapping[Path, str]) -> list[Fitted]:
    """Those accepted or rejected whose kept attempt has a fit with finite defoci, in their order."""
    return [
        Fitted(
            outcome,
            outcome.optics,
            outcome.attempt.fit,
            outcome.attempt.verdict,
            f"{spectrum_path(run, names[outcome.path]).as_posix()}:mrc",
        )
        for outcome in outcomes
        if outcome.status != "failed"
        and outcome.optics is not None
        and outcome.attempt is not None
        and outcome.attempt.fit is not None
        and _is_finite(outcome.attempt.fit)
    ]


def _is_finite(fit: CtfFit) -> bool:
    return all(map(math.isfinite, (fit.defocus_u_A, fit.defocus_v_A, fit.angle_deg)))
