"""Grading: from limits and an attempt's data to results with reasons."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from thonring.quality.attempt_data import AttemptData
from thonring.quality.criteria import CRITERIA, Criterion, Stage
from thonring.records import CriterionResult, Floats
from thonring.settings import Limit


def grade(data: AttemptData, limits: Sequence[Limit], stage: Stage) -> tuple[CriterionResult, ...]:
    """Compute the criteria of one stage, in the order of the limits.

    A failed criterion has its reason; one that could not be computed has a reason that says so, passed or not.
    """
    return tuple(
        _result(CRITERIA[limit.criterion], limit, CRITERIA[limit.criterion].compute(data))
        for limit in limits
        if CRITERIA[limit.criterion].stage == stage
    )


def needs(limits: Sequence[Limit]) -> set[str]:
    """Names of the criteria that these limits are set on."""
    return {limit.criterion for limit in limits}


def _result(criterion: Criterion, limit: Limit, value: float) -> CriterionResult:
    if math.isnan(value):
        reason = f"{criterion.description}: could not be computed"
        return CriterionResult(criterion.name, value, criterion.pass_if_missing, reason)
    if limit.at_least <= value <= limit.at_most:
        return CriterionResult(criterion.name, value, passed=True)
    return CriterionResult(criterion.name, value, passed=False, reason=sentence(limit, value))


def holds(limit: Limit, values: Floats) -> npt.NDArray[np.bool_]:
    """Whether `grade` passes values of a limit's criterion, in the shape of `values`; NaN: could not be computed."""
    inside = (limit.at_least <= values) & (values <= limit.at_most)
    return inside | (np.isnan(values) & CRITERIA[limit.criterion].pass_if_missing)


def sentence(limit: Limit, value: float) -> str:
    """Fill value, violated bound and unit into the limit's reason.

    Raises
    ------
    KeyError, IndexError, ValueError
        If the reason is not a format string of {value}, {limit} and {unit}.
    """
    bound = limit.at_least if value < limit.at_least else limit.at_most
    return limit.reason.format(value=_number(value), limit=_number(bound), unit=limit.unit)


def _number(value: float) -> str:
    return f"{value:.0f}" if 1000 <= abs(value) < 1e7 else f"{value:.4g}"
