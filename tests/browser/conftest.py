"""A server on a small real run, and a page in a real browser that asks nobody but that server."""

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from factories.commands import thonring
from factories.web import Served
from thonring.web.app import create_app
from thonring.web.auth import Access
from thonring.web.run_view import RunView

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
COUNT, SIZE = 6, 768


@pytest.fixture(scope="session")
def estimated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a simulated `set`, and the `run` that estimated it with pictures."""
    if CHROMIUM is None:
        pytest.skip("no chromium here: .ci/install-browser installs it, or name one in CHROMIUM")
    folder = tmp_path_factory.mktemp("browser")
    thonring(folder, f"simulate --count {COUNT} --size {SIZE} --seed 3 --out set")
    shutil.copy(folder / "set/mic_000000.mrc", folder / "one_more.mrc")
    thonring(folder, "estimate set/micrographs.star --out run --plots")
    return folder


@pytest.fixture
def served(estimated: Path, tmp_path: Path) -> Iterator[Served]:
    """A server on a copy of the run, so that a test may decide as it likes."""
    run = tmp_path / "run"
    shutil.copytree(estimated / "run", run)
    (tmp_path / "set").symlink_to(estimated / "set")
    with socket.create_server(("127.0.0.1", 0)) as bound:
        access = Access("127.0.0.1", bound.getsockname()[1])
        server = uvicorn.Server(
            uvicorn.Config(create_app(RunView(run), access), log_level="warning", lifespan="off")
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        yield Served(access.address, run, estimated / "set", estimated / "one_more.mrc")
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
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


@pytest.fixture
def named(page: Page) -> Page:
    """The page of a person whose name is known."""
    page.evaluate("localStorage.setItem('who', 'Ana')")
    return page
