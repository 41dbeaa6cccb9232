"""The overview in a real browser: what it shows, where it leads, and that it follows the run by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from thonring.run.columns import read_columns
from thonring.run.open import decide_in, read_run

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from factories.web import Served

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def counts(served: Served) -> list[str]:
    with read_run(served.run) as store:
        status = read_columns(store).status
    return [str((status == code).sum()) for code in range(3)]


def test_a_run_at_a_glance_live(page: Page, served: Served) -> None:
    tiles = page.locator(".tile strong")
    expect(tiles).to_have_text([*counts(served), "0"])
    titles = page.locator(".figures h3")
    expect(titles).to_contain_text(
        ["Rejected micrographs by reason", "Mean defocus (µm)", "Astigmatism U − V (Å)"]
    )
    for place in range(titles.count()):
        card = page.locator(".figures .card").nth(place)
        card.scroll_into_view_if_needed()
        expect(card.locator(".main-svg").first).to_be_visible()
    serious = [
        one for one in Axe().run(page).response["violations"] if one["impact"] in {"serious", "critical"}
    ]
    assert not serious, [(one["id"], one["nodes"][0]["html"]) for one in serious]

    with decide_in(served.run) as decisions:
        with read_run(served.run) as store:
            columns = read_columns(store)
        accepted = int(columns.number[columns.status == 0][0])
        decisions.judge([accepted], "rejected", "Ana")
    expect(tiles).to_have_text([*counts(served), "1"])
    page.get_by_text("As a table").click()
    page.get_by_role("link", name="Manual decision only").click()
    assert page.url.endswith("#/table")
    assert page.evaluate("sessionStorage.getItem('query')") == "status=rejected&decided=true"


def test_a_point_leads_to_its_micrograph(page: Page, served: Served) -> None:
    with read_run(served.run) as store:
        columns = read_columns(store)
    card = page.locator(".figures .card", has=page.get_by_role("heading", name="Mean defocus (µm)"))
    card.scroll_into_view_if_needed()
    card.locator(".scatterlayer .point").first.wait_for()
    box = card.locator(".scatterlayer .point").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2 + 1, box["y"] + box["height"] / 2)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url("**/#/micrograph/*")
    assert int(page.url.rpartition("/")[2]) in columns.number[columns.status != 2]
