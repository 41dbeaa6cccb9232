"""Clients that send nothing, too little, too slowly or too much neither stop the server nor fill its log."""

import contextlib
import logging
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from factories.web import TOKEN
from thonring.web import server
from thonring.web.app import create_app
from thonring.web.auth import Access
from thonring.web.run_view import RunView

BUSY_LIMIT = 8
LARGE = "/plotly.min.js"
"""An answer that no socket's buffers hold."""


@pytest.fixture
def port(run: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A server in a thread of this process, with short deadlines and few connections."""
    for name, seconds in (("HEADER_S", 1.0), ("BODY_S", 2.0), ("STALLED_S", 1.0), ("CLOSING_S", 1.0)):
        monkeypatch.setattr(server, name, seconds)
    monkeypatch.setattr(server, "MAX_CONNECTIONS", BUSY_LIMIT)
    with socket.create_server(("127.0.0.1", 0)) as bound:
        number = bound.getsockname()[1]
        running = server.limited_server(create_app(RunView(run), Access("127.0.0.1", number, TOKEN)))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [bound]})
        thread.start()
        try:
            yield number
        finally:
            running.should_exit = True
            thread.join(20)
            assert not thread.is_alive()


def connect(port: int, sent: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(sent)
    return connection


def request(port: int, method: str, path: str, *headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"host: 127.0.0.1:{port}", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def post(port: int, *headers: str, token: bool = True) -> bytes:
    bearer = [f"authorization: Bearer {TOKEN}"] if token else []
    return request(port, "POST", "/api/decisions/undo", "content-type: application/json", *bearer, *headers)


def end_s(connection: socket.socket) -> float:
    """Seconds until the server ends the connection."""
    start_s = time.monotonic()
    with contextlib.suppress(ConnectionResetError):
        while connection.recv(65536):
            pass
    return time.monotonic() - start_s


def trickle(connection: socket.socket, piece: bytes) -> float:
    """Send a piece five times a second until the server ends the connection; give the seconds."""
    start_s = time.monotonic()
    with contextlib.suppress(ConnectionError):
        while time.monotonic() - start_s < 20:
            connection.sendall(piece)
            time.sleep(0.2)
    return time.monotonic() - start_s


def state(port: int) -> int:
    with httpx2.Client(trust_env=False, timeout=10) as client:
        return client.get(f"http://127.0.0.1:{port}/api/state").status_code


@pytest.mark.slow
def test_a_connection_that_sends_nothing_is_closed(port: int) -> None:
    with connect(port) as silent:
        assert 0.5 < end_s(silent) < 5


@pytest.mark.slow
@pytest.mark.parametrize("sent_before", [False, True], ids=["first request", "later request"])
def test_a_header_that_never_ends_is_not_waited_for(port: int, *, sent_before: bool) -> None:
    with connect(port, request(port, "GET", "/api/state") if sent_before else b"") as slow:
        if sent_before:
            assert slow.recv(65536).startswith(b"HTTP/1.1 200")
        slow.sendall(b"GET /api/state HTTP/1.1\r\n")
        assert trickle(slow, b"x: y\r\n") < 5


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["content-length: 1000", "transfer-encoding: chunked"])
def test_a_body_that_never_ends_is_not_waited_for(port: int, kind: str) -> None:
    with connect(port, post(port, kind)) as slow:
        assert trickle(slow, b"1\r\n \r\n") < 6
    assert state(port) == 200


@pytest.mark.slow
def test_an_answer_that_is_not_read_does_not_hold_its_connection(port: int) -> None:
    lazy = [connect(port, request(port, "GET", LARGE)) for _ in range(BUSY_LIMIT)]
    time.sleep(4)
    assert state(port) == 200
    for connection in lazy:
        size = 0
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(65536):
                size += len(piece)
        connection.close()
        assert size < 4_000_000


@pytest.mark.slow
def test_an_answer_that_is_read_slowly_but_steadily_arrives(port: int) -> None:
    received = bytearray()
    with connect(port, request(port, "GET", LARGE, "connection: close")) as slow:
        while piece := slow.recv(2**19):
            received += piece
            time.sleep(0.2)
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    assert f"content-length: {len(body)}".encode() in head.lower()


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"\x16\x03\x01"], ids=["nothing", "half", "tls"])
def test_a_new_client_is_answered_however_many_others_wait(port: int, sent: bytes) -> None:
    waiting = [connect(port, sent) for _ in range(5 * BUSY_LIMIT)]
    assert state(port) == 200
    for connection in waiting:
        connection.close()


def test_connections_that_all_work_are_not_closed_for_a_new_one(port: int) -> None:
    working = [connect(port, post(port, "content-length: 1000")) for _ in range(BUSY_LIMIT)]
    time.sleep(0.3)
    assert state(port) == 503
    body = b'{"who": "Ana"}'.ljust(1000)
    for connection in working:
        connection.sendall(body)
        assert connection.recv(65536).startswith(b"HTTP/1.1 409")
        connection.close()


def test_without_the_token_no_body_is_waited_for(port: int) -> None:
    with connect(port, post(port, "content-length: 1000", token=False)) as unknown:
        assert unknown.recv(65536).startswith(b"HTTP/1.1 403")
    for body in ("content-length: 1000", "transfer-encoding: chunked"):
        with connect(port, request(port, "GET", "/api/state", body) + b"1\r\n \r\n") as reading:
            assert reading.recv(65536).startswith(b"HTTP/1.1 413")


def test_a_body_that_breaks_off_decides_nothing_and_is_no_error_of_the_server(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    broken = [connect(port, post(port, "content-length: 1000") + b'{"who": "Ana"}') for _ in range(3)]
    for connection in broken:
        connection.close()
    assert state(port) == 200
    assert "Traceback" not in caplog.text
    assert "Exception" not in caplog.text


@pytest.mark.parametrize("descriptors", [1024, 256, 128, 80])
def test_connections_leave_file_descriptors_to_the_rest(
    monkeypatch: pytest.MonkeyPatch, descriptors: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (descriptors, descriptors))
    assert 1 <= server.max_connections() <= server.MAX_CONNECTIONS
    assert server.max_connections() <= descriptors - server.RESERVED_DESCRIPTORS


def test_a_message_that_repeats_is_counted_instead_of_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 1000.0
    monkeypatch.setattr(server.time, "monotonic", lambda: now_s)
    limited = server.RepetitionFilter()

    def logged(line: int) -> list[str]:
        records = [
            logging.LogRecord("x", logging.ERROR, "file.py", line, "number %d", (one,), None)
            for one in range(1000)
        ]
        return [record.getMessage() for record in records if limited.filter(record)]

    assert len(logged(1)) == len(logged(2)) == server.LOG_RECORDS
    assert logged(1) == []
    now_s += server.LOG_PERIOD_S
    assert logged(1)[0] == f"number 0 ({2000 - server.LOG_RECORDS} more such messages were left out)"
    assert logged(3)[0] == "number 0"


@contextlib.contextmanager
def served_with_few_descriptors(run: Path, log: Path) -> Iterator[str]:
    """`thonring serve` as a process that may open 256 files; gives its address without the token."""
    command = f"ulimit -n 256; exec {sys.executable} -m thonring serve {run} --port 0"
    with log.open("wb") as errors:
        process = subprocess.Popen(["sh", "-c", command], stdout=subprocess.PIPE, stderr=errors)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().decode().rpartition(" open ")[2].partition("/?")[0]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.slow
def test_more_sockets_than_file_descriptors_neither_stop_it_nor_fill_its_log(
    run: Path, tmp_path: Path
) -> None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 700:
        pytest.skip("this process cannot open enough sockets")
    log = tmp_path / "log"
    with served_with_few_descriptors(run, log) as address, contextlib.ExitStack() as sockets:
        port = int(address.rpartition(":")[2])
        for _ in range(600):
            connection = sockets.enter_context(socket.socket())
            connection.setblocking(False)
            connection.connect_ex(("127.0.0.1", port))
        start_s = time.monotonic()
        while time.monotonic() - start_s < 5:
            assert state(port) == 200
            time.sleep(0.2)
        assert log.stat().st_size < 10_000
        assert b"limit of 128 connections" in log.read_bytes()


@pytest.mark.slow
def test_garbage_does_not_fill_the_log(run: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with served_with_few_descriptors(run, log) as address:
        port = int(address.rpartition(":")[2])
        upgrade = request(port, "GET", "/api/state", "connection: upgrade", "upgrade: websocket")
        for number in range(600):
            with connect(port, (b"\x00garbage\r\n\r\n", b"GET \xff HTTP/1.1\r\n\r\n", upgrade)[number % 3]):
                pass
        assert state(port) == 200
        assert log.stat().st_size < 20_000
