"""Decisions that end when their micrograph is done again: they were on another image, or nothing is left to accept."""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime

from thonring.records import Outcome
from thonring.results.run_store.decided import Verdict
from thonring.results.run_store.origin import Origin

_STANDING = """
SELECT verdict, estimate, size, mtime_ns, asked FROM decided JOIN micrograph ON micrograph.input = decided.micrograph
WHERE decided.micrograph = ? AND (verdict = 'accepted' OR estimate IS NOT NULL)
"""
_ACT = "INSERT INTO action (at, who, kind) VALUES (?, 'Thonring', 'ended')"
_END = "INSERT INTO decision (micrograph, action, verdict, estimate, status) VALUES (?, ?, ?, NULL, ?)"


@dataclass(frozen=True, slots=True)
class _Standing:
    verdict: Verdict | None
    estimate: int | None
    size: int | None
    mtime_ns: int | None
    asked: str


def end_superseded(connection: sqlite3.Connection, micrograph: int, outcome: Outcome, origin: Origin) -> None:
    """End what people decided of a micrograph that comes from another file or other optics now, or has no fit.

    To be called before `outcome` takes the place of the earlier one. Only a rejection by a person stays.
    """
    row = connection.execute(_STANDING, (micrograph,)).fetchone()
    if row is None:
        return
    standing = _Standing(*row)
    was = (standing.size, standing.mtime_ns, standing.asked)
    same = was == (origin.file.size, origin.file.mtime_ns, origin.asked) and outcome.status != "failed"
    if same and (standing.estimate is not None or outcome.fit is not None):
        return
    rejected = "rejected" if standing.verdict == "rejected" else None
    action = connection.execute(_ACT, (datetime.now(UTC).isoformat(timespec="seconds"),)).lastrowid
    connection.execute(_END, (micrograph, action, rejected, rejected))
