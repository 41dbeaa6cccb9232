"""A watch of a folder for a run, both new."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from made_watch import Watching

from thonring.results import Store, open_run, prepare_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    prepare_run(tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def store(run: Path) -> Iterator[Store]:
    with open_run(run) as opened:
        yield opened


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    return folder


@pytest.fixture
def watched(raw: Path, run: Path, store: Store) -> Watching:
    return Watching(raw, run, store)
