"""A running `thonring serve` in a process of its own, and timed requests to it over one open connection."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from benchmarks.lib.resource_usage import peak_memory_MB


@dataclass(frozen=True, slots=True)
class Response:
    """A complete response: seconds from the request to its last byte, HTTP status and content."""

    seconds: float
    status: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Server:
    """The server of a run: its process id, and a connection that stays open as a browser's does."""

    pid: int
    connection: HTTPConnection
    token: str

    def request(self, path: str, body: object = None) -> Response:
        """GET /api/`path`, or POST `body` to it as JSON."""
        method, content = ("GET", None) if body is None else ("POST", json.dumps(body))
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        began = time.perf_counter()
        self.connection.request(method, f"/api/{path}", content, headers)
        response = self.connection.getresponse()
        received = response.read()
        return Response(time.perf_counter() - began, response.status, received)

    @property
    def peak_MB(self) -> float:
        """Peak memory of the server so far."""
        return peak_memory_MB(self.pid)


@contextmanager
def running_server(run: Path) -> Iterator[Server]:
    """Serve a run folder on a free port until the block is left."""
    command = [sys.executable, "-m", "thonring", "serve", str(run), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            address = urlsplit(process.stdout.readline().split()[-1])
            connection = HTTPConnection(address.netloc)
            yield Server(process.pid, connection, parse_qs(address.query)["token"][0])
            connection.close()
        finally:
            process.terminate()
