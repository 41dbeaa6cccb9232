"""Answers of the JSON interface that several routes share; NaN and infinite numbers are null."""

import math
import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Annotated, Any

import numpy as np
from fastapi import HTTPException
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from thonring.plot import normalised_rings, relative_power
from thonring.quality import CRITERIA
from thonring.records import Attempt, CtfFit, RadialCurve, SearchSignals
from thonring.run.columns import RunColumns
from thonring.run.quantities import FIT_QUANTITIES
from thonring.settings import Limit

DIGITS = 5
"""Significant digits of a curve's points: more than a screen can show."""

Points = list[float | None]

_DECIMAL = re.compile(r"-?[0-9]{1,20}")


def _decimal(value: Any) -> Any:  # noqa: ANN401 - whatever comes before validation
    """Let an integer of an address be written in one way only: not as 1.0, 1_0, +1 or with blanks."""
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        raise ValueError("expected an integer")
    return value


AddressInteger = Annotated[int, BeforeValidator(_decimal)]
"""An integer in a path or query."""

_MicrographRange = Field(ge=0, le=2**63 - 1, description="The micrograph's number in the database.")
MicrographId = Annotated[AddressInteger, _MicrographRange]
"""A micrograph's number in a path or query."""

MicrographNumber = Annotated[int, _MicrographRange]
"""A micrograph's number in a request body."""


class RequestModel(BaseModel):
    """A request body: no unknown fields, and the types of JSON as they are: true and "1" are not the number 1."""

    model_config = ConfigDict(extra="forbid", strict=True)


_ANSWERED = tuple(quantity for quantity in FIT_QUANTITIES if quantity.in_answers)
_fields: dict[str, Any] = {
    quantity.name: (
        float | None,
        Field(
            description=f"{quantity.about or quantity.title}{f' In {quantity.unit}.' if quantity.unit else ''}"
        ),
    )
    for quantity in _ANSWERED
}
_FitNumbers: Any = create_model("_FitNumbers", **_fields)


class FitAnswer(_FitNumbers):  # type: ignore[misc]  # its fields are those of the table of quantities
    """A fit, named as in results.csv; a standard error of 0 means kept fixed."""

    resolution_range_A: tuple[float | None, float | None]


class CriterionAnswer(BaseModel):
    """The value of a criterion and its limits; null where there is none, or where it could not be computed."""

    name: str
    title: str
    unit: str
    value: float | None
    at_least: float | None
    at_most: float | None
    passed: bool
    reason: str


class AttemptAnswer(BaseModel):
    """One attempt; `number` is from 0 for automatic ones, below 0 for manual ones, null if it is not stored."""

    number: int | None
    by_hand: bool
    sampling_A: float | None
    profile: str
    accepted: bool
    reasons: list[str]
    criteria: list[CriterionAnswer]
    fit: FitAnswer | None


class CurveAnswer(BaseModel):
    """A fit against frequency: power divided by the median background, and rings divided by their envelope."""

    frequency_per_A: Points
    power: Points
    background: Points
    envelope: Points
    fitted: Points
    rings: Points
    sin2: Points
    agreement: Points


class SignalsAnswer(BaseModel):
    """Fourier search: the profile minus background, the same against k², and its Fourier transform."""

    frequency_per_A: Points
    profile: Points
    squared_frequency: Points
    resampled: Points
    defocus_A: Points
    amplitude: Points
    chosen_A: float | None


def finite(value: float) -> float | None:
    """Return the number, or None where it is NaN or infinite: JSON has neither."""
    return value if math.isfinite(value) else None


def points(values: Any) -> Points:  # noqa: ANN401 - any array
    """Return the numbers of an array with DIGITS significant digits."""
    array = np.asarray(values, dtype=np.float64).ravel()
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 10.0 ** (DIGITS - 1 - np.floor(np.log10(np.abs(array))))
    # Zero and subnormal numbers have no usable scale and stay as they are.
    usable = np.isfinite(array) & np.isfinite(scale)
    safe = np.where(usable, scale, 1.0)
    rounded = np.where(usable, np.rint(array * safe) / safe, array)
    return [value if math.isfinite(value) else None for value in rounded.tolist()]


def fit_answer(fit: CtfFit) -> FitAnswer:
    """Write a fit."""
    low_A, high_A = fit.resolution_range_A
    numbers = {quantity.name: finite(float(getattr(fit, quantity.fit_attribute))) for quantity in _ANSWERED}
    return FitAnswer(**numbers, resolution_range_A=(finite(low_A), finite(high_A)))


def attempt_answer(
    attempt: Attempt, limits: Sequence[Limit], number: int | None, *, by_hand: bool = False
) -> AttemptAnswer:
    """Write an attempt, each criterion with the limits by which it was judged."""
    by_name = {limit.criterion: limit for limit in limits}
    criteria = []
    for result in attempt.verdict.criteria:
        known, limit = CRITERIA.get(result.name), by_name.get(result.name)
        criteria.append(
            CriterionAnswer(
                name=result.name,
                title=result.name if known is None else known.description,
                unit="" if known is None else known.unit,
                value=finite(result.value),
                at_least=None if limit is None else finite(limit.at_least),
                at_most=None if limit is None else finite(limit.at_most),
                passed=result.passed,
                reason=result.reason,
            )
        )
    return AttemptAnswer(
        number=number,
        by_hand=by_hand,
        sampling_A=finite(attempt.sampling_A),
        # Of a profile given as a file only the file name: where it lies is not the page's business.
        profile=PurePath(attempt.verdict.profile).name,
        accepted=attempt.verdict.accepted,
        reasons=list(attempt.verdict.reasons),
        criteria=criteria,
        fit=None if attempt.fit is None else fit_answer(attempt.fit),
    )


def curve_answer(curve: RadialCurve) -> CurveAnswer:
    """Write a radial curve as it is plotted."""
    relative = relative_power(curve)
    return CurveAnswer(
        frequency_per_A=points(relative.frequency_per_A),
        power=points(relative.power),
        background=points(relative.background),
        envelope=points(relative.background + relative.ring_power),
        fitted=points(relative.background + relative.ring_power * relative.sin2),
        rings=points(normalised_rings(curve)),
        sin2=points(relative.sin2),
        agreement=points(relative.agreement),
    )


def signals_answer(signals: SearchSignals) -> SignalsAnswer:
    """Write the signals of the Fourier search."""
    arrays = {
        name: points(getattr(signals, name)) for name in SignalsAnswer.model_fields if name != "chosen_A"
    }
    return SignalsAnswer(**arrays, chosen_A=finite(signals.chosen_A))


def row_of(columns: RunColumns, number: int) -> int:
    """Return the row of a finished micrograph.

    Raises
    ------
    HTTPException
        404 if there is none with this number.
    """
    row = int(np.searchsorted(columns.number, number))
    if row == len(columns) or columns.number[row] != number:
        raise HTTPException(404, f"micrograph {number} is not finished in this run.")
    return row
