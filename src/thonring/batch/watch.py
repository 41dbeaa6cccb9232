"""A watched folder: new files are estimated as they arrive, until the watch ends."""

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from thonring.batch.estimation import DatabaseSink, Task, run_jobs
from thonring.batch.executors.base import Executor
from thonring.batch.folder_scan import Arrivals, FolderListing, FolderScanner, ScanPattern
from thonring.batch.interrupts import signal_of, terminable
from thonring.batch.jobs import RunOptions, plan, work
from thonring.batch.resume import PendingJob, ResumePlan, resume_some
from thonring.batch.run import PeriodicWriter, RunResult, keep_results
from thonring.errors import ClusterError, OpticsError, OutputError
from thonring.formats.run_tables import write_run_tables
from thonring.optics import PartialOptics
from thonring.read import source
from thonring.records import KnownDefocus, Outcome, Source
from thonring.run.names import artefact_names
from thonring.run.store import Store

SCAN_SHARE = 0.1
"""A large folder on a slow disk takes long to scan: at most this share of the time goes into scans."""

RATE_WINDOW_S = 3600.0
RATE_FROM_S = 60.0
"""Rates are counted over the last hour, and not given in the first minute."""


@dataclass(frozen=True, slots=True)
class Until:
    """When a watch ends: after `idle_s` seconds without anything to do, at a time, or after a number of `files`.

    Whichever is reached first ends it.
    """

    idle_s: float | None = None
    at: datetime | None = None
    files: int | None = None

    def is_over(self, now: datetime, done: int) -> bool:
        """Whether the time or the number of files is reached, even if there is still work."""
        return (self.at is not None and now >= self.at) or (self.files is not None and done >= self.files)

    def is_idle(self, idle_s: float) -> bool:
        """Whether the watch ends after `idle_s` seconds with nothing to do."""
        return self.idle_s is not None and idle_s >= self.idle_s


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """What to watch and how.

    Attributes
    ----------
    pattern
        The folder and the files in it.
    optics
        The optics as far as the user gave them.
    run_options
        What all micrographs of the run share.
    until
        When it ends.
    known
        Known defocus values, as `plan` takes them.
    every_s
        Scan interval in seconds.
    stable_s
        A file is complete when it has been unchanged for this many seconds.
    task
        The function that processes a job.
    """

    pattern: ScanPattern
    optics: PartialOptics
    run_options: RunOptions
    until: Until
    known: Mapping[str, KnownDefocus] | None = None
    every_s: float = 10.0
    stable_s: float = 20.0
    task: Task = work


@dataclass(frozen=True, slots=True)
class WatchState:
    """A moment of a watch.

    Attributes
    ----------
    at
        The time of day.
    accepted, rejected, failed
        Micrographs of the whole run folder.
    backlog
        Complete files that are still to be processed.
    settling
        Files that may still be being written.
    waiting
        Files without the metadata that state their voltage.
    arriving_per_h, done_per_h
        Files per hour; None where it is too early to say.
    last_file, last_arrival
        The newest file and when it arrived; None before the first one.
    folder_unreadable
        Whether the watched folder cannot be listed.
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
    folder_unreadable: bool


class WatchReporter(Protocol):
    """Shows the user what happens."""

    def resumed(self, resumed: ResumePlan) -> None:
        """New files were compared with the contents of the run."""

    def outcome(self, outcome: Outcome) -> None:
        """A micrograph is finished, and in the database."""

    def problem(self, text: str) -> None:
        """Something failed and will be retried, or has recovered."""

    def state(self, state: WatchState) -> None:
        """The state of the watch, from time to time."""


@dataclass(frozen=True, slots=True)
class WatchResult:
    """How a watch ended: its micrographs, and how many files in the folder are not processed."""

    run: RunResult
    left: int


def _now() -> datetime:
    return datetime.now().astimezone()


@dataclass(frozen=True, slots=True)
class Clock:
    """`seconds` is monotonic; `now` is the time of day, with its zone; `sleep` waits a number of seconds."""

    seconds: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = _now
    sleep: Callable[[float], None] = time.sleep


class Rate:
    """Events per hour, over the last hour or since the beginning; None in the first minute."""

    def __init__(self, now_s: float) -> None:
        self._began_s = now_s
        self._times_s: deque[float] = deque()

    def add(self, now_s: float, count: int = 1) -> None:
        """Count `count` events now."""
        self._times_s.extend([now_s] * count)

    def per_hour(self, now_s: float) -> float | None:
        """The rate now."""
        while self._times_s and self._times_s[0] < now_s - RATE_WINDOW_S:
            self._times_s.popleft()
        elapsed_s = min(RATE_WINDOW_S, now_s - self._began_s)
        return None if elapsed_s < RATE_FROM_S else 3600.0 * len(self._times_s) / elapsed_s


def watch(
    store: Store,
    options: WatchOptions,
    executor: Executor,
    reporter: WatchReporter,
    clock: Clock | None = None,
) -> WatchResult:
    """Estimate what is in a folder and what arrives in it, and store each outcome in the database as it is finished.

    Files that the run has finished and whose results are still valid are skipped. Bad files and folders that
    cannot be listed do not end the watch; Ctrl-C and SIGTERM do, as they end `estimate_all`. A file that failed
    is tried again when it changes. The tables are written periodically and at the end.

    Raises
    ------
    OutputError
        If an outcome cannot be stored or a table cannot be written; earlier outcomes are kept.
    ClusterError
        If no worker is left; earlier outcomes are kept and in the tables.
    """
    watching = _Watching(store, options, executor, reporter, clock or Clock())
    stopped_by = None
    with terminable():
        try:
            watching.run()
        except KeyboardInterrupt as stop:
            stopped_by = signal_of(stop)
        except ClusterError:
            watching.tables.write()
            raise
        watching.tables.write()
    return WatchResult(RunResult(watching.done, watching.failed, stopped_by), watching.left)


class _Watching:
    """A watch in progress."""

    def __init__(
        self, store: Store, options: WatchOptions, executor: Executor, reporter: WatchReporter, clock: Clock
    ) -> None:
        self._store, self._options, self._reporter, self._clock = store, options, reporter, clock
        self._executor = executor
        now_s = clock.seconds()
        self.tables = PeriodicWriter(lambda: write_run_tables(store), clock.seconds)
        self.done = self.failed = 0
        self._statuses = store.statuses()
        self._counts = Counter(self._statuses.values())
        self._scanner = FolderScanner(options.pattern)
        self._arrivals = Arrivals(options.stable_s, now_s)
        self._arrival_rate, self._done_rate = Rate(now_s), Rate(now_s)
        self._next_scan_s = now_s
        self._has_scanned = False
        self._unreadable: dict[str, str] = {}
        self._complete: list[str] = []
        self._backlog = 0
        self._waiting: set[str] = set()
        self._has_reported_waiting = False
        self._last: tuple[str, datetime] | None = None

    @property
    def left(self) -> int:
        """Files in the folder that are not processed."""
        return self._backlog + len(self._complete) + self._arrivals.settling + len(self._waiting)

    def run(self) -> None:
        """Scan, run the pending jobs, wait; until the watch ends."""
        while True:
            self._scan_if_due()
            self._run_all(self._pending_jobs())
            self.tables.write_if_due()
            self._report_state()
            if self._is_over() or self._is_idle():
                return
            if not self._complete:
                self._clock.sleep(max(0.0, self._next_scan_s - self._clock.seconds()))

    def _is_over(self) -> bool:
        return self._options.until.is_over(self._clock.now(), self._counts.total())

    def _is_idle(self) -> bool:
        """Nothing arrived for long enough. While the folder is unreadable, files may be arriving unnoticed."""
        if self._complete or self._arrivals.settling or self._folder_unreadable:
            return False
        return self._options.until.is_idle(self._clock.seconds() - self._arrivals.changed_s)

    @property
    def _folder_unreadable(self) -> bool:
        return str(self._options.pattern.folder) in self._unreadable

    def _scan_if_due(self) -> None:
        began_s = self._clock.seconds()
        if began_s < self._next_scan_s:
            return
        self._take_in(self._scanner.scan())
        now_s = self._clock.seconds()
        self._next_scan_s = now_s + max(self._options.every_s, (now_s - began_s) / SCAN_SHARE)

    def _take_in(self, listing: FolderListing) -> None:
        self._report_unreadable(listing)
        now_s = self._clock.seconds()
        new = self._arrivals.update(listing, now_s)
        if self._folder_unreadable:
            self._arrivals.changed_s = now_s
        else:
            self._waiting &= listing.files.keys()
        self._count_arrivals(listing, new)
        self._has_scanned = self._has_scanned or not self._folder_unreadable
        self._complete += self._arrivals.take_stable(now_s)

    def _count_arrivals(self, listing: FolderListing, new: Sequence[str]) -> None:
        """Count arrivals; for files of the first scan, whose arrival is unknown, their own time is used."""
        if not new:
            return
        now = self._clock.now()
        newest = max(new, key=lambda path: listing.files[path].mtime_ns)
        if self._has_scanned:
            self._arrival_rate.add(self._clock.seconds(), len(new))
            self._last = newest, now
        else:
            self._last = newest, _time_of(listing.files[newest].mtime_ns, now)

    def _report_unreadable(self, listing: FolderListing) -> None:
        for folder in listing.unreadable.keys() - self._unreadable.keys():
            reason = listing.unreadable[folder]
            self._reporter.problem(f"folder {folder}: cannot be listed ({reason}); retried at every scan")
        for folder in self._unreadable.keys() & listing.listed:
            self._reporter.problem(f"folder {folder}: can be listed again")
        self._unreadable = dict(listing.unreadable)

    def _pending_jobs(self) -> Sequence[PendingJob]:
        """Jobs of the complete files that the run has not finished."""
        complete, self._complete = self._complete, []
        sources = [source for source in map(self._source, complete) if source is not None]
        if not sources:
            return ()
        names = self._store.register([source.path for source in sources])
        jobs = plan(sources, self._options.run_options, self._options.known, names)
        resumed = resume_some(self._store, jobs, self._options.run_options)
        self._reporter.resumed(resumed)
        return resumed.pending

    def _source(self, path: str) -> Source | None:
        """The file with its optics; None while they are unknown, or if no table can represent its name."""
        self._waiting.discard(path)
        try:
            artefact_names([Path(path)])
            return source(Path(path), self._options.optics, metadata=self._options.pattern.metadata)
        except OpticsError as problem:
            if not self._has_reported_waiting:
                self._reporter.problem(
                    f"{problem} Waiting for it; other images without metadata wait as well."
                )
            self._has_reported_waiting = True
            self._waiting.add(path)
        except OutputError as problem:
            self._reporter.problem(str(problem))
        return None

    def _run_all(self, pending: Sequence[PendingJob]) -> None:
        """Run the jobs, scanning in between; stops early if the watch ends."""
        if not pending:
            return
        self._backlog = len(pending)
        results = run_jobs([pending_job.job for pending_job in pending], self._executor, self._options.task)
        sink = DatabaseSink(self._store, pending)
        with closing(keep_results(results, sink, self.tables)) as outcomes:
            for outcome in outcomes:
                self._count(outcome)
                self._reporter.outcome(outcome)
                self._scan_if_due()
                self._report_state()
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
        self._done_rate.add(self._clock.seconds())

    def _report_state(self) -> None:
        now_s = self._clock.seconds()
        last_file, last_arrival = self._last or (None, None)
        self._reporter.state(
            WatchState(
                at=self._clock.now(),
                accepted=self._counts["accepted"],
                rejected=self._counts["rejected"],
                failed=self._counts["failed"],
                backlog=self._backlog + len(self._complete),
                settling=self._arrivals.settling,
                waiting=len(self._waiting),
                arriving_per_h=self._arrival_rate.per_hour(now_s),
                done_per_h=self._done_rate.per_hour(now_s),
                last_file=last_file,
                last_arrival=last_arrival,
                folder_unreadable=self._folder_unreadable,
            )
        )


def _time_of(mtime_ns: int, now: datetime) -> datetime:
    """When a file was changed, also for times outside the calendar's range, which file systems may have."""
    try:
        return datetime.fromtimestamp(1e-9 * mtime_ns, now.tzinfo)
    except (ValueError, OverflowError, OSError):
        return now
