"""The micrographs most worth a look: the worst, those closest to a limit, and the best."""

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
from thonring.web.figures.rejections import describe_criterion, rejections

SheetName = Literal["worst", "borderline", "best"]

MICROGRAPHS_PER_SHEET = 12
NEAR = 0.15
"""A micrograph is borderline up to this margin."""


@dataclass(frozen=True, slots=True)
class SheetEntry:
    """One micrograph of a sheet: its `row` in the columns, and why it is shown."""

    row: int
    caption: str


@dataclass(frozen=True, slots=True)
class ContactSheet:
    """Some micrographs, the most relevant first."""

    name: SheetName
    title: str
    description: str
    entries: tuple[SheetEntry, ...]


def contact_sheets(
    columns: RunColumns, limits: Sequence[Limit], size: int = MICROGRAPHS_PER_SHEET
) -> tuple[ContactSheet, ...]:
    """Choose at most `size` micrographs of each kind.

    The margin of a micrograph to a limit is how far inside its value is, in units of the limit, negative outside.
    The worst are farthest outside a limit that rejected them, alternating between reasons; the borderline have their
    smallest margin near zero, accepted or not; the best are those accepted with the finest fit.
    """
    by_name = {limit.criterion: limit for limit in limits}
    margins = {
        limit.criterion: _margin(columns, limit) for limit in limits if limit.criterion in columns.values
    }
    return (
        ContactSheet(
            "worst",
            "Worst",
            "Rejected and farthest outside a limit; the reasons alternate.",
            tuple(_worst(columns, by_name, margins, size)),
        ),
        ContactSheet(
            "borderline",
            "Borderline",
            f"Accepted or rejected within {100 * NEAR:g} % of a limit, the closest first.",
            tuple(_borderline(columns, by_name, margins, size)),
        ),
        ContactSheet(
            "best",
            "Best",
            "Accepted, with rings fitted to the finest resolution.",
            tuple(_best(columns, size)),
        ),
    )


def limit_text(limit: Limit) -> str:
    """Write the bounds of a limit, such as "≥ 2 and ≤ 3"."""
    bounds = [f"≥ {limit.at_least:g}"] if np.isfinite(limit.at_least) else []
    bounds += [f"≤ {limit.at_most:g}"] if np.isfinite(limit.at_most) else []
    return " and ".join(bounds)


def _margin(columns: RunColumns, limit: Limit) -> Floats:
    """Signed distance to the nearer bound, in units of that bound; NaN where there is no value."""
    values = columns.values[limit.criterion]
    low = (values - limit.at_least) / (abs(limit.at_least) or 1.0) if np.isfinite(limit.at_least) else np.inf
    high = (limit.at_most - values) / (abs(limit.at_most) or 1.0) if np.isfinite(limit.at_most) else np.inf
    return np.where(np.isnan(values), np.nan, np.minimum(low, high))


def _worst(
    columns: RunColumns, limits: dict[str, Limit], margins: dict[str, Floats], size: int
) -> Iterable[SheetEntry]:
    rejected = columns.status == STATUSES.index("rejected")
    queues = []
    for reason in rejections(columns).reasons:
        if reason.criterion == REJECTED_BY_HAND:
            continue
        rows = np.flatnonzero(rejected & columns.failing[reason.criterion])
        margin = margins.get(reason.criterion, np.zeros(len(columns)))[rows]
        farthest = rows[np.argsort(margin, kind="stable")][:size]
        queues.append(
            [SheetEntry(row, _failure(columns, limits, reason.criterion, row)) for row in farthest.tolist()]
        )

    # The farthest of every reason, then the second of every reason, each micrograph once.
    chosen: dict[int, SheetEntry] = {}
    for entry in chain.from_iterable(zip_longest(*queues)):
        if entry is not None and len(chosen) < size:
            chosen.setdefault(entry.row, entry)
    return chosen.values()


def _borderline(
    columns: RunColumns, limits: dict[str, Limit], margins: dict[str, Floats], size: int
) -> Iterable[SheetEntry]:
    if not margins:
        return
    names = list(margins)
    table = np.array([np.where(np.isnan(margin), np.inf, margin) for margin in margins.values()])
    nearest, smallest = table.argmin(axis=0), table.min(axis=0)
    rows = np.flatnonzero((np.abs(smallest) <= NEAR) & (columns.status != STATUSES.index("failed")))
    for row in rows[np.argsort(np.abs(smallest[rows]), kind="stable")][:size].tolist():
        yield SheetEntry(row, _value_and_limit(columns, limits[names[nearest[row]]], row))


def _best(columns: RunColumns, size: int) -> Iterable[SheetEntry]:
    resolution_A, score = columns.values["fit_resolution_A"], columns.values["score"]
    rows = np.flatnonzero((columns.status == STATUSES.index("accepted")) & np.isfinite(resolution_A))
    order = np.lexsort((-score[rows], resolution_A[rows]))[:size]
    for row in rows[order].tolist():
        yield SheetEntry(row, f"rings fitted to {resolution_A[row]:.2f} Å, score {score[row]:.2g}")


def _value_and_limit(columns: RunColumns, limit: Limit, row: int) -> str:
    value = columns.values[limit.criterion][row]
    unit = f" {limit.unit}" if limit.unit else ""
    return f"{describe_criterion(limit.criterion)}: {value:.4g}{unit} (limit {limit_text(limit)})"


def _failure(columns: RunColumns, limits: dict[str, Limit], criterion: str, row: int) -> str:
    limit, value = limits.get(criterion), columns.values[criterion][row]
    if limit is None:
        return describe_criterion(criterion)
    if np.isnan(value):
        return f"{describe_criterion(criterion)}: could not be computed"
    return sentence(limit, float(value))
