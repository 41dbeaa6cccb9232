"""The micrographs of a run that have a CTF: what the exchange formats list."""

import math
from dataclasses import dataclass
from pathlib import Path

from thonring.optics import Optics
from thonring.records import CtfFit, Outcome, Verdict
from thonring.results.named import Named
from thonring.results.names import spectrum_path


@dataclass(frozen=True, slots=True)
class Fitted:
    """A micrograph with the fit that was kept, and the picture of its spectrum."""

    outcome: Outcome
    optics: Optics
    fit: CtfFit
    verdict: Verdict
    spectrum: str


def fitted(run: Path, one: Named) -> Fitted | None:
    """Give an accepted or rejected micrograph whose kept attempt has a fit with finite defoci, else None."""
    outcome, attempt = one.outcome, one.outcome.attempt
    if outcome.status == "failed" or outcome.optics is None or attempt is None:
        return None
    if attempt.fit is None or not _is_finite(attempt.fit):
        return None
    spectrum = f"{spectrum_path(run, one.name).as_posix()}:mrc"
    return Fitted(outcome, outcome.optics, attempt.fit, attempt.verdict, spectrum)


def _is_finite(fit: CtfFit) -> bool:
    return all(map(math.isfinite, (fit.defocus_u_A, fit.defocus_v_A, fit.angle_deg)))
