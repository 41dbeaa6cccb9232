"""Estimation as a run: jobs to an executor, outcomes into the run's database, tables written from it."""

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
    """Do the jobs, keep each outcome in the database as it comes, and call `report` with it.

    The tables are written from the database at the end, and now and then before. Ctrl-C and SIGTERM end the run
    early; what is finished is kept, what is in work is given up.

    Raises
    ------
    OutputError
        If an outcome cannot be kept or a table not be written; what was finished before is kept.
    ClusterError
        If no worker is left; what was finished before is kept and in the tables.
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
    """Do all jobs and give each outcome with its job's index, see `Executor.finish`.

    `task` is what is done; a function that can be imported by name, since processes start afresh.
    """
    return executor.finish(jobs, TaskSpec(task, _died, "thonring.batch.jobs"))


def _died(job: Job, reason: str) -> Outcome:
    return failure(job, f"{job.source.path}: {reason}")
