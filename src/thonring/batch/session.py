"""A run from its first job to its tables, whatever happens in between."""

import signal
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass

from thonring.batch.execute import Task, run
from thonring.batch.executor import Executor
from thonring.batch.resume import Due
from thonring.batch.tables import Tables
from thonring.batch.termination import signal_of, terminable
from thonring.batch.work import work
from thonring.errors import ClusterError
from thonring.records import Outcome
from thonring.results import Store


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
    tables = Tables(store)
    done = failed = 0
    stopped_by = None
    with terminable():
        try:
            with closing(kept(store, due, executor, tables, task)) as outcomes:
                for outcome in outcomes:
                    done, failed = done + 1, failed + (outcome.status == "failed")
                    tell(outcome)
        except KeyboardInterrupt as stop:
            stopped_by = signal_of(stop)
        except ClusterError as problem:
            tables.write()
            raise ClusterError(f"{problem} {done} of {len(due)} micrographs are done.") from problem
        tables.write()
    return Session(done, failed, stopped_by)


def kept(
    store: Store, due: Sequence[Due], executor: Executor, tables: Tables, task: Task = work
) -> Generator[Outcome, None, None]:
    """Do the jobs and give each outcome when it is in the store; the tables are written now and then.

    Raises
    ------
    OutputError
        If an outcome cannot be kept or a table not be written; what was finished before is kept.
    """
    with closing(run([one.job for one in due], executor, task)) as finished:
        for index, outcome in finished:
            store.add(outcome, due[index].origin)
            tables.outdated()
            tables.write_if_time()
            yield outcome
