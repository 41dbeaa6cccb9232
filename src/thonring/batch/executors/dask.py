"""The workers of a Dask cluster as an executor: the connection, tasks in flight, and recovery when workers die."""

import logging
import pickle
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import chdir, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Generic
from uuid import uuid4

from distributed import CancelledError, Client, Future, KilledWorker, LocalCluster

from thonring.batch.executors import slurm
from thonring.batch.executors.base import J, R, TaskSpec, run_task
from thonring.batch.executors.choice import ClusterChoice, OwnCluster, RunningCluster, SlurmJobs
from thonring.batch.executors.worker_check import Environment, WorkerRegistry
from thonring.errors import ClusterError

_CONNECT_WITHIN_S = 10
_PATIENCE_S = 60.0
"""How long a cluster other than a queue may have no worker."""

_CHECK_EVERY_S = 1.0
_QUEUED_PER_WORKER = 2
NO_SCHEDULER = "the scheduler is no longer running"
_CONTINUE = "Finished micrographs are kept; run the same command again to continue."
_DIED = (
    "the worker processing it died, and died again when it was retried alone (killed by the system, over the workers' "
    "memory limit, or a crash in a library); the other micrographs were processed. Try it alone, with more memory."
)

Check = Callable[[int, float], None]
"""`check(workers, without_s)`: the number of usable workers, and for how many seconds there have been none."""

NumberedJob = tuple[int, J]


@dataclass(frozen=True, slots=True)
class Connection:
    """A client, the name of its cluster, and `check`, which raises ClusterError when no worker is to be expected."""

    client: Client
    name: str
    check: Check


@contextmanager
def connected(choice: ClusterChoice, run: Path) -> Iterator[Connection]:
    """Yield a connection to a cluster; a cluster that was started for it ends with the block.

    Raises
    ------
    ClusterError
        If the cluster is not running or cannot be started.
    """
    if isinstance(choice, RunningCluster):
        connection_to = _running(choice)
    elif isinstance(choice, OwnCluster):
        connection_to = _local(choice)
    else:
        connection_to = _slurm(choice, run)
    with _silent_logs(), connection_to as connection:
        yield connection


@contextmanager
def _silent_logs() -> Iterator[None]:
    """Silence distributed's log: this program itself reports what the user needs to know."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client", "asyncio")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


@contextmanager
def _running(choice: RunningCluster) -> Iterator[Connection]:
    address = choice.address
    try:
        client = Client(address, timeout=_CONNECT_WITHIN_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as problem:
        raise ClusterError(
            f"--scheduler {address}: no Dask scheduler is running there ({problem}). Start one with `dask scheduler`, "
            "or give the address it prints, such as tcp://HOST:8786."
        ) from problem
    with client:
        _check_scheduler(client, address)
        advice = f"Start workers: dask worker {address} --nworkers N --nthreads 1"
        yield Connection(client, f"the Dask cluster at {address}", _patient(advice))


def _check_scheduler(client: Client, address: str) -> None:
    expected = version("thonring")
    try:
        found = client.run_on_scheduler(version, "thonring")
    except Exception as problem:  # noqa: BLE001 - whatever a scheduler of another environment answers
        found = f"none ({problem})"
    if found != expected:
        raise ClusterError(
            f"--scheduler {address}: Thonring {expected} here, {found} there. Install the same version on the "
            "scheduler and its workers."
        )


def _patient(advice: str) -> Check:
    def check(_: int, without_s: float) -> None:
        if without_s > _PATIENCE_S:
            raise ClusterError(f"no worker has connected for {without_s:.0f} s. {advice}")

    return check


@contextmanager
def _local(choice: OwnCluster) -> Iterator[Connection]:
    try:
        cluster = LocalCluster(
            n_workers=choice.workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address=choice.dashboard or None,
            scheduler_kwargs=_scheduler_options(choice.dashboard),
            silence_logs=logging.CRITICAL,
            preload="thonring.batch.executors.dask_preload",
        )
    except (OSError, RuntimeError, ValueError) as problem:
        raise ClusterError(f"--executor dask: the cluster could not be started ({problem}).") from problem
    with cluster, Client(cluster, set_as_default=False) as client:
        advice = "Its processes fail to start; try --executor processes"
        yield Connection(client, "the local Dask cluster", _patient(advice))


@contextmanager
def _slurm(choice: SlurmJobs, run: Path) -> Iterator[Connection]:
    name = f"thonring-{uuid4().hex[:12]}"
    options = _scheduler_options(choice.dashboard)
    with (
        slurm.cluster_of(choice, name, run, options) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        monitor = slurm.SlurmJobMonitor(cluster, choice, name, run)
        yield Connection(client, f"the SLURM jobs {name}", monitor.check)


def _scheduler_options(dashboard: str) -> dict[str, Any]:
    """Options of our own scheduler: tasks of a dead worker come back at once; a dashboard on request."""
    return {
        "allowed_failures": 0,
        "dashboard": bool(dashboard),
        "dashboard_address": dashboard or "127.0.0.1:0",
    }


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """How tasks are sent: the folder of relative paths (None: all are absolute), and the resource that workers need."""

    folder: Path | None
    resource: str


def run_payload(payload: bytes, folder: Path | None) -> object:
    """On a worker: run a job in the folder where the command was started, so that relative paths are valid.

    `payload` is the pickled pair of task and job: the scheduler would unpickle them otherwise, and import all
    that they need.
    """
    spec, job = pickle.loads(payload)  # noqa: S301 - from the client, whose code a worker runs anyway
    with nullcontext() if folder is None else chdir(folder):
        return run_task(spec, job)


class InFlightTasks(Generic[J, R]):
    """Tasks that were sent to workers and have not returned; `check` is called about once a second."""

    def __init__(
        self, client: Client, spec: TaskSpec[J, R], options: TaskOptions, check: Callable[[], None]
    ) -> None:
        assert client.loop is not None
        self._client, self._spec, self._options, self._check = client, spec, options, check
        self._loop = client.loop
        self._running: dict[Future[Any], NumberedJob[J]] = {}
        self._finished: SimpleQueue[tuple[Future[Any], Any]] = SimpleQueue()

    def run_all(
        self,
        waiting: deque[NumberedJob[J]],
        limit: Callable[[], int],
        killed: Callable[[NumberedJob[J]], None],
    ) -> Iterator[tuple[int, R]]:
        """Send all of `waiting`, at most `limit()` at a time, and yield results; `killed` gets jobs that kill workers.

        Raises
        ------
        ClusterError
            If the scheduler has ended.
        """
        while self._running or waiting:
            while waiting and len(self._running) < limit():
                self._send(waiting.popleft())
            for future, result in self._wait():
                index, job = self._running.pop(future)
                if isinstance(result, KilledWorker):
                    killed((index, job))
                elif not isinstance(result, Exception):
                    yield index, result
                elif future.status == "error":
                    reason = f"unexpected {type(result).__name__}: {result}"
                    yield index, self._spec.failed(job, reason)
                else:
                    raise ClusterError(NO_SCHEDULER) from result
            self._check()

    def _send(self, numbered: NumberedJob[J]) -> None:
        future = self._client.submit(
            run_payload,
            pickle.dumps((self._spec, numbered[1])),
            self._options.folder,
            key=f"thonring-{uuid4().hex}",
            resources={self._options.resource: 1},
            pure=False,
        )
        self._running[future] = numbered
        self._loop.add_callback(self._fetch, future)

    async def _fetch(self, future: Future[Any]) -> None:
        """In the client's thread: wait for a result; one that is lost with its worker is recomputed."""
        try:
            result = await self._client.gather(future, asynchronous=True)
        except Exception as problem:  # noqa: BLE001 - `run_all` distinguishes the kinds of errors
            result = problem
        self._finished.put((future, result))

    def _wait(self) -> Iterator[tuple[Future[Any], Any]]:
        """Yield finished tasks with their result or error; waits up to a second for the first."""
        with suppress(Empty):
            yield self._finished.get(timeout=_CHECK_EVERY_S)
            while True:
                yield self._finished.get_nowait()

    def cancel(self) -> None:
        """Drop the tasks in flight; a worker finishes what it has started, and the result is discarded."""
        if self._running:
            with suppress(OSError, TimeoutError, CancelledError):
                self._client.cancel(list(self._running), force=True)
            self._running.clear()


class DaskExecutor:
    """The workers of a connection that pass the check of an environment.

    When a worker dies, its jobs are run again. A job that the scheduler gives up, since too many workers died of
    it, is run once more when all others are finished, with no other job in flight, and fails if its
    worker dies again.
    """

    def __init__(self, connection: Connection, environment: Environment, note: Callable[[str], None]) -> None:
        self._connection, self._environment = connection, environment
        self._registry = WorkerRegistry(connection.client, environment, note)
        self._checked_s = self._had_workers_s = time.monotonic()

    def wait(self, note: Callable[[str], None]) -> None:
        """Wait for the first worker.

        Raises
        ------
        ClusterError
            If a connected worker fails the check, or no worker connects.
        """
        name = self._connection.name
        try:
            self._check_workers(strict=True)
            if not self._registry.usable:
                note(f"waiting for the first worker of {name}")
            while not self._registry.usable:
                time.sleep(_CHECK_EVERY_S)
                self._check_workers(strict=True)
        except ClusterError as problem:
            raise ClusterError(f"{name}: {problem}.") from problem

    def finish(self, jobs: Sequence[J], spec: TaskSpec[J, R]) -> Generator[tuple[int, R], None, None]:
        """Run all jobs and yield each result with the index of its job, as they finish.

        Raises
        ------
        ClusterError
            If the scheduler has ended, or all workers have ended and no new one connects.
        """
        suspects: deque[NumberedJob[J]] = deque()
        failed_twice: list[NumberedJob[J]] = []
        options = TaskOptions(self._environment.folder, self._registry.resource)
        tasks = InFlightTasks(self._connection.client, spec, options, self._check_if_due)
        self._had_workers_s = time.monotonic()
        try:
            self._check_workers()
            yield from tasks.run_all(deque(enumerate(jobs)), self._limit, suspects.append)
            yield from tasks.run_all(suspects, lambda: 1, failed_twice.append)
            yield from ((index, spec.failed(job, _DIED)) for index, job in failed_twice)
        except ClusterError as problem:
            raise ClusterError(f"{self._connection.name}: {problem}. {_CONTINUE}") from problem
        finally:
            tasks.cancel()

    def _limit(self) -> int:
        return _QUEUED_PER_WORKER * max(1, self._registry.usable)

    def _check_if_due(self) -> None:
        if time.monotonic() - self._checked_s >= _CHECK_EVERY_S:
            self._check_workers()

    def _check_workers(self, *, strict: bool = False) -> None:
        if self._connection.client.status != "running":
            raise ClusterError(NO_SCHEDULER)
        try:
            self._registry.refresh(strict=strict)
        except (OSError, TimeoutError, CancelledError) as problem:
            raise ClusterError(NO_SCHEDULER) from problem
        self._checked_s = time.monotonic()
        if self._registry.usable:
            self._had_workers_s = self._checked_s
        self._connection.check(self._registry.usable, self._checked_s - self._had_workers_s)
