"""A micrograph and its estimate by hand in a real browser: dragged, fitted, kept, exported, forgotten."""

import csv
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from factories.web import Served
from thonring.formats.run_tables import export
from thonring.run.open import decide_in, read_run

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture
def number(served: Served) -> int:
    """The first that was accepted."""
    with read_run(served.run) as store:
        statuses = [one.outcome.status for one in store]
    return 1 + statuses.index("accepted")


def exported(served: Served, number: int) -> dict[str, str]:
    with read_run(served.run) as store:
        export(store, ("csv",), served.run)
    with (served.run / "results.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))[number - 1]


def go(page: Page, view: str) -> None:
    page.evaluate(f"location.hash = '#/micrograph/{view}'")


def defocus(page: Page) -> int:
    """The mean defocus as the page says it, once it has followed the hand."""
    page.locator('.live-values[aria-busy="false"] strong').first.wait_for()
    text = page.locator(".live-values").inner_text()
    found = re.search(r"Defocus ([\d,]+)", text)
    assert found, text
    return int(found[1].replace(",", ""))


def drag(page: Page, grip: Locator, right: float, down: float) -> None:
    box = grip.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right, y + down, steps=6)
    page.mouse.up()


def moved(page: Page, before: int) -> int:
    expect(page.locator(".live-values")).not_to_contain_text(f"Defocus {before:,} Å")
    return defocus(page)


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in {"serious", "critical"}
    ]


def test_a_micrograph_shows_what_was_seen_and_is_judged_by_keys(
    named: Page, served: Served, number: int
) -> None:
    page = named
    go(page, str(number))
    expect(page.locator(".status")).to_have_text("accepted")
    for title in ("Spectrum", "Radial profile", "Attempts", "Fourier search", "Parameters"):
        expect(page.get_by_role("heading", name=title)).to_be_visible()
    expect(page.locator(".profile .main-svg").first).to_be_visible()
    expect(page.locator(".signal .main-svg").nth(6)).to_be_attached()
    expect(page.locator(".thumbnail")).to_be_visible()
    expect(page.get_by_text("σ from the fit")).to_be_visible()
    assert not serious(page)
    page.keyboard.press("r")
    expect(page.locator(".status")).to_have_text("rejected")
    expect(page.locator(".history")).to_contain_text("Ana rejected")
    assert exported(served, number)["status"] == "rejected"
    page.keyboard.press("u")
    expect(page.locator(".status")).to_have_text("accepted")
    page.keyboard.press("m")
    expect(page.get_by_role("heading", name="manual estimate")).to_be_visible()


def test_the_ring_is_dragged_fitted_kept_exported_and_forgotten(
    named: Page, served: Served, number: int
) -> None:
    page = named
    go(page, f"{number}/manual")
    automatic = defocus(page)
    drag(page, page.locator(".handle.along"), 4, 4)
    drag(page, page.locator(".handle.across"), 5, -5)
    by_hand = moved(page, automatic)
    page.locator("svg.spectrum").focus()
    page.keyboard.press("ArrowUp")
    assert moved(page, by_hand) == pytest.approx(by_hand + 100, abs=1)
    page.get_by_label("Defocus U (Å)").fill(str(round(1.04 * automatic)))
    page.get_by_label("Defocus V (Å)").fill(str(round(1.03 * automatic)))
    page.get_by_label("Angle of U (°)").fill("20")
    page.get_by_label("Angle of U (°)").press("Enter")
    expect(page.locator(".live-values")).to_contain_text("20.0°")
    page.get_by_role("button", name="Fit from here").click()
    page.get_by_role("button", name="Keep the fit").wait_for()
    assert not serious(page)
    page.get_by_role("button", name="Keep the fit").click()
    expect(page.locator("#toast")).to_contain_text("The fit was kept")
    row = exported(served, number)
    assert (row["estimated_by_hand"], row["decided_by"]) == ("1", "Ana")
    assert float(row["defocus_A"]) == pytest.approx(automatic, rel=0.005)
    page.get_by_role("button", name="Discard").click()
    expect(page.locator("#toast")).to_contain_text("manual estimate was discarded")
    assert exported(served, number)["estimated_by_hand"] == ""
    with decide_in(served.run) as decisions:
        assert [action.kind for action in decisions.history(number)] == ["automatic", "estimate"]


def test_the_band_is_dragged_and_what_the_hand_set_is_kept_as_it_is(
    named: Page, served: Served, number: int
) -> None:
    page = named
    go(page, f"{number}/manual")
    defocus(page)
    outer = page.get_by_label("Band to (Å)")
    before = float(outer.input_value())
    page.get_by_role("button", name="Show the whole spectrum").click()
    drag(page, page.locator(".handle.band-handle").nth(1), -60, 40)
    expect(outer).not_to_have_value(str(before))
    assert float(outer.input_value()) > before
    page.get_by_label("Ring drawn at the").select_option(label="third zero")
    page.get_by_label("Model in the upper left").check()
    expect(page.locator("svg.spectrum image").nth(1)).to_have_attribute("href", re.compile("^data:image/png"))
    page.get_by_label("Defocus U (Å)").fill("18000")
    page.get_by_label("Defocus V (Å)").fill("17000")
    page.get_by_label("Defocus V (Å)").press("Enter")
    expect(page.locator(".live-values")).to_contain_text("Defocus 17,500 Å")
    page.get_by_role("button", name="Keep these values").click()
    expect(page.locator("#toast")).to_contain_text("The manual estimate was kept")
    row = exported(served, number)
    assert [float(row[name]) for name in ("defocus_u_A", "defocus_v_A")] == pytest.approx([18000, 17000])


def test_at_800_pixels_nothing_is_cut_off(named: Page, number: int) -> None:
    page = named
    page.set_viewport_size({"width": 800, "height": 900})
    for view in (str(number), f"{number}/manual"):
        go(page, view)
        page.locator("svg.spectrum").wait_for()
        page.locator(".main-svg").first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 800
