"""A real watch, killed and ended while files come, goes on with nothing lost and nothing twice."""

import random
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from factories.noise_runs import await_more, names_in, start, tables_of, write_noise

pytestmark = [pytest.mark.slow, pytest.mark.kills]

COUNT, KILLS = 8, 2
FAST = ("--every", "0.1s", "--stable", "0.3s")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_noise(tmp_path_factory.mktemp("made"), COUNT, damaged=3)


@pytest.fixture(scope="module")
def undisturbed(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `estimate` makes of them."""
    place = tmp_path_factory.mktemp("undisturbed")
    shutil.copytree(made, place / "raw")
    process = start(place, ["estimate", "raw", "--out", "run"])
    _, said = process.communicate()
    assert process.returncode == 1, said
    return place / "run"


def come(made: Path, raw: Path) -> None:
    """Copy the images one after the other, each in two halves."""
    for path in sorted(made.iterdir()):
        content = path.read_bytes()
        with (raw / path.name).open("wb") as file:
            file.write(content[: len(content) // 2])
            file.flush()
            time.sleep(0.15)
            file.write(content[len(content) // 2 :])
        time.sleep(0.2)


def watching(place: Path, until: str, workers: int = 1) -> subprocess.Popen[str]:
    return start(place, ["watch", "raw", "--out", "run", "--until", until, "--workers", workers, *FAST])


@pytest.mark.parametrize("workers", [1, 2])
def test_a_watch_killed_while_files_come_ends_like_estimate_over_them(
    made: Path, undisturbed: Path, tmp_path: Path, workers: int
) -> None:
    (tmp_path / "raw").mkdir()
    coming = threading.Thread(target=come, args=(made, tmp_path / "raw"))
    coming.start()
    moments = random.Random(workers)  # noqa: S311 - when to kill
    before: list[str] = []
    for _ in range(KILLS):
        process = watching(tmp_path, "idle 60s", workers)
        await_more(process, tmp_path / "run", len(before))
        time.sleep(moments.uniform(0.0, 0.3))
        process.kill()
        process.communicate()
        now = names_in(tmp_path / "run")
        assert set(before) <= set(now)
        before = now
    coming.join()
    process = watching(tmp_path, "idle 1s", workers)
    said, problems = process.communicate()
    assert process.returncode in {0, 1}, problems
    assert f"{len([name for name in before if name != 'm03'])} unchanged" in said
    assert by_file(tables_of(tmp_path / "run")) == by_file(tables_of(undisturbed))
    assert sorted(names_in(tmp_path / "run")) == [f"m{index:02}" for index in range(COUNT)]
    assert [path.name for path in (tmp_path / "run").rglob(".*")] == []


def by_file(found: dict[str, object]) -> list[dict[str, str]]:
    """Rows in the order of the files' names, not of their coming."""
    rows = found["results.csv"]
    assert isinstance(rows, list)
    return sorted(rows, key=lambda row: str(row["file"]))


def test_sigterm_ends_a_watch_in_order_and_estimate_goes_on(
    made: Path, undisturbed: Path, tmp_path: Path
) -> None:
    shutil.copytree(made, tmp_path / "raw")
    process = watching(tmp_path, "idle 60s")
    await_more(process, tmp_path / "run", 0)
    process.terminate()
    said, problems = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM, problems
    assert "Interrupted. " in said
    kept = names_in(tmp_path / "run")
    rows = tables_of(tmp_path / "run")["results.csv"]
    assert isinstance(rows, list)
    assert [Path(row["file"]).stem for row in rows] == kept
    again = start(tmp_path, ["estimate", "raw", "--out", "run"])
    said, _ = again.communicate()
    assert f"{len([name for name in kept if name != 'm03'])} unchanged" in said
    assert tables_of(tmp_path / "run") == tables_of(undisturbed)


def test_an_idle_watch_ends_at_once_by_ctrl_c(made: Path, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    shutil.copy(made / "m00.mrc", tmp_path / "raw")
    process = watching(tmp_path, "idle 60s")
    await_more(process, tmp_path / "run", 0)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, problems = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT, problems
    assert "Traceback" not in problems
    assert [path.name for path in (tmp_path / "run").glob("*.csv")] != []
