"""From what a user chose to a client of a cluster that runs."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

from distributed import Client, LocalCluster

from thonring.batch.cluster import slurm
from thonring.batch.cluster.choice import ClusterChoice, OwnCluster, RunningCluster, SlurmJobs
from thonring.errors import ClusterError

_CONNECT_WITHIN_S = 10
_PATIENCE_S = 60.0
"""How long a cluster that is no queue may be without a worker."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A client, what its cluster is called, and `tend(fit, without_s)`, which looks after the workers.

    `fit` is how many there are, `without_s` for how long there has been none.
    """

    client: Client
    name: str
    tend: Callable[[int, float], None]


@contextmanager
def connected(choice: ClusterChoice, run: Path) -> Iterator[Connection]:
    """Give a connection to a cluster; one that was made for it ends with the block.

    Raises
    ------
    ClusterError
        If there is none, or it cannot be made.
    """
    if isinstance(choice, RunningCluster):
        made = _running(choice)
    elif isinstance(choice, OwnCluster):
        made = _own(choice)
    else:
        made = _slurm(choice, run)
    with _silent(), made as connection:
        yield connection


@contextmanager
def _silent() -> Iterator[None]:
    """What matters of distributed's log is told in the program's own words."""
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
            f"--scheduler {address}: no Dask scheduler answers there ({problem}). Start one with `dask scheduler`, "
            "or give the address that it tells, as tcp://HOST:8786."
        ) from problem
    with client:
        _check_scheduler(client, address)
        advice = f"Start some: dask worker {address} --nworkers N --nthreads 1"
        yield Connection(client, f"the Dask cluster at {address}", _patient(advice))


def _check_scheduler(client: Client, address: str) -> None:
    expected = version("thonring")
    try:
        found = client.run_on_scheduler(version, "thonring")
    except Exception as problem:  # noqa: BLE001 - whatever a scheduler of another environment answers
        found = f"none ({problem})"
    if found != expected:
        raise ClusterError(
            f"--scheduler {address}: Thonring {expected} here, {found} there. Install the same version for the "
            "scheduler and its workers."
        )


def _patient(advice: str) -> Callable[[int, float], None]:
    def tend(_: int, without_s: float) -> None:
        if without_s > _PATIENCE_S:
            raise ClusterError(f"no worker has been there for {without_s:.0f} s. {advice}")

    return tend


@contextmanager
def _own(choice: OwnCluster) -> Iterator[Connection]:
    try:
        cluster = LocalCluster(
            n_workers=choice.workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address=choice.dashboard or None,
            scheduler_kwargs=_scheduler_options(choice.dashboard),
            silence_logs=logging.CRITICAL,
            preload="thonring.batch.cluster.deaf",
        )
    except (OSError, RuntimeError, ValueError) as problem:
        raise ClusterError(f"--executor dask: the cluster could not be started ({problem}).") from problem
    with cluster, Client(cluster, set_as_default=False) as client:
        advice = "Its processes do not start; try --executor processes"
        yield Connection(client, "the Dask cluster of this machine", _patient(advice))


@contextmanager
def _slurm(choice: SlurmJobs, run: Path) -> Iterator[Connection]:
    name = f"thonring-{uuid4().hex[:12]}"
    options = _scheduler_options(choice.dashboard)
    with (
        slurm.cluster_of(choice, name, run, options) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield Connection(client, f"the SLURM jobs {name}", slurm.Caretaker(cluster, choice, name, run).tend)


def _scheduler_options(dashboard: str) -> dict[str, Any]:
    """Of a scheduler of one's own: a job whose worker died comes back at once, and no page is served unasked."""
    return {
        "allowed_failures": 0,
        "dashboard": bool(dashboard),
        "dashboard_address": dashboard or "127.0.0.1:0",
    }
