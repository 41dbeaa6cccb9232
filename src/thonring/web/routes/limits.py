"""Limits as JSON has them: a bound that does not bind is null."""

import math
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from thonring.errors import SettingsError
from thonring.quality import CRITERIA, known_profiles, load_profile
from thonring.results import RunColumns
from thonring.settings import Limit
from thonring.web.curation import judged_criteria, worded
from thonring.web.run_settings import run_settings
from thonring.web.run_view import RunView
from thonring.web.titles import Column, columns_of

Bound = Annotated[float | None, Field(allow_inf_nan=False)]


class LimitJson(BaseModel):
    """What a criterion may be; null: no bound on this side."""

    model_config = ConfigDict(extra="forbid")

    criterion: Annotated[str, Field(max_length=100, json_schema_extra={"enum": [*CRITERIA]})]
    at_least: Bound = None
    at_most: Bound = None


class CriterionOut(BaseModel):
    """A criterion of the run; `below` and `above` tell on which sides limits are usual."""

    name: str
    title: str
    unit: str
    about: str
    unknown_passes: bool
    below: bool
    above: bool


Limits = Annotated[
    list[LimitJson],
    Field(
        min_length=1, max_length=len(CRITERIA), description="Criteria that are not among them do not count."
    ),
]


def given_limits(view: RunView, limits: list[LimitJson]) -> tuple[Limit, ...]:
    """Give the limits of a request the words of the run's own, or of a packaged profile.

    Raises
    ------
    SettingsError
        If a criterion is unknown or named twice, or bounds are upside down.
    """
    bounds = {
        limit.criterion: (
            -math.inf if limit.at_least is None else limit.at_least,
            math.inf if limit.at_most is None else limit.at_most,
        )
        for limit in limits
    }
    if len(bounds) < len(limits):
        raise SettingsError("a criterion has two limits: expected one, with both bounds.")
    packaged = [limit for name in known_profiles() for limit in load_profile(name)]
    return worded(bounds, [*run_limits(view), *packaged])


def run_limits(view: RunView) -> tuple[Limit, ...]:
    """Give the limits that the last micrograph of the run was judged by; none if there is no micrograph yet."""
    with view.store() as store:
        return run_settings(store).limits


def as_json(limits: tuple[Limit, ...]) -> list[LimitJson]:
    """Write limits."""
    return [
        LimitJson(
            criterion=limit.criterion,
            at_least=limit.at_least if math.isfinite(limit.at_least) else None,
            at_most=limit.at_most if math.isfinite(limit.at_most) else None,
        )
        for limit in limits
    ]


def criteria_of(columns: RunColumns, limits: Sequence[Limit]) -> list[CriterionOut]:
    """Describe the criteria of a run; `limits` tell on which sides limits are usual."""
    described = {column.name: column for column in columns_of(columns)}
    return [_described(described[name], limits) for name in judged_criteria(columns)]


def _described(column: Column, limits: Sequence[Limit]) -> CriterionOut:
    on_it = [limit for limit in limits if limit.criterion == column.name]
    return CriterionOut(
        name=column.name,
        title=column.title,
        unit=column.unit,
        about=column.about,
        unknown_passes=CRITERIA[column.name].unknown_passes,
        below=not on_it or any(math.isfinite(limit.at_least) for limit in on_it),
        above=not on_it or any(math.isfinite(limit.at_most) for limit in on_it),
    )


def nearest_profile(limits: Sequence[Limit]) -> str:
    """Name the packaged profile that has most of these limits."""
    bounds = {(limit.criterion, limit.at_least, limit.at_most) for limit in limits}

    def in_common(name: str) -> int:
        return len(bounds & {(one.criterion, one.at_least, one.at_most) for one in load_profile(name)})

    return max(known_profiles(), key=in_common)
