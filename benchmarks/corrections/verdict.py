"""The verdict on a row: what the pipeline would return with the samplings and limits of a configuration.

The rules are those of `pipeline.attempts_on` and of its choice between attempts; a test checks that both agree.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.corrections.cache import FitSummary, MicrographRow, SearchAttempt
from benchmarks.corrections.configurations import Configuration
from thonring.evaluate import is_right
from thonring.pipeline import SAME_SAMPLING
from thonring.quality import CRITERIA
from thonring.settings import Limit


@dataclass(frozen=True, slots=True)
class JudgedMicrograph:
    """The verdict on one micrograph by one configuration.

    `samplings_A` are those tried. `failed` are the criteria that the chosen attempt failed ("fit": it has none). `fit`
    is its fit, None also if it was rejected by its spectrum alone. `correct` is whether the fit is within the
    tolerance, None without a fit.
    """

    row: MicrographRow
    accepted: bool
    correct: bool | None
    samplings_A: tuple[float, ...]
    failed: tuple[str, ...]
    values: dict[str, float]
    fit: FitSummary | None

    @property
    def positive(self) -> bool:
        """Usable, and not wrongly estimated; a usable micrograph without an estimate is positive too."""
        return self.row.micrograph.scene.usable and self.correct is not False

    @property
    def defect(self) -> str:
        """Defect of the scene; of a usable one, that its estimate is wrong."""
        scene = self.row.micrograph.scene
        return scene.defect if not scene.usable else "wrong estimate"


def judge(row: MicrographRow, configuration: Configuration, limits: Sequence[Limit]) -> JudgedMicrograph:
    """Apply the samplings and limits of a configuration to a row.

    Raises
    ------
    KeyError
        If a limit needs a criterion that was not measured.
    """
    attempts: list[tuple[SearchAttempt, tuple[str, ...], bool]] = []
    for requested_A in configuration.samplings_A:
        attempt = row.attempt_at(configuration.search, requested_A)
        if any(abs(attempt.sampling_A / other.sampling_A - 1) < SAME_SAMPLING for other, _, _ in attempts):
            continue
        failed_early = _failed(attempt, limits, "spectrum")
        failed = failed_early or _failed(attempt, limits, "fit")
        attempts.append((attempt, failed, bool(failed_early)))
        if failed_early or not failed:
            break
    chosen = max(range(len(attempts)), key=lambda index: (*_rank(*attempts[index]), -index))
    attempt, failed, has_failed_early = attempts[chosen]
    fit, scene = None if has_failed_early else attempt.fit, row.micrograph.scene
    return JudgedMicrograph(
        row=row,
        accepted=not failed,
        correct=None if fit is None else is_right(fit, scene, scene.optics.wavelength_A),
        samplings_A=tuple(one.sampling_A for one, _, _ in attempts),
        failed=failed,
        values=dict(attempt.values),
        fit=fit,
    )


def ends_search(attempt: SearchAttempt, limits: Sequence[Limit]) -> bool:
    """Whether no further sampling is tried: the attempt was rejected by its spectrum alone, or accepted."""
    return bool(_failed(attempt, limits, "spectrum")) or not _failed(attempt, limits, "fit")


def passes(limit: Limit, value: float) -> bool:
    """Whether a value is within its limit; a missing one passes if its criterion says so."""
    if math.isnan(value):
        return CRITERIA[limit.criterion].pass_if_missing
    return limit.at_least <= value <= limit.at_most


def _failed(attempt: SearchAttempt, limits: Sequence[Limit], stage: str) -> tuple[str, ...]:
    if stage == "fit" and attempt.fit is None:
        return ("fit",)
    return tuple(
        limit.criterion
        for limit in limits
        if CRITERIA[limit.criterion].stage == stage and not passes(limit, _value(attempt, limit.criterion))
    )


def _value(attempt: SearchAttempt, criterion: str) -> float:
    if criterion not in attempt.values:
        raise KeyError(f"{criterion} was not measured with search {attempt.search!r}: measure again.")
    return attempt.values[criterion]


def _rank(attempt: SearchAttempt, failed: tuple[str, ...], failed_early: bool) -> tuple[bool, bool, float]:
    has_fit = attempt.fit is not None and not failed_early
    gain = attempt.fit.log_likelihood_gain if attempt.fit is not None and has_fit else 0.0
    return not failed, has_fit, gain
