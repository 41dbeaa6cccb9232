"""The command line with a method behind it whose answers are known."""

from pathlib import Path

import pytest

from factories.commands import Command, Method, invoke
from thonring import pipeline


@pytest.fixture
def command() -> Command:
    """Run `thonring` with these words."""
    return invoke


@pytest.fixture
def method(monkeypatch: pytest.MonkeyPatch) -> Method:
    """Put the stand-in in the place of the method."""
    method = Method()
    monkeypatch.setattr(pipeline, "examine", method)
    return method


@pytest.fixture
def micrographs(tmp_path: Path) -> Path:
    """A folder of three files that nobody reads."""
    folder = tmp_path / "raw"
    folder.mkdir()
    for name in ("a.mrc", "b_poor.mrc", "c.mrc"):
        (folder / name).touch()
    return folder


@pytest.fixture
def broken_micrograph(micrographs: Path) -> None:
    """A fourth file, which fails."""
    (micrographs / "d_broken.mrc").touch()


@pytest.fixture
def run(command: Command, method: Method, micrographs: Path, tmp_path: Path) -> Path:
    """A run of the files, of which the first and the third are accepted."""
    folder = tmp_path / "run"
    command("estimate", micrographs, "--out", folder, "--voltage", 300, "--cs", 2.7)
    assert method.calls
    return folder
