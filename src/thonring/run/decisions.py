"""Manual decisions (verdicts and estimates) on micrographs of a run, with reviewer and time; all of them are kept."""

import json
import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from thonring.errors import DecisionError
from thonring.files.json import compact
from thonring.records import Attempt, Status
from thonring.run import rows as queries
from thonring.run.decision_status import ManualVerdict, decided_status
from thonring.run.provenance import Provenance
from thonring.run.rows import attempt_row, criteria_text
from thonring.run.sqlite import sqlite_errors, transaction

_KINDS: dict[ManualVerdict | None, str] = {"accepted": "accept", "rejected": "reject", None: "automatic"}
_CHOSEN = "(SELECT value FROM json_each(?))"
_ADD_ACTION = "INSERT INTO action (at, who, kind, undoes) VALUES (?, ?, ?, ?)"
_ADD_DECISION = "INSERT INTO decision (micrograph, action, verdict, estimate, status) VALUES (?, ?, ?, ?, ?)"
_IN_EFFECT = f"""
SELECT input, estimate, attempt.fitted AND pixel_A > 0 AND pixel_A < 9e999, attempt.remarks, micrograph.status, verdict
FROM micrograph
LEFT JOIN decided ON decided.micrograph = input
LEFT JOIN attempt ON attempt.micrograph = input AND number = COALESCE(estimate, chosen) WHERE input IN {_CHOSEN}
"""  # noqa: S608 - all names are constants
_JUDGED = """
WITH RECURSIVE origin (micrograph, action) AS (
  SELECT micrograph, action FROM decided WHERE verdict IS NOT NULL
  UNION SELECT origin.micrograph, (SELECT MAX(before.action) FROM decision AS before
    WHERE before.micrograph = origin.micrograph AND before.action < action.undoes)
  FROM origin JOIN action ON action.id = origin.action WHERE action.undoes IS NOT NULL
)
SELECT DISTINCT micrograph FROM origin JOIN action ON action.id = origin.action WHERE kind IN ('accept', 'reject')
"""
_PROVENANCE = "SELECT pixel_A, asked, size, mtime_ns FROM micrograph WHERE input = ?"
_NEXT_ESTIMATE = "SELECT MIN(0, COALESCE(MIN(number), 0)) - 1 FROM attempt WHERE micrograph = ?"
_ENDED = """
EXISTS (SELECT 1 FROM decision AS later JOIN action AS ending ON ending.id = later.action
  WHERE ending.kind = 'ended' AND later.micrograph = now.micrograph AND later.action > now.action)
"""
"""Whether the program ended the decisions of an action, see `end_superseded`; then there is nothing to undo."""

_TO_UNDO = f"""
SELECT id FROM action WHERE undoes IS NULL AND kind <> 'ended'
AND id NOT IN (SELECT undoes FROM action WHERE undoes IS NOT NULL)
AND EXISTS (SELECT 1 FROM decision AS now WHERE now.action = action.id AND NOT {_ENDED}) ORDER BY id DESC LIMIT 1
"""  # noqa: S608 - all names are constants
_BEFORE = f"""
SELECT now.micrograph, before.verdict, before.estimate, before.status FROM decision AS now
LEFT JOIN decision AS before ON before.micrograph = now.micrograph AND before.action =
  (SELECT MAX(action) FROM decision WHERE micrograph = now.micrograph AND action < now.action)
WHERE now.action = ? AND NOT {_ENDED}
"""  # noqa: S608 - all names are constants
_HISTORY = """
SELECT id, at, who, kind, undoes, COUNT(*) FROM action JOIN decision ON decision.action = id
{} GROUP BY id ORDER BY id DESC LIMIT ?
"""
_OF_ONE = "WHERE id IN (SELECT action FROM decision WHERE micrograph = ?)"


@dataclass(frozen=True, slots=True)
class Action:
    """One action on a number of `micrographs`; `at` is UTC in ISO 8601, `undoes` the action that it undid."""

    id: int
    at: str
    who: str
    kind: str
    undoes: int | None
    micrographs: int


@dataclass(frozen=True, slots=True)
class _InEffect:
    """What is in effect for a micrograph: the number of a manual estimate, its status, and the automatic status."""

    micrograph: int
    estimate: int | None
    fitted: bool
    by_estimate: Status | None
    automatic: Status
    verdict: ManualVerdict | None

    def unless_automatic(self, verdict: ManualVerdict) -> ManualVerdict | None:
        """Return the verdict, or None if the criteria give the same."""
        return None if verdict == (self.by_estimate or self.automatic) else verdict


class Decisions:
    """Reads and adds manual decisions on a run; micrographs are identified by their numbers.

    Every method leaves the database as it was if it raises. All of them raise OutputError if the database cannot be
    read or written.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path, self._connection = path, connection

    def judge(self, micrographs: Sequence[int], verdict: ManualVerdict | None, who: str) -> Action:
        """Accept or reject micrographs, or with None return them to the criteria.

        Raises
        ------
        DecisionError
            If a micrograph is not in the run or would be accepted without a fit, or if there are none.
        """
        with self._writing() as connection:
            current = self._in_effect(micrographs)
            if verdict == "accepted":
                _refuse_without_fit([state.micrograph for state in current if not state.fitted])
            action = self._act(who, _KINDS[verdict])
            connection.executemany(
                _ADD_DECISION,
                [
                    (state.micrograph, action, verdict, state.estimate, verdict or state.by_estimate)
                    for state in current
                ],
            )
            return self.action(action)

    def curate(
        self, verdicts: Mapping[int, ManualVerdict], who: str, *, overwrite: bool = False
    ) -> Action | None:
        """Set the verdicts that follow from chosen limits, all in one action; None if nothing changes.

        A verdict equal to that of the run's criteria is left to them. Individual verdicts stay, unless `overwrite`.

        Raises
        ------
        DecisionError
            If a micrograph is not in the run or would be accepted without a fit, or if there are none.
        """
        with self._writing() as connection:
            spared = set() if overwrite else self.judged()
            changed = [
                (state, verdict)
                for state in self._in_effect(list(verdicts))
                if state.micrograph not in spared
                and (verdict := state.unless_automatic(verdicts[state.micrograph])) != state.verdict
            ]
            _refuse_without_fit(
                [state.micrograph for state, verdict in changed if verdict == "accepted" and not state.fitted]
            )
            if not changed:
                return None
            action = self._act(who, "curate")
            connection.executemany(
                _ADD_DECISION,
                [
                    (state.micrograph, action, verdict, state.estimate, verdict or state.by_estimate)
                    for state, verdict in changed
                ],
            )
            return self.action(action)

    def judged(self) -> set[int]:
        """Return the micrographs with an individual manual verdict in effect, that is, not one from curation."""
        with sqlite_errors(self._path):
            return {micrograph for (micrograph,) in self._connection.execute(_JUDGED)}

    def estimate(
        self, micrograph: int, attempt: Attempt, who: str, provenance: Provenance | None = None
    ) -> Action:
        """Use a manual estimate, with its verdict by the criteria, in place of the automatic one.

        An earlier manual verdict on this micrograph ends, since it was on another estimate. `provenance` is that of
        the outcome shown to the reviewer.

        Raises
        ------
        DecisionError
            If the micrograph is not in the run, has been processed again, or has no known pixel size; if the attempt
            has no fit.
        """
        if attempt.fit is None:
            _refuse_without_fit([micrograph])
        with self._writing() as connection:
            self._in_effect([micrograph])
            self._refuse_another(micrograph, provenance)
            (number,) = connection.execute(_NEXT_ESTIMATE, (micrograph,)).fetchone()
            criteria = criteria_text(attempt)
            connection.execute(queries.ADD_CRITERIA, (criteria,))
            (judged,) = connection.execute(queries.FIND_CRITERIA, (criteria,)).fetchone()
            connection.execute(queries.ADD_ATTEMPT, (micrograph, number, judged, *attempt_row(attempt)))
            action = self._act(who, "estimate")
            row = (micrograph, action, None, number, decided_status(None, attempt))
            connection.execute(_ADD_DECISION, row)
            return self.action(action)

    def forget_estimates(self, micrographs: Sequence[int], who: str) -> Action:
        """Return to the automatic estimates and the criteria; manual estimates stay in the database.

        Raises
        ------
        DecisionError
            If a micrograph is not in the run, or there are none.
        """
        with self._writing() as connection:
            current = self._in_effect(micrographs)
            action = self._act(who, "automatic")
            connection.executemany(
                _ADD_DECISION, [(state.micrograph, action, None, None, None) for state in current]
            )
            return self.action(action)

    def undo(self, who: str) -> Action:
        """Undo the last action that has not been undone: its micrographs return to what was in effect before.

        Raises
        ------
        DecisionError
            If there is none.
        """
        with self._writing() as connection:
            last = connection.execute(_TO_UNDO).fetchone()
            if last is None:
                raise DecisionError(f"{self._path}: nothing to undo: there is no manual decision in effect.")
            action = self._act(who, "undo", last[0])
            before = connection.execute(_BEFORE, last).fetchall()
            connection.executemany(_ADD_DECISION, [(key, action, *state) for key, *state in before])
            return self.action(action)

    def history(self, micrograph: int | None = None, limit: int = 100) -> list[Action]:
        """Return the last actions, on one micrograph or on all, latest first."""
        with sqlite_errors(self._path):
            where = "" if micrograph is None else _OF_ONE
            of = () if micrograph is None else (micrograph,)
            return [Action(*row) for row in self._connection.execute(_HISTORY.format(where), (*of, limit))]

    def action(self, number: int) -> Action:
        """Return the action with a number.

        Raises
        ------
        DecisionError
            If there is none.
        """
        with sqlite_errors(self._path):
            row = self._connection.execute(_HISTORY.format("WHERE id = ?"), (number, 1)).fetchone()
        if row is None:
            raise DecisionError(
                f"{self._path}: there is no action with the number {number}. Reload the page."
            )
        return Action(*row)

    def _in_effect(self, micrographs: Sequence[int]) -> list[_InEffect]:
        rows = self._connection.execute(_IN_EFFECT, (compact(list(micrographs)),)).fetchall()
        missing = set(micrographs) - {row[0] for row in rows}
        if missing or not rows:
            raise DecisionError(
                f"{self._path}: micrographs {sorted(missing)[:5]} are not finished in this run. Reload the table."
            )
        return [
            _InEffect(
                key, estimate, bool(fitted), None if estimate is None else _status(remarks), status, verdict
            )
            for key, estimate, fitted, remarks, status, verdict in rows
        ]

    def _refuse_another(self, micrograph: int, provenance: Provenance | None) -> None:
        pixel_A, *now = self._connection.execute(_PROVENANCE, (micrograph,)).fetchone()
        if provenance is not None and tuple(now) != (
            provenance.inputs,
            provenance.file.size,
            provenance.file.mtime_ns,
        ):
            raise DecisionError(
                f"{self._path}: micrograph {micrograph} has been processed again in the meantime, so this estimate no "
                "longer applies. Look at it again."
            )
        if pixel_A is None or not 0 < pixel_A < math.inf:
            raise DecisionError(
                f"{self._path}: micrograph {micrograph} failed before its pixel size was known, so no table can list "
                "its CTF. Run `thonring estimate` on it again first."
            )

    def _act(self, who: str, kind: str, undoes: int | None = None) -> int:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        return int(self._connection.execute(_ADD_ACTION, (at, who, kind, undoes)).lastrowid or 0)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with sqlite_errors(self._path), transaction(self._connection):
            yield self._connection


def _status(remarks: str) -> Status:
    return "accepted" if all(passed for _, passed, _ in json.loads(remarks)) else "rejected"


def _refuse_without_fit(micrographs: Sequence[int]) -> None:
    if micrographs:
        raise DecisionError(
            f"micrographs {list(micrographs)[:5]} have no fit, and without a CTF they cannot be accepted. "
            "Make a manual estimate first."
        )
