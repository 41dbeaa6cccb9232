"""A folder watched, and what comes into it estimated, until the end."""

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from thonring.batch.executors.base import Executor
from thonring.batch.folder_scan import Arrivals, FolderListing, FolderScanner, ScanPattern
from thonring.batch.interrupts import signal_of, terminable
from thonring.batch.jobs import Recipe, plan, work
from thonring.batch.resume import PendingJob, ResumePlan, resume_some
from thonring.batch.run import Session, Tables, Task, kept
from thonring.errors import ClusterError, OpticsError, OutputError
from thonring.optics import PartialOptics
from thonring.read import source
from thonring.records import KnownDefocus, Outcome, Source
from thonring.run.names import artefact_names
from thonring.run.store import Store


def _now() -> datetime:
    return datetime.now().astimezone()


@dataclass(frozen=True, slots=True)
class Clock:
    """`seconds` never go back; `now` is the time of day, with its zone; `sleep` waits so many seconds."""

    seconds: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = _now
    sleep: Callable[[float], None] = time.sleep


WINDOW_S = 3600.0
LEAST_S = 60.0


class Rate:
    """Events an hour, over the last hour or since the beginning; None before a minute has gone."""

    def __init__(self, now_s: float) -> None:
        self._began_s = now_s
        self._moments_s: deque[float] = deque()

    def add(self, now_s: float, count: int = 1) -> None:
        """So many events, now."""
        self._moments_s.extend([now_s] * count)

    def per_hour(self, now_s: float) -> float | None:
        """The rate now."""
        while self._moments_s and self._moments_s[0] < now_s - WINDOW_S:
            self._moments_s.popleft()
        elapsed_s = min(WINDOW_S, now_s - self._began_s)
        return None if elapsed_s < LEAST_S else 3600.0 * len(self._moments_s) / elapsed_s


@dataclass(frozen=True, slots=True)
class WatchState:
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


class WatchReporter(Protocol):
    """Is told what happens."""

    def resumed(self, resumed: ResumePlan) -> None:
        """Files were found finished, and held against the run."""

    def outcome(self, outcome: Outcome) -> None:
        """A micrograph is done, and in the store."""

    def problem(self, text: str) -> None:
        """Something is amiss and will be tried again, or is well again."""

    def state(self, state: WatchState) -> None:
        """How things stand, now and then."""


@dataclass(frozen=True, slots=True)
class Until:
    """What comes first ends it: nothing new for `idle_s` seconds and all done, a time, or so many `files` done."""

    idle_s: float | None = None
    at: datetime | None = None
    files: int | None = None

    def is_over(self, now: datetime, done: int) -> bool:
        """Whether the time has come or the number is reached, whatever is still to be done."""
        return (self.at is not None and now >= self.at) or (self.files is not None and done >= self.files)

    def is_idle(self, idle_s: float) -> bool:
        """Whether so long without anything to do is the end."""
        return self.idle_s is not None and idle_s >= self.idle_s


LOOKING_SHARE = 0.1
"""A large folder on a slow disk takes long to look at: no more than this part of the time goes into it."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What is to be watched and how: a look every `every_s`; a file is finished when it stood still for `stable_s`.

    `optics` are as far as they are given; `known` are defoci as `plan` takes them.
    """

    lookout: ScanPattern
    optics: PartialOptics
    recipe: Recipe
    until: Until
    known: Mapping[str, KnownDefocus] | None = None
    every_s: float = 10.0
    stable_s: float = 20.0
    task: Task = work


@dataclass(frozen=True, slots=True)
class Watched:
    """What became of a watch: its micrographs, and how many files were there at the end and are not done."""

    session: Session
    left: int


def watch(
    store: Store, asked: Watch, executor: Executor, teller: WatchReporter, clock: Clock | None = None
) -> Watched:
    """Estimate what is in a folder and what comes into it, and keep each outcome in the store as it comes.

    Files that the run has done already and that still hold are left as they are. Bad files and folders that
    cannot be looked into do not end it; Ctrl-C and SIGTERM do, as they end `estimate_all`. A file that failed
    is tried again when it changes. The tables are written now and then, and at the end.

    Raises
    ------
    OutputError
        If an outcome cannot be kept or a table not be written; what was finished before is kept.
    ClusterError
        If there is nobody left who could do the jobs; what was finished before is kept and in the tables.
    """
    watching = _Watching(store, asked, executor, teller, clock or Clock())
    stopped_by = None
    with terminable():
        try:
            watching.go_on()
        except KeyboardInterrupt as stop:
            stopped_by = signal_of(stop)
        except ClusterError:
            watching.tables.write()
            raise
        watching.tables.write()
    return Watched(Session(watching.done, watching.failed, stopped_by), watching.left)


class _Watching:
    """A watch under way."""

    def __init__(
        self, store: Store, asked: Watch, executor: Executor, teller: WatchReporter, clock: Clock
    ) -> None:
        self._store, self._asked, self._teller, self._clock = store, asked, teller, clock
        self._executor = executor
        now_s = clock.seconds()
        self.tables = Tables(store, clock.seconds)
        self.done = self.failed = 0
        self._statuses = store.statuses()
        self._counts = Counter(self._statuses.values())
        self._looker = FolderScanner(asked.lookout)
        self._arrivals = Arrivals(asked.stable_s, now_s)
        self._arriving, self._finishing = Rate(now_s), Rate(now_s)
        self._next_look_s = now_s
        self._has_looked = False
        self._unlisted: dict[str, str] = {}
        self._ready: list[str] = []
        self._backlog = 0
        self._waiting: set[str] = set()
        self._has_told_waiting = False
        self._last: tuple[str, datetime] | None = None

    @property
    def left(self) -> int:
        """Files that are there and not done."""
        return self._backlog + len(self._ready) + self._arrivals.settling + len(self._waiting)

    def go_on(self) -> None:
        """Look, do what there is to do, wait; until the end."""
        while True:
            self._look_if_time()
            self._work_off(self._due())
            self.tables.write_if_time()
            self._tell_state()
            if self._is_over() or self._is_idle():
                return
            if not self._ready:
                self._clock.sleep(max(0.0, self._next_look_s - self._clock.seconds()))

    def _is_over(self) -> bool:
        return self._asked.until.is_over(self._clock.now(), self._counts.total())

    def _is_idle(self) -> bool:
        """Nothing came for long enough. While the folder is away nobody knows whether something comes."""
        if self._ready or self._arrivals.settling or self._is_away:
            return False
        return self._asked.until.is_idle(self._clock.seconds() - self._arrivals.changed_s)

    @property
    def _is_away(self) -> bool:
        return str(self._asked.lookout.folder) in self._unlisted

    def _look_if_time(self) -> None:
        began_s = self._clock.seconds()
        if began_s < self._next_look_s:
            return
        self._see(self._looker.look())
        now_s = self._clock.seconds()
        self._next_look_s = now_s + max(self._asked.every_s, (now_s - began_s) / LOOKING_SHARE)

    def _see(self, found: FolderListing) -> None:
        self._tell_unlisted(found)
        now_s = self._clock.seconds()
        fresh = self._arrivals.see(found, now_s)
        if self._is_away:
            self._arrivals.changed_s = now_s
        else:
            self._waiting &= found.files.keys()
        self._note_fresh(found, fresh)
        self._has_looked = self._has_looked or not self._is_away
        self._ready += self._arrivals.finished(now_s)

    def _note_fresh(self, found: FolderListing, fresh: Sequence[str]) -> None:
        """Files that were there at the first look came nobody knows when: their own time tells."""
        if not fresh:
            return
        now = self._clock.now()
        newest = max(fresh, key=lambda path: found.files[path].mtime_ns)
        if self._has_looked:
            self._arriving.add(self._clock.seconds(), len(fresh))
            self._last = newest, now
        else:
            self._last = newest, _time_of(found.files[newest].mtime_ns, now)

    def _tell_unlisted(self, found: FolderListing) -> None:
        for folder in found.unlisted.keys() - self._unlisted.keys():
            reason = found.unlisted[folder]
            self._teller.problem(
                f"folder {folder}: cannot be listed ({reason}); it is tried again at every look"
            )
        for folder in self._unlisted.keys() & found.listed:
            self._teller.problem(f"folder {folder}: can be listed again")
        self._unlisted = dict(found.unlisted)

    def _due(self) -> Sequence[PendingJob]:
        """Of the files that are finished those that the run has not done."""
        ready, self._ready = self._ready, []
        sources = [one for one in map(self._source, ready) if one is not None]
        if not sources:
            return ()
        names = self._store.register([one.path for one in sources])
        jobs = plan(sources, self._asked.recipe, self._asked.known, names)
        resumed = resume_some(self._store, jobs, self._asked.recipe)
        self._teller.resumed(resumed)
        return resumed.due

    def _source(self, path: str) -> Source | None:
        """The file with its optics; None where they are not known yet, or its name is one that no table can hold."""
        self._waiting.discard(path)
        try:
            artefact_names([Path(path)])
            return source(Path(path), self._asked.optics, metadata=self._asked.lookout.metadata)
        except OpticsError as problem:
            if not self._has_told_waiting:
                self._teller.problem(f"{problem} Until they come it waits, and so do others like it.")
            self._has_told_waiting = True
            self._waiting.add(path)
        except OutputError as problem:
            self._teller.problem(str(problem))
        return None

    def _work_off(self, due: Sequence[PendingJob]) -> None:
        """Do the jobs, and look between them; not all of them where the end comes first."""
        if not due:
            return
        self._backlog = len(due)
        asked = self._asked
        with closing(kept(self._store, due, self._executor, self.tables, asked.task)) as outcomes:
            for outcome in outcomes:
                self._count(outcome)
                self._teller.outcome(outcome)
                self._look_if_time()
                self._tell_state()
                if self._is_over():
                    return

    def _count(self, outcome: Outcome) -> None:
        self.done, self.failed = self.done + 1, self.failed + (outcome.status == "failed")
        self._backlog -= 1
        before = self._statuses.get(str(outcome.path))
        if before is not None:
            self._counts[before] -= 1
        self._statuses[str(outcome.path)] = outcome.status
        self._counts[outcome.status] += 1
        self._finishing.add(self._clock.seconds())

    def _tell_state(self) -> None:
        now_s = self._clock.seconds()
        last_file, last_arrival = self._last or (None, None)
        self._teller.state(
            WatchState(
                at=self._clock.now(),
                accepted=self._counts["accepted"],
                rejected=self._counts["rejected"],
                failed=self._counts["failed"],
                backlog=self._backlog + len(self._ready),
                settling=self._arrivals.settling,
                waiting=len(self._waiting),
                arriving_per_h=self._arriving.per_hour(now_s),
                done_per_h=self._finishing.per_hour(now_s),
                last_file=last_file,
                last_arrival=last_arrival,
                away=self._is_away,
            )
        )


def _time_of(mtime_ns: int, now: datetime) -> datetime:
    """When a file was changed; file systems hold times that no calendar has."""
    try:
        return datetime.fromtimestamp(1e-9 * mtime_ns, now.tzinfo)
    except (ValueError, OverflowError, OSError):
        return now
