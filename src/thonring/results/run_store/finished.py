"""All that the store holds of one micrograph, also what a person kept and gave up again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from thonring.records import Attempt, Outcome
from thonring.results.run_store import queries
from thonring.results.run_store.decided import Decision, with_decision
from thonring.results.run_store.origin import FileState, Origin
from thonring.results.run_store.rows import attempt_of, outcome_of, text_of
from thonring.results.run_store.store import Store


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
    origin: Origin


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
        origin=Origin(FileState(size, mtime_ns, automatic.content_hash), asked, queries.made_of(made)),
    )
