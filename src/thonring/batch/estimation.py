"""Estimation of many micrographs: an executor runs jobs, and outcomes go into the run's database and tables."""

from collections.abc import Callable, Generator, Sequence

from thonring.batch.executors.base import Executor, TaskSpec
from thonring.batch.jobs import Job, failure, work
from thonring.batch.resume import PendingJob
from thonring.batch.run import RunResult, Sink, collect_results
from thonring.errors import ClusterError
from thonring.formats.run_tables import write_run_tables
from thonring.records import Outcome
from thonring.run.store import Store

Task = Callable[[Job], Outcome]


class DatabaseSink(Sink[Outcome]):
    """The database of a run, and the tables that are written from it."""

    def __init__(self, store: Store, pending: Sequence[PendingJob]) -> None:
        super().__init__()
        self._store, self._pending = store, pending

    def write(self) -> None:
        """Write the tables of the whole run."""
        write_run_tables(self._store)

    def _keep(self, index: int, result: Outcome) -> Outcome:
        self._store.add(result, self._pending[index].provenance)
        return result

    def _is_failure(self, result: Outcome) -> bool:
        return result.status == "failed"


def estimate_all(
    store: Store,
    pending: Sequence[PendingJob],
    executor: Executor,
    report: Callable[[Outcome], None],
    task: Task = work,
) -> RunResult:
    """Run the jobs, store each outcome in the database as it is finished, and call `report` with it.

    The tables are written from the database periodically and at the end. Ctrl-C and SIGTERM end the run
    early; finished outcomes are kept, unfinished jobs are dropped.

    Raises
    ------
    OutputError
        If an outcome cannot be stored or a table cannot be written; earlier outcomes are kept.
    ClusterError
        If no worker is left; earlier outcomes are kept and in the tables.
    """
    sink = DatabaseSink(store, pending)
    try:
        return collect_results(
            run_jobs([pending_job.job for pending_job in pending], executor, task), sink, report
        )
    except ClusterError as problem:
        counts = f"{sink.done} of {len(pending)} micrographs are finished."
        raise ClusterError(f"{problem} {counts}") from problem


def run_jobs(
    jobs: Sequence[Job], executor: Executor, task: Task = work
) -> Generator[tuple[int, Outcome], None, None]:
    """Run all jobs and yield each outcome with the index of its job, see `Executor.finish`.

    `task` processes one job; it must be importable by name, since it runs in other processes.
    """
    return executor.finish(jobs, TaskSpec(task, _died, "thonring.batch.jobs"))


def _died(job: Job, reason: str) -> Outcome:
    return failure(job, f"{job.source.path}: {reason}")
