"""A run of its own for every test, and a client that has the token."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from factories.stores import make_varied_run
from factories.web import BEARER, MicrographClient, client_of, estimate_run, serving
from thonring.run.columns import RunColumns, read_columns
from thonring.run.open import read_run


@pytest.fixture(scope="session")
def varied_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that no test may change."""
    return make_varied_run(tmp_path_factory.mktemp("web") / "run")


@pytest.fixture
def run(varied_run: Path, tmp_path: Path) -> Path:
    shutil.copytree(varied_run, tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def client(run: Path) -> Iterator[TestClient]:
    with client_of(run, **BEARER) as client:
        yield client


@pytest.fixture(scope="session")
def columns(varied_run: Path) -> RunColumns:
    with read_run(varied_run) as store:
        return read_columns(store)


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of micrographs and their estimated `run`, which no test may change."""
    folder = tmp_path_factory.mktemp("estimated")
    estimate_run(folder)
    return folder


@pytest.fixture
def estimated_run(images: Path, tmp_path: Path) -> Path:
    """A copy of the run alone; its micrographs stay where they are."""
    return Path(shutil.copytree(images / "run", tmp_path / "run"))


@pytest.fixture
def micrograph(estimated_run: Path) -> Iterator[MicrographClient]:
    """The first micrograph, which was accepted."""
    with serving(estimated_run) as client:
        yield client


@pytest.fixture
def missed(micrograph: MicrographClient) -> MicrographClient:
    """The second, whose defocus lies outside of the range that was searched."""
    return micrograph.of(2)
