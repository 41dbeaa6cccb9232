"""Which micrographs a person should see: the worst, those nearest to a limit, and the best."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Literal

import numpy as np

from thonring.quality.grade import sentence
from thonring.records import Floats
from thonring.run.columns import STATUSES, RunColumns
from thonring.run.summary import REJECTED_BY_HAND
from thonring.settings import Limit
from thonring.web.figures.astigmatism import reasons, words_of

SheetName = Literal["worst", "borderline", "best"]

IN_A_SHEET = 12
NEAR = 0.15
"""A micrograph is borderline up to this margin."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One micrograph of a sheet: its `row` in the columns and why it is there."""

    row: int
    told: str


@dataclass(frozen=True, slots=True)
class ContactSheet:
    """Some micrographs, the one most worth a look first."""

    name: SheetName
    title: str
    told: str
    shown: tuple[Shown, ...]


def contact_sheets(
    columns: RunColumns, limits: Sequence[Limit], most: int = IN_A_SHEET
) -> tuple[ContactSheet, ...]:
    """Choose at most so many of each kind.

    The margin of a micrograph to a limit is how far inside its value lies in units of the limit, negative outside.
    The worst lie farthest outside a limit that rejected them, the reasons taking turns; the borderline have a
    smallest margin near zero, accepted or not; the best are those accepted with the finest fit.
    """
    margins = {limit.criterion: _margin(columns, limit) for limit in limits if _is_known(columns, limit)}
    by_name = {limit.criterion: limit for limit in limits}
    return (
        ContactSheet(
            "worst",
            "The worst",
            "Rejected, and farthest outside a limit; the reasons take turns.",
            tuple(_worst(columns, by_name, margins, most)),
        ),
        ContactSheet(
            "borderline",
            "The borderline",
            f"Accepted or rejected within {100 * NEAR:g} % of a limit, the nearest first.",
            tuple(_borderline(columns, by_name, margins, most)),
        ),
        ContactSheet(
            "best",
            "The best",
            "Accepted, with rings fitted to the finest resolution.",
            tuple(_best(columns, most)),
        ),
    )


def _is_known(columns: RunColumns, limit: Limit) -> bool:
    return limit.criterion in columns.values


def _margin(columns: RunColumns, limit: Limit) -> Floats:
    """Signed distance to the nearer bound in units of that bound; NaN where there is no value."""
    values = columns.values[limit.criterion]
    low = (values - limit.at_least) / (abs(limit.at_least) or 1.0) if np.isfinite(limit.at_least) else np.inf
    high = (limit.at_most - values) / (abs(limit.at_most) or 1.0) if np.isfinite(limit.at_most) else np.inf
    return np.where(np.isnan(values), np.nan, np.minimum(low, high))


def _worst(
    columns: RunColumns, limits: dict[str, Limit], margins: dict[str, Floats], most: int
) -> Iterable[Shown]:
    rejected = columns.status == STATUSES.index("rejected")
    queues = []
    for reason in reasons(columns):
        if reason.criterion == REJECTED_BY_HAND:
            continue
        rows = np.flatnonzero(rejected & columns.failing[reason.criterion])
        margin = margins.get(reason.criterion, np.zeros(len(columns)))[rows]
        order = rows[np.argsort(margin, kind="stable")][:most]
        queues.append([Shown(row, _why(columns, limits, reason.criterion, row)) for row in order.tolist()])
    seen: dict[int, Shown] = {}
    for one in chain.from_iterable(zip_longest(*queues)):
        if one is not None and len(seen) < most:
            seen.setdefault(one.row, one)
    return seen.values()


def _borderline(
    columns: RunColumns, limits: dict[str, Limit], margins: dict[str, Floats], most: int
) -> Iterable[Shown]:
    if not margins:
        return
    names = list(margins)
    table = np.array([np.where(np.isnan(margin), np.inf, margin) for margin in margins.values()])
    nearest, smallest = table.argmin(axis=0), table.min(axis=0)
    rows = np.flatnonzero((np.abs(smallest) <= NEAR) & (columns.status != STATUSES.index("failed")))
    for row in rows[np.argsort(np.abs(smallest[rows]), kind="stable")][:most].tolist():
        yield Shown(row, _near(columns, limits[names[nearest[row]]], row))


def _best(columns: RunColumns, most: int) -> Iterable[Shown]:
    resolution_A, score = columns.values["fit_resolution_A"], columns.values["score"]
    rows = np.flatnonzero((columns.status == STATUSES.index("accepted")) & np.isfinite(resolution_A))
    order = np.lexsort((-score[rows], resolution_A[rows]))[:most]
    for row in rows[order].tolist():
        yield Shown(row, f"rings fit to {resolution_A[row]:.2f} Å, score {score[row]:.2g}")


def _near(columns: RunColumns, limit: Limit, row: int) -> str:
    value = columns.values[limit.criterion][row]
    sides = [f"≥ {limit.at_least:g}"] if np.isfinite(limit.at_least) else []
    sides += [f"≤ {limit.at_most:g}"] if np.isfinite(limit.at_most) else []
    unit = f" {limit.unit}" if limit.unit else ""
    return f"{words_of(limit.criterion)}: {value:.4g}{unit} (limit {' and '.join(sides)})"


def _why(columns: RunColumns, limits: dict[str, Limit], criterion: str, row: int) -> str:
    limit = limits.get(criterion)
    value = columns.values[criterion][row]
    if limit is None or np.isnan(value):
        return words_of(criterion) if limit is None else f"{words_of(criterion)}: could not be computed"
    return sentence(limit, float(value))
