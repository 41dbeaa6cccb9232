"""Which criteria rejected a micrograph, from their values and the limits of its run."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from thonring.errors import UnreadableTable
from thonring.quality import CRITERIA
from thonring.settings import Limit

NO_FIT = "fit"
"""Name under which the pipeline rejects what could not be fitted."""


def read_limits(settings_json: Path) -> tuple[Limit, ...]:
    """Read the limits that a run was judged by.

    Raises
    ------
    UnreadableTable
        If the file is not the settings.json of a run.
    """
    try:
        content = json.loads(settings_json.read_text(encoding="utf-8"))
        return tuple(_limit_of(entry) for entry in content["settings"]["limits"])
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise UnreadableTable(
            f"{settings_json}: holds no limits ({type(problem).__name__}: {problem}); expected the settings.json "
            "that `thonring estimate` wrote. Restore it, or remove it to do without the tables by criterion."
        ) from problem


def _limit_of(entry: Mapping[str, Any]) -> Limit:
    """Read a limit as settings.json and the store have it: a side that does not bind is null."""
    at_least, at_most = entry["at_least"], entry["at_most"]
    return Limit(
        criterion=entry["criterion"],
        at_least=-math.inf if at_least is None else float(at_least),
        at_most=math.inf if at_most is None else float(at_most),
        unit=entry["unit"],
        reason=entry["reason"],
        source=entry["source"],
    )


def failed_criteria(
    values: Mapping[str, float], limits: Sequence[Limit], *, has_fit: bool
) -> tuple[str, ...]:
    """Name the criteria that a micrograph failed, in the order in which it is judged.

    A failure on the spectrum alone ends the judgement, and so does the lack of a fit: then what would have come
    after is not known.
    """
    early = [limit for limit in limits if needs_no_fit(limit.criterion)]
    failed = _failed(values, early)
    if failed:
        return failed
    if not has_fit:
        return (NO_FIT,)
    return _failed(values, [limit for limit in limits if limit not in early])


def needs_no_fit(criterion: str) -> bool:
    """Whether a criterion is judged before the fit."""
    return criterion in CRITERIA and CRITERIA[criterion].stage == "spectrum"


def unknown_passes(criterion: str) -> bool:
    """Whether a value that could not be computed lets a micrograph pass."""
    return criterion in CRITERIA and CRITERIA[criterion].unknown_passes


def holds(limit: Limit, value: float) -> bool:
    """Whether a criterion's value lies inside its limit."""
    if math.isnan(value):
        return unknown_passes(limit.criterion)
    return limit.at_least <= value <= limit.at_most


def _failed(values: Mapping[str, float], limits: Sequence[Limit]) -> tuple[str, ...]:
    return tuple(
        limit.criterion for limit in limits if not holds(limit, values.get(limit.criterion, math.nan))
    )
