"""The words of a query, as an address has them."""

import math
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from thonring.errors import SettingsError
from thonring.records import Status
from thonring.web.querying import Query

_MOST_BOUNDS = 50


class Asked(BaseModel):
    """Conditions on micrographs; `low.NAME` and `high.NAME` bound the values of any column, as `low.defocus_A=5000`."""

    model_config = ConfigDict(extra="allow")

    status: Annotated[list[Status], Field(max_length=3, description="Any of these; may be repeated.")] = []
    search: Annotated[str, Field(max_length=200, description="A part of the file's path.")] = ""
    failing: Annotated[str | None, Field(max_length=100, description="A criterion that does not hold.")] = (
        None
    )
    decided: Annotated[bool | None, Field(description="Whether a person decided.")] = None
    by_hand: Annotated[bool | None, Field(description="Whether the estimate is a person's.")] = None
    sort: Annotated[str, Field(max_length=100, description="A column; with - before it, largest first.")] = (
        "number"
    )

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, given: Any) -> Any:  # noqa: ANN401 - what comes before validation
        """Leave out what has no value: forms send `status=` for any."""
        return (
            {name: value for name, value in given.items() if value not in ("", [""])}
            if isinstance(given, dict)
            else given
        )

    def query(self) -> Query:
        """Give what is asked for.

        Raises
        ------
        SettingsError
            If a word is unknown, or a bound is no number.
        """
        return Query(
            statuses=frozenset(self.status),
            search=self.search,
            failing=self.failing,
            decided=self.decided,
            by_hand=self.by_hand,
            bounds=_bounds(self.model_extra or {}),
            sort=self.sort.removeprefix("-") or "number",
            descending=self.sort.startswith("-"),
        )


def _bounds(words: dict[str, Any]) -> dict[str, tuple[float, float]]:
    if len(words) > _MOST_BOUNDS:
        raise SettingsError(f"{len(words)} bounds on columns: expected at most {_MOST_BOUNDS}.")
    bounds: dict[str, tuple[float, float]] = {}
    for word, value in words.items():
        side, _, name = word.partition(".")
        if side not in {"low", "high"} or not name:
            raise SettingsError(f"{word!r} is no word of a query: expected low.COLUMN or high.COLUMN.")
        low, high = bounds.get(name, (-math.inf, math.inf))
        number = _number(word, value)
        bounds[name] = (number, high) if side == "low" else (low, number)
    return bounds


def _number(word: str, value: object) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = math.nan
    if math.isnan(number):
        raise SettingsError(f"{word}={value!s:.40}: expected a number.")
    return number
