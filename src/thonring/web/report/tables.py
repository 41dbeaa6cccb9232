"""The numbers of a report as rows of its tables."""

import json
import math
from datetime import UTC, datetime

import numpy as np

from thonring.results import STATUSES
from thonring.web.figures.course import Course
from thonring.web.figures.figure import readable
from thonring.web.figures.reasons import words_of
from thonring.web.report.gathered import Gathered

Row = tuple[str, ...]

_ACTIONS = {
    "accept": "accepted",
    "reject": "rejected",
    "automatic": "left to the criteria again",
    "estimate": "estimated by hand",
    "undo": "undone",
}


def subtitle(seen: Gathered) -> str:
    """How many micrographs, by which limits, finished when."""
    parts = [f"{len(seen.columns):,} micrograph{'' if len(seen.columns) == 1 else 's'}"]
    if seen.made.profile:
        parts.append(f"profile {readable(seen.made.profile)}")
    finished_at = seen.columns.values["finished_at"]
    finished_at = finished_at[np.isfinite(finished_at)]
    if finished_at.size:
        first, last = _minute(finished_at.min()), _minute(finished_at.max())
        parts.append(f"finished from {first} to {last} UTC" if first != last else f"finished at {last} UTC")
    return " · ".join(parts)


def tiles(seen: Gathered) -> list[Row]:
    """Status, count, words, and where on the page more is said."""
    counts = (seen.summary.accepted, seen.summary.rejected, seen.summary.failed)
    total = sum(counts)
    rows: list[Row] = []
    for status, count, place in zip(STATUSES, counts, ("figures", "reasons", "failed"), strict=True):
        part = f" · {100 * count / total:.1f} %" if total else ""
        rows.append((status, f"{count:,}", f"{status}{part}", place))
    decided, by_hand = int(seen.columns.decided.sum()), int(seen.columns.by_hand.sum())
    words = "decided by a person" + (f", {by_hand:,} estimated" if by_hand else "")
    return [*rows, ("", f"{decided:,}", words, "decisions")]


def quantity_rows(seen: Gathered) -> list[Row]:
    """Every quantity that is drawn: middle and limits, of the accepted."""
    return [_quantity_row(one) for one in seen.findings.courses]


def _quantity_row(one: Course) -> Row:
    median, low, high = (_number(value) for value in one.middle)
    limits = " and ".join(bound.text for bound in one.bounds) or "–"
    return one.quantity.label, low, median, high, limits, f"{one.absent:,}"


def limit_rows(seen: Gathered) -> list[Row]:
    """Every limit: what it is on, where it lies, how many of the rejected it failed, and where it comes from."""
    rejected = seen.columns.status == STATUSES.index("rejected")
    rows: list[Row] = []
    for limit in seen.settings.limits:
        failing = seen.columns.failing.get(limit.criterion)
        count = 0 if failing is None else int((failing & rejected).sum())
        sides = [f"≥ {limit.at_least:g}"] if math.isfinite(limit.at_least) else []
        sides += [f"≤ {limit.at_most:g}"] if math.isfinite(limit.at_most) else []
        bounds = " and ".join(sides) + (f" {limit.unit}" if limit.unit else "")
        source = seen.made.sources.get(limit.criterion, "")
        rows.append((words_of(limit.criterion), limit.criterion, bounds, f"{count:,}", readable(source)))
    return rows


def setting_rows(seen: Gathered) -> list[Row]:
    """Names and values of all settings, and the versions of the programs."""
    rows: list[Row] = [("Thonring", seen.settings.thonring)] if seen.settings.thonring else []
    rows += [(name.capitalize(), readable(text)) for name, text in seen.made.versions]
    if seen.made.command_line:
        rows.append(("command line", readable(seen.made.command_line)))
    if seen.made.profile:
        rows.append(("profile", readable(seen.made.profile)))
    rows += [
        (name, json.dumps(value, ensure_ascii=False))
        for name, value in sorted(seen.settings.settings.items())
        if name != "profile"
    ]
    return rows


def action_rows(seen: Gathered) -> list[Row]:
    """What was done by hand, the latest first: when, who, what, to how many."""
    return [
        (
            f"{one.at[:10]} {one.at[11:16]}",
            readable(one.who),
            _ACTIONS.get(one.kind, one.kind),
            f"{one.micrographs:,}",
        )
        for one in seen.actions
    ]


def _minute(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def _number(value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
