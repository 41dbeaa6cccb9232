"""From a row to a verdict: what the pipeline would have said under a configuration's samplings and limits.

The rules are those of `pipeline.attempts_on` and of its choice between attempts; a test holds both together.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from corrections_configurations import Configuration
from corrections_record import Found, Row, Tried
from thonring.evaluate import is_right
from thonring.pipeline import SAME_SAMPLING
from thonring.quality import CRITERIA
from thonring.settings import Limit


@dataclass(frozen=True, slots=True)
class Judged:
    """One micrograph under one configuration.

    `samplings_A` are those tried; `failed` the criteria that the kept attempt failed ("fit": there is none);
    `found` its fit, None also where the spectrum alone was refused; `right` whether that is within the tolerance,
    None without one.
    """

    row: Row
    accepted: bool
    right: bool | None
    samplings_A: tuple[float, ...]
    failed: tuple[str, ...]
    values: dict[str, float]
    found: Found | None

    @property
    def positive(self) -> bool:
        """Usable, and no wrong estimate. Usable and no estimate is a lost image."""
        return self.row.made.scene.usable and self.right is not False

    @property
    def defect(self) -> str:
        """What is wrong: the scene's defect, or the estimate of a usable one."""
        scene = self.row.made.scene
        return scene.defect if not scene.usable else "wrong estimate"


def judged(row: Row, configuration: Configuration, limits: Sequence[Limit]) -> Judged:
    """Judge one micrograph.

    Raises
    ------
    KeyError
        If the limits need a criterion that was not measured.
    """
    tried: list[tuple[Tried, tuple[str, ...], bool]] = []
    for wanted_A in configuration.samplings_A:
        attempt = row.at(configuration.search, wanted_A)
        if any(abs(attempt.sampling_A / other.sampling_A - 1) < SAME_SAMPLING for other, _, _ in tried):
            continue
        refused = _failed(attempt, limits, "spectrum")
        tried.append((attempt, refused or _failed(attempt, limits, "fit"), bool(refused)))
        if refused or not tried[-1][1]:
            break
    chosen = max(range(len(tried)), key=lambda index: (*_rank(*tried[index]), -index))
    attempt, failed, refused_early = tried[chosen]
    found, scene = None if refused_early else attempt.found, row.made.scene
    return Judged(
        row=row,
        accepted=not failed,
        right=None if found is None else is_right(found, scene, scene.optics.wavelength_A),
        samplings_A=tuple(one.sampling_A for one, _, _ in tried),
        failed=failed,
        values=dict(attempt.values),
        found=found,
    )


def ends(attempt: Tried, limits: Sequence[Limit]) -> bool:
    """Whether no other sampling is tried after this one: the spectrum alone was refused, or all was accepted."""
    return bool(_failed(attempt, limits, "spectrum")) or not _failed(attempt, limits, "fit")


def holds(limit: Limit, value: float) -> bool:
    """Whether a criterion's value is within its limit; what an unknown one means is the criterion's."""
    if math.isnan(value):
        return CRITERIA[limit.criterion].pass_if_missing
    return limit.at_least <= value <= limit.at_most


def _failed(attempt: Tried, limits: Sequence[Limit], stage: str) -> tuple[str, ...]:
    if stage == "fit" and attempt.found is None:
        return ("fit",)
    return tuple(
        limit.criterion
        for limit in limits
        if CRITERIA[limit.criterion].stage == stage and not holds(limit, _value(attempt, limit.criterion))
    )


def _value(attempt: Tried, criterion: str) -> float:
    if criterion not in attempt.values:
        raise KeyError(f"{criterion} was not measured with search {attempt.search!r}: measure again.")
    return attempt.values[criterion]


def _rank(attempt: Tried, failed: tuple[str, ...], refused: bool) -> tuple[bool, bool, float]:
    has_fit = attempt.found is not None and not refused
    gain = attempt.found.log_likelihood_gain if attempt.found is not None and has_fit else 0.0
    return not failed, has_fit, gain
