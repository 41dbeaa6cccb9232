"""The server as a process: told addresses, ports in use, and nothing lost when it is killed or has company."""

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from factories.noise_runs import OPTIONS, write_noise
from thonring.run.open import decide_in, read_run

pytestmark = [pytest.mark.slow, pytest.mark.kills]

COUNT = 6


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with images of noise in `raw` and a run of half of them."""
    place = tmp_path_factory.mktemp("served")
    write_noise(place / "raw", COUNT, damaged=None)
    done = estimating(place, [f"raw/m{index:02}.mrc" for index in range(COUNT // 2)]).wait()
    assert done == 0
    return place


def estimating(place: Path, files: list[str]) -> subprocess.Popen[bytes]:
    words = ["estimate", *files, "--out", "run", *OPTIONS]
    return subprocess.Popen([sys.executable, "-m", "thonring", *words], cwd=place, stdout=subprocess.DEVNULL)


@contextmanager
def serving(place: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], httpx2.Client]]:
    """A server and a client that has its token."""
    process = subprocess.Popen(
        [sys.executable, "-m", "thonring", "serve", "run", "--port", "0", *options],
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        address = urlsplit(process.stdout.readline().rpartition(" open ")[2].split()[0])
        (token,) = parse_qs(address.query)["token"]
        headers = {"authorization": f"Bearer {token}"}
        with httpx2.Client(base_url=f"http://{address.netloc}", headers=headers, trust_env=False) as client:
            yield process, client
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def judge(client: httpx2.Client, number: int, verdict: str | None) -> int:
    body = {"micrographs": [number], "verdict": verdict, "who": "Ana"}
    answer = client.post("/api/decisions", json=body)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["id"])


def refused(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "thonring", "serve", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    return done.stderr


def judge_until_it_dies(client: httpx2.Client) -> list[int]:
    """Numbers of the actions that were answered."""
    answered: list[int] = []
    try:
        while True:
            answered.append(judge(client, 1 + len(answered) % 3, ("rejected", None)[len(answered) % 2]))
    except httpx2.TransportError:
        return answered


def test_every_decision_that_was_answered_survives_a_kill(place: Path) -> None:
    with serving(place) as (process, client):
        killer = threading.Timer(0.5, process.kill)
        killer.start()
        answered = judge_until_it_dies(client)
        killer.join()
    with decide_in(place / "run") as decisions:
        kept = {action.id for action in decisions.history(limit=100_000)}
    assert len(answered) > 3
    assert set(answered) <= kept
    assert len(kept) <= len(answered) + 1


def test_estimating_and_deciding_go_on_beside_each_other(place: Path) -> None:
    with serving(place) as (_, client):
        before = client.get("/api/state").json()
        process = estimating(place, ["raw"])
        decided = 0
        while process.poll() is None:
            judge(client, 1, ("rejected", None)[decided % 2])
            decided += 1
        judge(client, 2, "rejected")
        after = client.get("/api/state").json()
    assert process.returncode == 0
    assert decided > 3
    assert sum(after[name] for name in ("accepted", "rejected", "failed")) == COUNT
    assert after["revision"] != before["revision"]
    with read_run(place / "run") as store:
        one, other = (named.decision for named in store.some([1, 2]))
    assert (one is None) == (decided % 2 == 0)
    assert other is not None
    assert other.verdict == "rejected"


def test_a_port_in_use_is_told(place: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refused(str(place / "run"), "--port", str(port))
    assert f"--port {port}: cannot bind to this address (Address already in use)" in said
    assert "Choose another port, or 0 for any free port." in said


def test_a_folder_that_is_no_run_is_told(tmp_path: Path) -> None:
    assert "run.db: not found" in refused(str(tmp_path))


def test_a_name_that_is_no_host_is_told(place: Path) -> None:
    assert "--host no.such.host.invalid" in refused(str(place / "run"), "--host", "no.such.host.invalid")


def test_it_listens_by_the_newer_protocol_too(place: Path) -> None:
    try:
        with socket.socket(socket.AF_INET6) as there:
            there.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
    with serving(place, "--host", "::1") as (_, client):
        assert client.base_url.host == "::1"
        assert client.get("/api/state").json()["may_change"] is True


def test_control_c_ends_it_without_ado(place: Path) -> None:
    with serving(place) as (process, client):
        client.get("/api/state")
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=20)[0]
    assert process.returncode == 130
    assert "Traceback" not in said
