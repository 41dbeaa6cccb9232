"""A micrograph as the tables of a run list it."""

import math
from dataclasses import dataclass

from thonring.optics import Optics
from thonring.records import CtfFit, Outcome, Verdict
from thonring.results.run_store.decided import Decision
from thonring.results.run_store.named import Named


@dataclass(frozen=True, slots=True)
class Fitted:
    """The fit that was kept with what belongs to it."""

    optics: Optics
    fit: CtfFit
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Listed:
    """An outcome with the name of its artefacts; `fitted` is set where it has a CTF that exchange formats can list."""

    outcome: Outcome
    name: str
    fitted: Fitted | None
    decision: Decision | None


def listed(one: Named) -> Listed:
    """See whether a micrograph is accepted or rejected and its kept attempt has a fit with finite defoci."""
    outcome, attempt = one.outcome, one.outcome.attempt
    fitted = None
    if (
        outcome.status != "failed"
        and outcome.optics is not None
        and 0 < outcome.pixel_A < math.inf
        and attempt is not None
        and attempt.fit is not None
        and _is_finite(attempt.fit)
    ):
        fitted = Fitted(outcome.optics, attempt.fit, attempt.verdict)
    return Listed(outcome, one.name, fitted, one.decision)


def _is_finite(fit: CtfFit) -> bool:
    return all(map(math.isfinite, (fit.defocus_u_A, fit.defocus_v_A, fit.angle_deg)))
