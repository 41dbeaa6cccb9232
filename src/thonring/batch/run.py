"""The run loop of every command: results of an executor go into a sink as they are finished, however the run ends.

A sink is a database, a data set or a set of tables. Its contents are kept and written when the run is interrupted, and
the exit code says how the run ended.
"""

import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Generic, TypeVar

from thonring.batch.interrupts import interrupts_deferred, signal_of, terminable
from thonring.errors import ClusterError

R = TypeVar("R")

WRITE_EVERY_S = 30.0

WRITING_SHARE = 0.05
"""Tables of a large run take long to write: at most this share of the time goes into them."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended: the number of results and failures, and the signal that ended it early, if any."""

    done: int
    failed: int
    stopped_by: signal.Signals | None = None

    @property
    def interrupted(self) -> bool:
        """Whether it ended early."""
        return self.stopped_by is not None

    @property
    def exit_code(self) -> int:
        """0 if all succeeded, 1 if some failed, 128 plus its number after a signal, as shells have it."""
        if self.stopped_by is not None:
            return 128 + self.stopped_by
        return 1 if self.failed else 0


class Sink(ABC, Generic[R]):
    """Where results go; `done` results were kept, `failed` of them failures."""

    def __init__(self) -> None:
        self.done = self.failed = 0

    def add(self, index: int, result: R) -> R:
        """Keep the result of job number `index`, and return it as it was kept.

        Raises
        ------
        OutputError
            If it cannot be kept.
        """
        with interrupts_deferred():
            kept = self._keep(index, result)
            self.done += 1
            self.failed += self._is_failure(kept)
        return kept

    def write(self) -> None:
        """Write the tables; a sink that stores each result on disk at once has nothing to do.

        Raises
        ------
        OutputError
            If one cannot be written.
        """

    @abstractmethod
    def _keep(self, index: int, result: R) -> R: ...

    @abstractmethod
    def _is_failure(self, result: R) -> bool: ...


class OrderedSink(Sink[R]):
    """Results that are also collected in memory, in the order of their jobs."""

    def __init__(self) -> None:
        super().__init__()
        self._by_index: dict[int, R] = {}

    @property
    def results(self) -> tuple[R, ...]:
        """All finished results, in the order of their jobs."""
        return tuple(self._by_index[index] for index in sorted(self._by_index))

    def _keep(self, index: int, result: R) -> R:
        self._by_index[index] = result
        return result


class TableSink(OrderedSink[R]):
    """Results in tables, which `write_tables` rewrites from all results so far."""

    def __init__(
        self, write_tables: Callable[[tuple[R, ...]], None], is_failure: Callable[[R], bool]
    ) -> None:
        super().__init__()
        self._write_tables, self._fails = write_tables, is_failure

    def write(self) -> None:
        """Write the tables."""
        self._write_tables(self.results)

    def _is_failure(self, result: R) -> bool:
        return self._fails(result)


class PeriodicWriter:
    """Calls `write` from time to time while there is something new; `clock_s` gives seconds that never go back."""

    def __init__(self, write: Callable[[], None], clock_s: Callable[[], float] = time.monotonic) -> None:
        self._write, self._clock_s = write, clock_s
        self._last_s, self._took_s = clock_s(), 0.0
        self._outdated = False

    def mark_outdated(self) -> None:
        """Note that there is something new to write."""
        self._outdated = True

    def write_if_due(self) -> None:
        """Write what is new, unless it is too soon after the last time.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        pause_s = max(WRITE_EVERY_S, self._took_s / WRITING_SHARE)
        if self._outdated and self._clock_s() - self._last_s >= pause_s:
            self.write()

    def write(self) -> None:
        """Write now.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        began_s = self._clock_s()
        self._write()
        self._last_s = self._clock_s()
        self._took_s = self._last_s - began_s
        self._outdated = False


def keep_results(
    results: Generator[tuple[int, R], None, None], sink: Sink[R], writer: PeriodicWriter
) -> Generator[R, None, None]:
    """Add each result, which comes with the index of its job, to the sink and yield it; write periodically.

    Raises
    ------
    OutputError
        If a result cannot be kept or a table cannot be written; earlier results stay.
    """
    with closing(results):
        for index, result in results:
            kept = sink.add(index, result)
            writer.mark_outdated()
            writer.write_if_due()
            yield kept


def collect_results(
    results: Generator[tuple[int, R], None, None], sink: Sink[R], report: Callable[[R], None]
) -> RunResult:
    """Keep all results in the sink, call `report` with each, and write the tables periodically and at the end.

    Ctrl-C and SIGTERM end the run early: finished results are kept and written, unfinished jobs are dropped. A second
    Ctrl-C while the tables are written aborts that too.

    Raises
    ------
    OutputError
        If a result cannot be kept or a table cannot be written; earlier results stay.
    ClusterError
        If no worker is left; earlier results are kept and written.
    """
    writer = PeriodicWriter(sink.write)
    stopped_by = None
    with terminable():
        try:
            with closing(keep_results(results, sink, writer)) as kept:
                for result in kept:
                    report(result)
        except KeyboardInterrupt as stop:
            stopped_by = signal_of(stop)
        except ClusterError:
            writer.write()
            raise
        writer.write()
    return RunResult(sink.done, sink.failed, stopped_by)
