"""A watch under a clock that only `sleep` moves, with what happens to the folder written down beforehand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from thonring.batch.resume import Resumed
from thonring.batch.watch.clock import Clock
from thonring.batch.watch.state import State
from thonring.records import Outcome

START = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)
MOST_S = 24 * 3600


@dataclass
class Script:
    """Events by their second; each happens during the sleep that reaches it."""

    events: list[tuple[float, Callable[[], object]]]
    now_s: float = 0.0

    def clock(self) -> Clock:
        return Clock(lambda: self.now_s, lambda: START + timedelta(seconds=self.now_s), self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        assert self.now_s < MOST_S, "the watch did not end"
        while self.events and self.events[0][0] <= self.now_s:
            self.events.pop(0)[1]()


@dataclass
class Told:
    """Keeps what it is told."""

    outcomes: list[Outcome] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    resumptions: list[Resumed] = field(default_factory=list)

    def resumed(self, resumed: Resumed) -> None:
        self.resumptions.append(resumed)

    def outcome(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def problem(self, text: str) -> None:
        self.problems.append(text)

    def state(self, state: State) -> None:
        self.states.append(state)

    @property
    def names(self) -> list[str]:
        return [one.path.name for one in self.outcomes]
