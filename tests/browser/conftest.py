"""A server on a small real run, and a page in a real browser that asks nobody but that server."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from served_run import Served

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
COUNT, SIZE = 6, 768


@pytest.fixture(scope="session")
def estimated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a simulated `set`, and the `run` that estimated it with pictures."""
    folder = tmp_path_factory.mktemp("browser")
    thonring(folder, f"simulate --count {COUNT} --size {SIZE} --seed 3 --out set")
    thonring(folder, "estimate set/micrographs.star --out run --plots")
    return folder


@pytest.fixture
def served(estimated: Path, tmp_path: Path) -> Iterator[Served]:
    """A server on a copy of the run, so that a test may decide as it likes."""
    shutil.copytree(estimated / "run", tmp_path / "run")
    (tmp_path / "set").symlink_to(estimated / "set")
    words = [sys.executable, "-m", "thonring", "serve", "run", "--port", "0"]
    process = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        address = process.stdout.readline().rpartition(" open ")[2].strip()
        assert address.startswith("http://127.0.0.1:"), "the server did not start"
        yield Served(address, tmp_path / "run", estimated / "set")
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium here: .ci/install-browser installs it, or name one in CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    """The page, opened with the token; it must ask this server alone, and no script of it may fail."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    asked: list[str] = []
    failed: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.goto(served.address)
    page.locator("#counts .accepted").wait_for()
    yield page
    context.close()
    here = urlsplit(served.address).netloc
    foreign = [
        url for url in asked if urlsplit(url).scheme not in {"data", "blob"} and urlsplit(url).netloc != here
    ]
    assert not foreign
    assert not failed


def thonring(place: Path, words: str) -> None:
    """Run a command of ours in a folder."""
    done = subprocess.run(
        [sys.executable, "-m", "thonring", *words.split()],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
