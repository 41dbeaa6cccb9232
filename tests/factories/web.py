"""Clients of a server without a network, and a small estimated run for them, in which one defocus is wrong."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from typer.testing import CliRunner

from factories.micrographs import OPTICS, STRONG, TRUTH, micrograph
from thonring.cli.app import app
from thonring.simulate import Truth
from thonring.simulate.output import write_micrograph
from thonring.web.app import create_app
from thonring.web.auth import Access
from thonring.web.run_view import RunView

TOKEN = "the-token"  # noqa: S105
PLACE = "127.0.0.1:8765"
BEARER = {"authorization": f"Bearer {TOKEN}"}
MISSED = Truth(OPTICS, 21500.0, 20500.0, -40.0, rings=STRONG)
"""Lies outside of the range that the run searched: the second micrograph is wrongly estimated and rejected."""

RANGE = "3000,17000"
BAND = [30.0, 3.5]


def client_of(run: Path, access: Access | None = None, *, raises: bool = False, **headers: str) -> TestClient:
    """A client that shows what a program would see: also errors of the server are answers, unless it `raises`."""
    return TestClient(
        create_app(RunView(run), access or Access("127.0.0.1", 8765, TOKEN)),
        base_url=f"http://{PLACE}",
        headers=headers,
        raise_server_exceptions=raises,
        follow_redirects=False,
    )


def estimate_run(folder: Path) -> None:
    """Micrographs 1 (accepted), 2 (rejected: its defocus is not in the range), 3 (failed: no image) in `run`."""
    for name, truth in (("found", TRUTH), ("missed", MISSED)):
        write_micrograph(folder / f"{name}.mrc", micrograph(truth))
    (folder / "broken.mrc").write_bytes(b"no image" * 200)
    files = [str(folder / f"{name}.mrc") for name in ("found", "missed", "broken")]
    optics = ["--voltage", "300", "--cs", "2.7", "--pixel", "1"]
    ranges = ["--samplings", "native", "--resolution-range", "30,3.5", "--defocus-range", RANGE]
    out = ["--out", str(folder / "run"), "--quiet"]
    result = CliRunner().invoke(app, ["estimate", *files, *optics, *ranges, *out])
    assert result.exit_code == 1, result.output


class MicrographClient:
    """The JSON interface of a run, with the token."""

    def __init__(self, client: TestClient, number: int) -> None:
        self._client, self._number = client, number

    def get(self, path: str = "", **query: Any) -> Any:
        answer = self._client.get(f"/api/micrographs/{self._number}{path}", params=query)
        return answer.json() if "json" in answer.headers["content-type"] else answer

    def status(self, path: str = "", **query: Any) -> int:
        return self._client.get(f"/api/micrographs/{self._number}{path}", params=query).status_code

    def post(self, path: str, body: Mapping[str, Any], expected: int = 200) -> Any:
        answer = self._client.post(f"/api/micrographs/{self._number}/manual/{path}", json=body)
        assert answer.status_code == expected, answer.text
        return answer.json()

    def post_text(self, path: str, content: str) -> int:
        """The status of an answer to text that no JSON library writes."""
        address = f"/api/micrographs/{self._number}/manual/{path}"
        return self._client.post(
            address, content=content, headers={"content-type": "application/json"}
        ).status_code

    def of(self, number: int) -> "MicrographClient":
        """The same of another micrograph."""
        return MicrographClient(self._client, number)


@dataclass(frozen=True, slots=True)
class Served:
    """A server's `address` with its token, its run, the set that the run was estimated of, and one micrograph more."""

    address: str
    run: Path
    simulated: Path
    more: Path


@contextmanager
def serving(run: Path) -> Iterator[MicrographClient]:
    with client_of(run, raises=True, **BEARER) as client:
        yield MicrographClient(client, 1)
