"""What people decided of a micrograph, and the outcome that comes of it."""

import sqlite3
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from thonring.records import Attempt, Note, Outcome, Status
from thonring.run.provenance import Provenance

Verdict = Literal["accepted", "rejected"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What holds of a micrograph by a person's will.

    `verdict` is None where the criteria decide; `estimated` tells that the fit that is kept is a person's;
    `at` is UTC in ISO 8601.
    """

    verdict: Verdict | None
    estimated: bool
    who: str
    at: str

    @property
    def signature(self) -> str:
        """Who and when, for people to read."""
        return f"by {self.who} on {self.at[:10]} at {self.at[11:16]} UTC"


def decided_status(verdict: Verdict | None, estimate: Attempt | None) -> Status | None:
    """Status that a decision gives; None where the automatic one stays."""
    if verdict is not None:
        return verdict
    if estimate is None:
        return None
    return "accepted" if estimate.verdict.accepted else "rejected"


def with_decision(outcome: Outcome, decision: Decision, estimate: Attempt | None) -> Outcome:
    """Let a decision stand: the status, its reasons, a note, and the `estimate` by hand as the attempt kept."""
    status = decided_status(decision.verdict, estimate)
    if estimate is not None:
        attempts = (*outcome.attempts, estimate)
        outcome = replace(outcome, attempts=attempts, chosen=len(attempts) - 1)
        outcome = replace(outcome, notes=(*outcome.notes, _estimated(outcome, decision)))
    if status is None:
        return outcome
    return _judged(replace(outcome, status=status), decision, estimate)


def _judged(outcome: Outcome, decision: Decision, estimate: Attempt | None) -> Outcome:
    reasons = outcome.reasons if estimate is None else estimate.verdict.reasons
    if decision.verdict is None:
        return replace(outcome, reasons=reasons)
    sentence = f"{decision.verdict} {decision.signature}"
    if decision.verdict == "rejected":
        return replace(outcome, reasons=(sentence, *reasons))
    although = f", although: {'; '.join(reasons)}" if reasons else ""
    note = Note("accepted-by-hand", f"{outcome.path}: {sentence}{although}")
    return replace(outcome, reasons=(), notes=(*outcome.notes, note))


def _estimated(outcome: Outcome, decision: Decision) -> Note:
    automatic = [attempt.fit for attempt in outcome.attempts[:-1] if attempt.fit is not None]
    text = f"{outcome.path}: estimated {decision.signature}"
    if automatic:
        text += f"; the automatic estimates stay in the store ({automatic[-1].mean_defocus_A:.0f} Å the last)"
    return Note("estimated-by-hand", text)


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
    inputs: str


def end_superseded(
    connection: sqlite3.Connection, micrograph: int, outcome: Outcome, provenance: Provenance
) -> None:
    """End what people decided of a micrograph that comes from another file or other optics now, or has no fit.

    To be called before `outcome` takes the place of the earlier one. Only a rejection by a person stays.
    """
    row = connection.execute(_STANDING, (micrograph,)).fetchone()
    if row is None:
        return
    standing = _Standing(*row)
    was = (standing.size, standing.mtime_ns, standing.inputs)
    same = (
        was == (provenance.file.size, provenance.file.mtime_ns, provenance.inputs)
        and outcome.status != "failed"
    )
    if same and (standing.estimate is not None or outcome.fit is not None):
        return
    rejected = "rejected" if standing.verdict == "rejected" else None
    action = connection.execute(_ACT, (datetime.now(UTC).isoformat(timespec="seconds"),)).lastrowid
    connection.execute(_END, (micrograph, action, rejected, rejected))
