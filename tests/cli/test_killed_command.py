"""A real process, killed and ended at any moment, loses nothing that it had finished."""

import csv
import random
import signal
import subprocess
import time
from pathlib import Path
from uuid import uuid4

import pytest

from factories import noise_runs
from factories.noise_runs import await_more, names_in, tables_of, write_noise

pytestmark = [pytest.mark.slow, pytest.mark.kills]

COUNT = 10
KILLS = 2


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_noise(tmp_path_factory.mktemp("raw"), COUNT, damaged=7)


def started(raw: Path, place: Path, workers: int, mark: str = "") -> subprocess.Popen[str]:
    return noise_runs.start(place, ["estimate", raw, "--out", "run", "--workers", workers], mark)


@pytest.fixture(scope="module")
def undisturbed(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("undisturbed")
    process = started(raw, place, 1)
    _, said = process.communicate()
    assert process.returncode == 1, said
    return place / "run"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_killed_at_random_moments_ends_like_one_that_was_not(
    raw: Path, undisturbed: Path, tmp_path: Path, workers: int
) -> None:
    moments = random.Random(workers)  # noqa: S311 - when to kill
    before: list[str] = []
    for _ in range(KILLS):
        process = started(raw, tmp_path, workers)
        await_more(process, tmp_path / "run", len(before))
        time.sleep(moments.uniform(0.0, 0.1))
        process.kill()
        process.communicate()
        now = names_in(tmp_path / "run")
        assert set(before) <= set(now)
        before = now
    process = started(raw, tmp_path, workers)
    said, _ = process.communicate()
    assert f"{len([name for name in before if name != 'm07'])} unchanged" in said
    assert tables_of(tmp_path / "run") == tables_of(undisturbed)
    assert len(names_in(tmp_path / "run")) == COUNT
    left = [path.name for path in (tmp_path / "run").rglob(".*")]
    assert left == []


def test_sigterm_ends_a_run_in_order(raw: Path, undisturbed: Path, tmp_path: Path) -> None:
    process = started(raw, tmp_path, 1)
    await_more(process, tmp_path / "run", 0)
    process.terminate()
    said, _ = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert "Run the same command again to continue" in said
    kept = names_in(tmp_path / "run")
    assert 1 <= len(kept) < COUNT
    with (tmp_path / "run" / "results.csv").open(newline="", encoding="utf-8") as table:
        assert [Path(row["file"]).stem for row in csv.DictReader(table)] == kept
    again = started(raw, tmp_path, 1)
    again.communicate()
    assert again.returncode == 1
    assert tables_of(tmp_path / "run") == tables_of(undisturbed)


def test_workers_of_a_killed_run_end_too(raw: Path, tmp_path: Path) -> None:
    if not Path("/proc").is_dir():
        pytest.skip("needs /proc, which only Linux has")
    mark = uuid4().hex
    process = started(raw, tmp_path, 2, mark)
    await_more(process, tmp_path / "run", 0)
    assert len(marked(mark)) >= 3
    process.kill()
    process.communicate()
    for _ in range(600):
        if not marked(mark):
            return
        time.sleep(0.05)
    pytest.fail(f"still there: {marked(mark)}")


def marked(mark: str) -> list[str]:
    """Processes that were started with a mark in their environment."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (place / "environ").read_bytes():
                found.append(place.name)
        except OSError:
            continue
    return found
