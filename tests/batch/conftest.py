"""A real Dask cluster for all tests of a session, started when the first asks for it; a new run, and a watch for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from factories.dask_cluster import Cluster, cluster_in
from factories.watch import Watching
from thonring.batch.executors.base import Executor, Inline
from thonring.batch.executors.choice import RunningCluster
from thonring.batch.executors.open import open_executor
from thonring.batch.executors.processes import Processes
from thonring.formats.run_tables import prepare_run
from thonring.run.open import open_run
from thonring.run.store import Store


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler with two workers."""
    with cluster_in(tmp_path_factory.mktemp("dask"), "--nworkers", "2", "--nthreads", "1") as cluster:
        yield cluster


@pytest.fixture
def dask_executor(cluster: Cluster, tmp_path: Path) -> Iterator[Executor]:
    """Its workers, for a run in `tmp_path`."""
    with open_executor(RunningCluster(cluster.address), tmp_path, [], lambda _: None) as executor:
        yield executor


@pytest.fixture(
    params=["inline", "processes", pytest.param("dask", marks=[pytest.mark.slow, pytest.mark.cluster])]
)
def executor(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Executor]:
    """Each executor in turn."""
    if request.param == "dask":
        yield request.getfixturevalue("dask_executor")
        return
    choice = Inline() if request.param == "inline" else Processes(2)
    with open_executor(choice, tmp_path, [], lambda _: None) as executor:
        yield executor


@pytest.fixture
def run(tmp_path: Path) -> Path:
    prepare_run(tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def store(run: Path) -> Iterator[Store]:
    with open_run(run) as open_executor:
        yield open_executor


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    return folder


@pytest.fixture
def watched(raw: Path, run: Path, store: Store) -> Watching:
    return Watching(raw, run, store)
