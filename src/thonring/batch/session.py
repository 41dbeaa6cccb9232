"""A run from its first job to its tables, whatever happens in between."""

import signal
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from thonring.batch.execute import Task, run
from thonring.batch.executor import Executor
from thonring.batch.ledger import WRITE_EVERY_S
from thonring.batch.resume import Due
from thonring.batch.termination import signal_of, terminable
from thonring.batch.work import work
from thonring.errors import ClusterError
from thonring.records import Outcome
from thonring.results import Store, write_run_tables

WRITING_SHARE = 0.05
"""Tables of a large run take long to write: no more than this part of the time goes into them."""


@dataclass(frozen=True, slots=True)
class Session:
    """What became of a run: micrographs done, how many of them failed, and the signal that ended it early."""

    done: int
    failed: int
    stopped_by: signal.Signals | None

    @property
    def interrupted(self) -> bool:
        """Whether it was ended early."""
        return self.stopped_by is not None


def estimate_all(
    store: Store, due: Sequence[Due], executor: Executor, tell: Callable[[Outcome], None], task: Task = work
) -> Session:
    """Do the jobs, keep each outcome in the store of the run as it comes, and call `tell` with it.

    The tables are written from the store at the end, and now and then before. Ctrl-C and SIGTERM end the run
    early; what is finished is kept, what is in work is given up.

    Raises
    ------
    OutputError
        If an outcome cannot be kept or a table not be written; what was finished before is kept.
    ClusterError
        If there is nobody left who could do the jobs; what was finished before is kept and in the tables.
    """
    tables = _Tables(store)
    done = failed = 0
    stopped_by = None
    with terminable():
        try:
            with closing(run([one.job for one in due], executor, task)) as finished:
                for index, outcome in finished:
                    store.add(outcome, due[index].origin)
                    done, failed = done + 1, failed + (outcome.status == "failed")
                    tables.write_if_time()
                    tell(outcome)
        except KeyboardInterrupt as stop:
            stopped_by = signal_of(stop)
        except ClusterError as problem:
            tables.write()
            raise ClusterError(f"{problem} {done} of {len(due)} micrographs are done.") from problem
        tables.write()
    return Session(done, failed, stopped_by)


class _Tables:
    """The tables of a run, with when they were last written and how long that took."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._written, self._took_s = time.monotonic(), 0.0

    def write_if_time(self) -> None:
        pause_s = max(WRITE_EVERY_S, self._took_s / WRITING_SHARE)
        if time.monotonic() - self._written >= pause_s:
            self.write()

    def write(self) -> None:
        began = time.monotonic()
        write_run_tables(self._store)
        self._written = time.monotonic()
        self._took_s = self._written - began
