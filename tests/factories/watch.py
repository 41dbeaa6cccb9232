"""A watch under a clock that only `sleep` moves, with what happens to the folder written down beforehand."""

import csv
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from factories import tasks
from thonring.batch.executors.base import Inline
from thonring.batch.folder_scan import ScanPattern
from thonring.batch.jobs import Job, RunOptions, failure
from thonring.batch.resume import ResumePlan
from thonring.batch.watch import Clock, Until, WatchOptions, WatchResult, WatchState, watch
from thonring.optics import PartialOptics
from thonring.records import Outcome
from thonring.run.store import Store
from thonring.settings import Settings

START = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)
MAX_S = 24 * 3600
GIVEN = PartialOptics(300.0, 2.7)
IDLE = Until(idle_s=300.0)


@dataclass
class Script:
    """Events by their second; each happens during the sleep that reaches it."""

    events: list[tuple[float, Callable[[], object]]]
    now_s: float = 0.0

    def clock(self) -> Clock:
        return Clock(lambda: self.now_s, lambda: START + timedelta(seconds=self.now_s), self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        assert self.now_s < MAX_S, "the watch did not end"
        while self.events and self.events[0][0] <= self.now_s:
            self.events.pop(0)[1]()


@dataclass
class Reporter:
    """Keeps what is reported to it."""

    outcomes: list[Outcome] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    states: list[WatchState] = field(default_factory=list)
    resumptions: list[ResumePlan] = field(default_factory=list)

    def resumed(self, resumed: ResumePlan) -> None:
        self.resumptions.append(resumed)

    def outcome(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def problem(self, text: str) -> None:
        self.problems.append(text)

    def state(self, state: WatchState) -> None:
        self.states.append(state)

    @property
    def names(self) -> list[str]:
        return [one.path.name for one in self.outcomes]


def read(job: Job) -> Outcome:
    """What is in the file says what becomes of it."""
    try:
        content = job.source.path.read_text()
    except OSError as problem:
        return failure(job, f"{job.source.path}: {problem.strerror}")
    if content == "bad":
        return failure(job, f"{job.source.path}: bad")
    return tasks.outcome_of(job.source.path, *([] if content == "good" else [content]))


def written(path: Path, content: str = "good") -> Callable[[], object]:
    return lambda: path.write_text(content)


class Watching:
    """A watch of `raw` for `run`, ready to be given its script."""

    def __init__(self, raw: Path, run: Path, store: Store) -> None:
        self.raw, self.run, self.store = raw, run, store
        self.reporter = Reporter()
        self.script = Script([])

    def __call__(self, *events: tuple[float, Callable[[], object]], **asked: Any) -> WatchResult:
        self.script.events = [(self.script.now_s + moment_s, act) for moment_s, act in events]
        metadata = bool(asked.pop("metadata", True))
        executor = asked.pop("executor", Inline())
        plain = WatchOptions(
            ScanPattern(self.raw, metadata=metadata), GIVEN, RunOptions(self.run, Settings()), IDLE, task=read
        )
        return watch(self.store, replace(plain, **asked), executor, self.reporter, self.script.clock())

    def verdicts(self) -> dict[str, str]:
        return {one.outcome.path.name: one.outcome.status for one in self.store}


def rows(run: Path) -> list[str]:
    with (run / "results.csv").open(newline="", encoding="utf-8") as table:
        return [Path(row["file"]).name for row in csv.DictReader(table)]
