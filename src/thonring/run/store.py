"""run.db: every micrograph of a run with all its attempts, committed as it finishes."""

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path

from thonring.files.json import compact
from thonring.records import Attempt, Outcome, Status
from thonring.run import rows as queries
from thonring.run.decision_status import Decision, end_superseded, with_decision
from thonring.run.names import RegisteredFile, changed_files
from thonring.run.provenance import Entry, FileState, Processing, Provenance
from thonring.run.rows import (
    Row,
    attempt_of,
    attempt_row,
    criteria_text,
    micrograph_row,
    outcome_of,
    stored_text,
    text_of,
)
from thonring.run.sqlite import roll_back, sqlite_errors, transaction


@dataclass(frozen=True, slots=True)
class MicrographRecord:
    """One finished micrograph of a run, as read from its database; fits come without their curves.

    Parameters
    ----------
    number
        Its number in the database, which also orders the tables.
    absolute_path
        The absolute path when the file was last an input; the outcome has the path as given.
    name
        Name of its spectrum, pictures and text files, see `artefact_names`.
    automatic, outcome
        The program's result, and the one in effect: the same unless there is a manual decision.
    decision
        The manual decision in effect, if any.
    attempts
        All stored attempts by number: from 0 those of the program, below 0 manual estimates, -1 the first.
    kept
        The number of the attempt in effect; None if there is none.
    provenance
        What the automatic outcome was computed from.
    """

    number: int
    absolute_path: Path
    name: str
    automatic: Outcome
    outcome: Outcome
    decision: Decision | None
    attempts: Mapping[int, Attempt]
    kept: int | None
    provenance: Provenance

    @property
    def path(self) -> Path:
        """The path as given by the user."""
        return self.outcome.path


class Store:
    """The outcomes of a run in the order in which their files were first given; `run` is its folder.

    Iteration yields every finished micrograph, read one at a time, and can be repeated.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.run = path.parent
        self._path, self._connection = path, connection
        self._recipe_ids: dict[Processing, int] = {}
        self._criteria_ids: dict[str, int] = {}

    def register(self, paths: Sequence[Path]) -> dict[Path, str]:
        """Assign each file its position in the tables and the name of its artefacts, unless it has them already.

        A file is identified by its path as given, or else by its absolute path; both are updated.

        Raises
        ------
        OutputError
            If a path contains what a STAR file cannot represent, or the database cannot be written.
        """
        with self._transaction() as connection:
            known = [
                RegisteredFile(key, text_of(path), text_of(absolute_path), text_of(name))
                for key, path, absolute_path, name in connection.execute(queries.INPUTS)
            ]
            changed = changed_files(paths, known)
            connection.executemany(
                queries.REGISTER,
                [
                    (file.id, *map(stored_text, (file.path, file.absolute_path, file.name)))
                    for file in changed
                ],
            )
        names = {file.path: file.name for file in (*known, *changed)}
        return {path: names[str(path)] for path in paths}

    def add(self, outcome: Outcome, provenance: Provenance) -> None:
        """Store the outcome of a registered file, replacing an earlier one; it is on disk when this returns.

        Raises
        ------
        OutputError
            If it cannot be written; the earlier outcome stays.
        """
        with self._transaction() as connection:
            (key,) = connection.execute(queries.FIND, (stored_text(str(outcome.path)),)).fetchone()
            end_superseded(connection, key, outcome, provenance)
            connection.execute(queries.DROP_ATTEMPTS, (key,))
            file = provenance.file
            origin = (self._recipe_id(provenance.processing), provenance.inputs, file.size, file.mtime_ns)
            row = (key, self._next_time(), *origin, *micrograph_row(outcome))
            connection.execute(queries.ADD_MICROGRAPH, row)
            attempts = [
                (key, number, self._criteria_id(criteria_text(attempt)), *attempt_row(attempt))
                for number, attempt in enumerate(outcome.attempts)
            ]
            connection.executemany(queries.ADD_ATTEMPT, attempts)

    def _next_time(self) -> float:
        """Return the time, or one later than any other of the run if a clock was set back or another one is ahead."""
        (last,) = self._connection.execute(queries.LAST_TIME).fetchone()
        return max(time.time(), (last or 0.0) + 1e-6)

    def _recipe_id(self, processing: Processing) -> int:
        if processing not in self._recipe_ids:
            row = queries.processing_row(processing)
            self._connection.execute(queries.ADD_RECIPE, row)
            (found,) = self._connection.execute(queries.FIND_RECIPE, row).fetchone()
            self._recipe_ids[processing] = int(found)
        return self._recipe_ids[processing]

    def _criteria_id(self, names: str) -> int:
        if names not in self._criteria_ids:
            self._connection.execute(queries.ADD_CRITERIA, (names,))
            (found,) = self._connection.execute(queries.FIND_CRITERIA, (names,)).fetchone()
            self._criteria_ids[names] = int(found)
        return self._criteria_ids[names]

    def note_files(self, files: Sequence[tuple[Path, FileState]]) -> None:
        """Update the state of files whose outcomes are still valid.

        Raises
        ------
        OutputError
            If the database cannot be written.
        """
        with self._transaction() as connection:
            connection.executemany(
                queries.NOTE_FILE,
                [
                    (file.size, file.mtime_ns, file.content_hash, stored_text(str(path)))
                    for path, file in files
                ],
            )

    def entries(self, paths: Sequence[Path] | None = None) -> Iterator[tuple[str, Entry]]:
        """Yield the path and the entry of every finished micrograph, or of those in `paths`, for a later run.

        Raises
        ------
        OutputError
            If the database cannot be read.
        """
        with self.snapshot() as connection:
            recipes = _recipes(connection)
            if paths is None:
                rows: Iterable[Row] = connection.execute(queries.ENTRIES)
            else:
                one_each = ((stored_text(str(path)),) for path in paths)
                rows = chain.from_iterable(connection.execute(queries.ENTRY_OF, key) for key in one_each)
            for path, recipe, inputs, size, mtime_ns, content_hash, status in rows:
                provenance = Provenance(FileState(size, mtime_ns, content_hash), inputs, recipes[recipe])
                yield text_of(path), Entry(status, provenance)

    def statuses(self) -> dict[str, Status]:
        """Return the automatic status of every finished micrograph, by its path.

        Raises
        ------
        OutputError
            If the database cannot be read.
        """
        with self.snapshot() as connection:
            return {text_of(path): status for path, status in connection.execute(queries.STATUSES)}

    def last_processing(self) -> Processing | None:
        """Return how the last finished micrograph was estimated; None if none has finished.

        Raises
        ------
        OutputError
            If the database cannot be read.
        """
        with self.snapshot() as connection:
            row = connection.execute(queries.LAST_RECIPE).fetchone()
        return None if row is None else queries.processing_of(row)

    def __len__(self) -> int:
        with self.snapshot() as connection:
            return int(connection.execute(queries.COUNT).fetchone()[0])

    def __iter__(self) -> Iterator[MicrographRecord]:
        return self._records(queries.MICROGRAPHS, queries.ATTEMPTS)

    def representatives(self) -> Iterator[MicrographRecord]:
        """Yield a few micrographs that have the same `run_totals` as the whole run.

        Raises
        ------
        OutputError
            If the database cannot be read.
        """
        with self.snapshot() as connection:
            chosen = [key for (key,) in connection.execute(queries.REPRESENTATIVES)]
            yield from self.some(chosen)

    def some(self, numbers: Sequence[int]) -> Iterator[MicrographRecord]:
        """Yield the finished ones of these micrographs, in the order of the run.

        Raises
        ------
        OutputError
            If the database cannot be read.
        """
        return self._records(queries.CHOSEN_MICROGRAPHS, queries.CHOSEN_ATTEMPTS, compact(list(numbers)))

    def micrograph(self, number: int) -> MicrographRecord | None:
        """Return the micrograph with this number; None if it is not finished.

        Raises
        ------
        OutputError
            If the database cannot be read.
        """
        found = list(self.some([number]))
        return found[0] if found else None

    def _records(self, micrographs: str, attempts: str, *chosen: str) -> Iterator[MicrographRecord]:
        """Join two queries that are both in the order of the micrographs' numbers, holding one micrograph at a time."""
        with self.snapshot() as connection:
            recipes = _recipes(connection)
            names = {key: tuple(json.loads(text)) for key, text in connection.execute(queries.CRITERIA)}
            groups = groupby(connection.execute(attempts, chosen), itemgetter(0))
            group = next(groups, None)
            for row in connection.execute(micrographs, chosen):
                found: dict[int, Attempt] = {}
                if group is not None and group[0] == row[0]:
                    found = {number: attempt_of(row, names[key]) for _, number, key, *row in group[1]}
                    group = next(groups, None)
                yield _record(row, found, recipes)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with sqlite_errors(self._path):
            try:
                with transaction(self._connection):
                    yield self._connection
            except BaseException:
                self._recipe_ids.clear()
                self._criteria_ids.clear()
                raise

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Read a single state of the database throughout the block, whatever another process adds meanwhile.

        Raises
        ------
        OutputError
            If the database cannot be read.
        """
        outermost = not self._connection.in_transaction
        with sqlite_errors(self._path):
            if outermost:
                self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                if outermost:
                    roll_back(self._connection)


def _recipes(connection: sqlite3.Connection) -> dict[int, Processing]:
    return {key: queries.processing_of(row) for key, *row in connection.execute(queries.RECIPES)}


def _record(row: Row, attempts: Mapping[int, Attempt], recipes: Mapping[int, Processing]) -> MicrographRecord:
    """Convert a row of `queries.MICROGRAPHS`."""
    number, path, absolute_path, name, *decided, recipe, inputs, size, mtime_ns = row[: queries.RECORD_HEAD]
    verdict, estimate, who, at = decided
    tried = tuple(attempt for key, attempt in attempts.items() if key >= 0)
    automatic = outcome = outcome_of(Path(text_of(path)), row[queries.RECORD_HEAD :], tried)
    decision = None
    if verdict is not None or estimate is not None:
        decision = Decision(verdict, estimate is not None, who, at)
        outcome = with_decision(automatic, decision, attempts.get(estimate))
    return MicrographRecord(
        number=number,
        absolute_path=Path(text_of(absolute_path)),
        name=text_of(name),
        automatic=automatic,
        outcome=outcome,
        decision=decision,
        attempts=attempts,
        kept=automatic.chosen if estimate is None else estimate,
        provenance=Provenance(FileState(size, mtime_ns, automatic.content_hash), inputs, recipes[recipe]),
    )
