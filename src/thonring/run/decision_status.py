"""A manual decision on a micrograph, and the outcome that follows from it."""

import sqlite3
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from thonring.records import Attempt, Note, Outcome, Status
from thonring.run.provenance import Provenance

ManualVerdict = Literal["accepted", "rejected"]


@dataclass(frozen=True, slots=True)
class Decision:
    """A manual decision on a micrograph.

    `verdict` is None if the criteria decide; `estimated` means that the fit in use is a manual one; `at` is UTC in
    ISO 8601.
    """

    verdict: ManualVerdict | None
    estimated: bool
    who: str
    at: str

    @property
    def signature(self) -> str:
        """Who decided and when, as text."""
        return f"by {self.who} on {self.at[:10]} at {self.at[11:16]} UTC"


def decided_status(verdict: ManualVerdict | None, estimate: Attempt | None) -> Status | None:
    """Return the status given by a decision; None if the automatic one stays."""
    if verdict is not None:
        return verdict
    if estimate is None:
        return None
    return "accepted" if estimate.verdict.accepted else "rejected"


def with_decision(outcome: Outcome, decision: Decision, estimate: Attempt | None) -> Outcome:
    """Apply a decision: the status, its reasons, a note, and the manual `estimate` as the kept attempt."""
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
    failures = f", although the criteria failed: {'; '.join(reasons)}" if reasons else ""
    note = Note("accepted-by-hand", f"{outcome.path}: {sentence}{failures}")
    return replace(outcome, reasons=(), notes=(*outcome.notes, note))


def _estimated(outcome: Outcome, decision: Decision) -> Note:
    automatic = [attempt.fit for attempt in outcome.attempts[:-1] if attempt.fit is not None]
    text = f"{outcome.path}: manual estimate {decision.signature}"
    if automatic:
        text += f"; the automatic estimates stay in the database (most recent {automatic[-1].mean_defocus_A:.0f} Å)"
    return Note("estimated-by-hand", text)


_IN_EFFECT = """
SELECT verdict, estimate, size, mtime_ns, asked FROM decided JOIN micrograph ON micrograph.input = decided.micrograph
WHERE decided.micrograph = ? AND (verdict = 'accepted' OR estimate IS NOT NULL)
"""
_ACT = "INSERT INTO action (at, who, kind) VALUES (?, 'Thonring', 'ended')"
_END = "INSERT INTO decision (micrograph, action, verdict, estimate, status) VALUES (?, ?, ?, NULL, ?)"


@dataclass(frozen=True, slots=True)
class _InEffect:
    verdict: ManualVerdict | None
    estimate: int | None
    size: int | None
    mtime_ns: int | None
    inputs: str


def end_superseded(
    connection: sqlite3.Connection, micrograph: int, outcome: Outcome, provenance: Provenance
) -> None:
    """End the decisions on a micrograph whose file or optics have changed, or that no longer has a fit.

    Must be called before `outcome` replaces the earlier one. Only a manual rejection stays in effect.
    """
    row = connection.execute(_IN_EFFECT, (micrograph,)).fetchone()
    if row is None:
        return
    current = _InEffect(*row)
    before = (current.size, current.mtime_ns, current.inputs)
    same = (
        before == (provenance.file.size, provenance.file.mtime_ns, provenance.inputs)
        and outcome.status != "failed"
    )
    if same and (current.estimate is not None or outcome.fit is not None):
        return
    rejected = "rejected" if current.verdict == "rejected" else None
    action = connection.execute(_ACT, (datetime.now(UTC).isoformat(timespec="seconds"),)).lastrowid
    connection.execute(_END, (micrograph, action, rejected, rejected))
