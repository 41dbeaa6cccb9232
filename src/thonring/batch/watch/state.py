"""How a watch stands, and who is told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from thonring.batch.resume import Resumed
from thonring.records import Outcome


@dataclass(frozen=True, slots=True)
class State:
    """A moment of a watch.

    `accepted`, `rejected` and `failed` are of the whole run folder. Of the files in the folder `backlog` are to be
    done, `settling` may still be written to, and `waiting` lack metadata that state their voltage. Rates are per
    hour, None where it is too early to tell; `last_file` came at `last_arrival`, both None before the first.
    `away`: the folder cannot be looked into.
    """

    at: datetime
    accepted: int
    rejected: int
    failed: int
    backlog: int
    settling: int
    waiting: int
    arriving_per_h: float | None
    done_per_h: float | None
    last_file: str | None
    last_arrival: datetime | None
    away: bool


class Teller(Protocol):
    """Is told what happens."""

    def resumed(self, resumed: Resumed) -> None:
        """Files were found finished, and held against the run."""

    def outcome(self, outcome: Outcome) -> None:
        """A micrograph is done, and in the store."""

    def problem(self, text: str) -> None:
        """Something is amiss and will be tried again, or is well again."""

    def state(self, state: State) -> None:
        """How things stand, now and then."""
