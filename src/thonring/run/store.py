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
from thonring.run.names import Registered, registered
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
class Named:
    """`name` is that of the micrograph's spectrum, pictures and texts: see `artefact_names`.

    The outcome is that of the `decision`, if a person took one.
    """

    outcome: Outcome
    name: str
    decision: Decision | None = None


class Store:
    """The outcomes of a run, in the order in which their files were first asked for; `run` is its folder.

    Iterating gives every finished micrograph with the name of its artefacts, read as it goes, as often as is
    wished; fits come without their curves.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.run = path.parent
        self._path, self._connection = path, connection
        self._made: dict[Processing, int] = {}
        self._judged: dict[str, int] = {}

    def register(self, paths: Sequence[Path]) -> dict[Path, str]:
        """Give each file its place in the tables and the name of its artefacts, or those it has already.

        A file is known by its path as given, or else by where that is. Either is kept as it is now.

        Raises
        ------
        OutputError
            If a path holds what no STAR file can, or the store cannot be written.
        """
        with self._transaction() as connection:
            rows = connection.execute(queries.INPUTS)
            known = [
                Registered(key, text_of(path), text_of(place), text_of(name))
                for key, path, place, name in rows
            ]
            fresh = registered(paths, known)
            connection.executemany(
                queries.REGISTER,
                [(one.id, *map(stored_text, (one.path, one.place, one.name))) for one in fresh],
            )
        names = {one.path: one.name for one in (*known, *fresh)}
        return {path: names[str(path)] for path in paths}

    def add(self, outcome: Outcome, origin: Provenance) -> None:
        """Keep an outcome of a registered file in the place of an earlier one; when this returns, it is on the disk.

        Raises
        ------
        OutputError
            If it cannot be written; what was there before stays.
        """
        with self._transaction() as connection:
            (key,) = connection.execute(queries.FIND, (stored_text(str(outcome.path)),)).fetchone()
            end_superseded(connection, key, outcome, origin)
            connection.execute(queries.DROP_ATTEMPTS, (key,))
            file = origin.file
            came_from = (self._recipe(origin.processing), origin.asked, file.size, file.mtime_ns)
            row = (key, self._later(), *came_from, *micrograph_row(outcome))
            connection.execute(queries.ADD_MICROGRAPH, row)
            attempts = [
                (key, number, self._criteria(criteria_text(one)), *attempt_row(one))
                for number, one in enumerate(outcome.attempts)
            ]
            connection.executemany(queries.ADD_ATTEMPT, attempts)

    def _later(self) -> float:
        """The time, and later than any other of the run, also where a clock was set back or another one goes first."""
        (last,) = self._connection.execute(queries.LAST_TIME).fetchone()
        return max(time.time(), (last or 0.0) + 1e-6)

    def _recipe(self, made: Processing) -> int:
        if made not in self._made:
            row = queries.processing_row(made)
            self._connection.execute(queries.ADD_RECIPE, row)
            self._made[made] = int(self._connection.execute(queries.FIND_RECIPE, row).fetchone()[0])
        return self._made[made]

    def _criteria(self, names: str) -> int:
        if names not in self._judged:
            self._connection.execute(queries.ADD_CRITERIA, (names,))
            self._judged[names] = int(self._connection.execute(queries.FIND_CRITERIA, (names,)).fetchone()[0])
        return self._judged[names]

    def note_files(self, files: Sequence[tuple[Path, FileState]]) -> None:
        """Keep the present state of files whose outcomes still hold.

        Raises
        ------
        OutputError
            If the store cannot be written.
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
        """Every finished micrograph as far as a later run asks, or those of `paths`, with its path as text.

        Raises
        ------
        OutputError
            If the store cannot be read.
        """
        with self.snapshot() as connection:
            made = {key: queries.processing_of(row) for key, *row in connection.execute(queries.RECIPES)}
            if paths is None:
                rows: Iterable[Row] = connection.execute(queries.ENTRIES)
            else:
                one_each = ((stored_text(str(path)),) for path in paths)
                rows = chain.from_iterable(connection.execute(queries.ENTRY_OF, one) for one in one_each)
            for path, recipe, asked, size, mtime_ns, content_hash, status in rows:
                origin = Provenance(FileState(size, mtime_ns, content_hash), asked, made[recipe])
                yield text_of(path), Entry(status, origin)

    def statuses(self) -> dict[str, Status]:
        """The status of every finished micrograph, by its path as text.

        Raises
        ------
        OutputError
            If the store cannot be read.
        """
        with self.snapshot() as connection:
            return {text_of(path): status for path, status in connection.execute(queries.STATUSES)}

    def made(self) -> Processing | None:
        """How the micrograph that was finished last was estimated; None if there is none yet.

        Raises
        ------
        OutputError
            If the store cannot be read.
        """
        with self.snapshot() as connection:
            row = connection.execute(queries.LAST_RECIPE).fetchone()
        return None if row is None else queries.processing_of(row)

    def __len__(self) -> int:
        with self.snapshot() as connection:
            return int(connection.execute(queries.COUNT).fetchone()[0])

    def __iter__(self) -> Iterator[Named]:
        return (named for _, named in self._read(queries.OUTCOMES, queries.ATTEMPTS))

    def kinds(self) -> Iterator[Named]:
        """Few micrographs that stand for all where tables only ask what there is: see `overview`.

        Raises
        ------
        OutputError
            If the store cannot be read.
        """
        with self.snapshot() as connection:
            chosen = [key for (key,) in connection.execute(queries.KINDS)]
            yield from (named for _, named in self.some(chosen))

    def some(self, micrographs: Sequence[int]) -> Iterator[tuple[int, Named]]:
        """Those finished micrographs of these numbers, each with its number, in the order of the run.

        Raises
        ------
        OutputError
            If the store cannot be read.
        """
        chosen = compact(list(micrographs))
        return self._read(queries.CHOSEN_OUTCOMES, queries.CHOSEN_ATTEMPTS, chosen)

    def _read(self, outcomes: str, attempts: str, *chosen: str) -> Iterator[tuple[int, Named]]:
        with self.snapshot() as connection:
            names = {key: tuple(json.loads(text)) for key, text in connection.execute(queries.CRITERIA)}
            groups = groupby(connection.execute(attempts, chosen), itemgetter(0))
            group = next(groups, None)
            for key, path, name, verdict, estimate, who, at, *row in connection.execute(outcomes, chosen):
                found = {}
                if group is not None and group[0] == key:
                    found = {one[1]: attempt_of(one[3:], names[one[2]]) for one in group[1]}
                    group = next(groups, None)
                tried = tuple(attempt for number, attempt in found.items() if number >= 0)
                outcome = outcome_of(Path(text_of(path)), row, tried)
                if verdict is None and estimate is None:
                    yield key, Named(outcome, text_of(name))
                    continue
                decision = Decision(verdict, estimate is not None, who, at)
                decided = with_decision(outcome, decision, found.get(estimate))
                yield key, Named(decided, text_of(name), decision)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with sqlite_errors(self._path):
            try:
                with transaction(self._connection):
                    yield self._connection
            except BaseException:
                self._made.clear()
                self._judged.clear()
                raise

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """See one state of the store in the whole block, whatever another process adds meanwhile.

        Raises
        ------
        OutputError
            If the store cannot be read.
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


@dataclass(frozen=True, slots=True)
class Finished:
    """One micrograph: where its file lies (`place`, absolute), what came of it, and what that came from.

    `attempts` are by their numbers in the store: from 0 those of the program, below 0 those of people, -1 the first.
    `kept` is the number of the one that stands, None where there is none. `automatic` is what the program found,
    `outcome` what stands, by the `decision` of a person if there is one. `name` is that of the artefacts.
    """

    number: int
    place: Path
    name: str
    automatic: Outcome
    outcome: Outcome
    decision: Decision | None
    attempts: Mapping[int, Attempt]
    kept: int | None
    origin: Provenance


def read_finished(store: Store, number: int) -> Finished | None:
    """Read one micrograph by its number in the store; None: it is not finished.

    Raises
    ------
    OutputError
        If the store cannot be read.
    """
    with store.snapshot() as connection:
        row = connection.execute(queries.ONE, (number,)).fetchone()
        if row is None:
            return None
        names = {key: tuple(json.loads(text)) for key, text in connection.execute(queries.CRITERIA)}
        rows = connection.execute(queries.CHOSEN_ATTEMPTS, (f"[{number}]",))
        attempts = {one[1]: attempt_of(one[3:], names[one[2]]) for one in rows}
        path, place, name, verdict, estimate, who, at, asked, size, mtime_ns, *others = row
        made, outcome = others[:4], others[4:]
    tried = tuple(attempt for key, attempt in attempts.items() if key >= 0)
    automatic = outcome_of(Path(text_of(path)), outcome, tried)
    stands = verdict is not None or estimate is not None
    decision = Decision(verdict, estimate is not None, who, at) if stands else None
    return Finished(
        number=number,
        place=Path(text_of(place)),
        name=text_of(name),
        automatic=automatic,
        outcome=automatic if decision is None else with_decision(automatic, decision, attempts.get(estimate)),
        decision=decision,
        attempts=attempts,
        kept=automatic.chosen if estimate is None else estimate,
        origin=Provenance(
            FileState(size, mtime_ns, automatic.content_hash), asked, queries.processing_of(made)
        ),
    )
