"""A run of its own for every test, and a client that has the token."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_served import BEARER, client_of, make_run
from starlette.testclient import TestClient


@pytest.fixture(scope="session")
def made_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("web") / "run")


@pytest.fixture
def run(made_run: Path, tmp_path: Path) -> Path:
    shutil.copytree(made_run, tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def client(run: Path) -> Iterator[TestClient]:
    with client_of(run, **BEARER) as client:
        yield client
