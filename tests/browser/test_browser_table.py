"""The table and the curation in a real browser: a person's day, and no fault of accessibility."""

import csv
import io
import itertools
import tomllib
import zipfile
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from factories.commands import thonring
from factories.web import Served
from thonring.quality import load_profile
from thonring.run.open import read_run

pytestmark = [pytest.mark.slow, pytest.mark.browser]

SHOWN = {"overview": "main > *", "table": "tr[data-number]", "curate": ".bars-kept[d]"}
SERIOUS = {"serious", "critical"}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def opened(page: Page, view: str) -> Page:
    page.evaluate(f"location.hash = '#/{view}'")
    page.locator(f"nav a[data-view={view}][aria-current=page]").wait_for()
    page.locator(SHOWN[view]).first.wait_for(state="attached")
    return page


def numbers(page: Page) -> list[int]:
    return [int(row.get_attribute("data-number") or 0) for row in page.locator("tr[data-number]").all()]


def status(page: Page, number: int) -> str:
    return page.locator(f"tr[data-number='{number}'] .badge").inner_text()


def statuses(run: Path) -> list[str]:
    with read_run(run) as store:
        return [named.outcome.status for named in store]


def test_a_run_is_gone_through_by_keys_and_exported(page: Page, served: Served) -> None:
    opened(page, "table")
    rows = page.locator("tr[data-number]")
    expect(rows).to_have_count(len(statuses(served.run)))
    before = statuses(served.run)
    first = before.index("accepted")
    for _ in range(first + 1):
        page.keyboard.press("j")
    page.keyboard.press("r")
    page.get_by_label("Name", exact=True).fill("Ana")
    page.keyboard.press("Enter")
    expect(page.locator(f"tr[data-number='{first + 1}'] .badge")).to_have_text("rejected")
    assert page.locator("tr.current").get_attribute("data-number") == str(first + 2)
    expect(page.locator("#toast")).to_contain_text("1 micrograph rejected")
    with read_run(served.run) as store:
        decision = next(iter(store.some([first + 1]))).decision
    assert decision is not None
    assert (decision.verdict, decision.who) == ("rejected", "Ana")
    page.keyboard.press("u")
    expect(page.locator("#toast")).to_contain_text("Undone: rejection, 1 micrograph")
    expect(page.locator(f"tr[data-number='{first + 1}'] .badge")).to_have_text("accepted")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("reset to the verdict of the criteria")
    page.keyboard.press("Escape")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/#/micrograph/{first + 1}")
    opened(page, "table")
    expect(page.locator("tr.current")).to_have_attribute("data-number", str(first + 1))
    assert statuses(served.run) == before
    page.keyboard.press("r")
    expect(page.locator("#toast")).to_contain_text("1 micrograph rejected")
    assert decided_by(downloaded(page, "Spreadsheet"))[first] == "Ana"
    page.get_by_role("button", name="Update the tables").click()
    expect(page.locator("#toast")).to_contain_text("up to date")
    assert decided_by((served.run / "results.csv").read_text(encoding="utf-8"))[first] == "Ana"


def downloaded(page: Page, title: str) -> str:
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as downloading:
        page.get_by_role("link", name=title).click()
    with zipfile.ZipFile(io.BytesIO(downloading.value.path().read_bytes())) as archive:
        return archive.read("results.csv").decode()


def decided_by(table: str) -> list[str]:
    return [row["decided_by"] for row in csv.DictReader(io.StringIO(table))]


def test_rows_are_sorted_filtered_decided_together_and_joined_by_new_ones(
    named: Page, served: Served
) -> None:
    opened(named, "table")
    with read_run(served.run) as store:
        outcomes = [one.outcome for one in store]
    defoci = {n + 1: one.fit.mean_defocus_A for n, one in enumerate(outcomes) if one.fit is not None}
    without = [n + 1 for n, one in enumerate(outcomes) if one.fit is None]
    named.locator("[data-sort=defocus_A]").click()
    expect(named.locator("th[aria-sort=ascending]")).to_contain_text("Defocus")
    assert numbers(named) == [*sorted(defoci, key=lambda number: defoci[number]), *without]
    named.locator("[data-sort='defocus_A']").click()
    expect(named.locator("th[aria-sort=descending]")).to_contain_text("Defocus")
    named.get_by_label("Search file names").fill("000001")
    expect(named.locator("tr[data-number]")).to_have_count(1)
    named.get_by_role("button", name="Clear filters").click()
    expect(named.locator("tr[data-number]")).to_have_count(len(outcomes))
    named.locator("tr[data-number] td.checkbox input").nth(0).click()
    named.locator("tr[data-number]").nth(2).locator("td.number").first.click(modifiers=["Shift"])
    expect(named.locator(".selection-count")).to_have_text("3 selected")
    chosen = numbers(named)[:3]
    named.keyboard.press("r")
    expect(named.locator("#toast")).to_contain_text("3 micrographs rejected")
    assert all(statuses(served.run)[number - 1] == "rejected" for number in chosen)
    named.get_by_role("button", name="rejected").click()
    expect(named.locator("tr[data-number]")).to_have_count(statuses(served.run).count("rejected"))
    named.get_by_role("button", name="Select all").click()
    named.keyboard.press("u")
    expect(named.locator("tr[data-number]")).to_have_count(sum(one.status == "rejected" for one in outcomes))
    named.get_by_role("button", name="Clear filters").click()
    expect(named.locator("tr[data-number]")).to_have_count(len(outcomes))
    chosen_before = named.locator(".selection-count").inner_text()
    current = named.locator("tr.current").get_attribute("data-number")
    thonring(served.run.parent, f"estimate {served.more} --out run --voltage 300 --cs 2.7")
    expect(named.locator("tr[data-number]")).to_have_count(len(outcomes) + 1, timeout=10_000)
    assert named.locator("tr.current").get_attribute("data-number") == current
    assert named.locator(".selection-count").inner_text() == chosen_before


def test_sliders_say_what_is_kept_before_and_after_it_is_applied(
    named: Page, served: Served, tmp_path: Path
) -> None:
    opened(named, "curate")
    before = statuses(served.run)
    expect(named.locator("#kept-count")).to_have_text(str(before.count("accepted")))
    slider = named.get_by_role("slider", name="Fit resolution, at most")
    box = slider.bounding_box()
    assert box is not None
    at_x, at_y = (
        box["x"] + 8 + (box["width"] - 16) * int(slider.input_value()) / 1000,
        box["y"] + box["height"] / 2,
    )
    named.mouse.move(at_x, at_y)
    named.mouse.down()
    while (kept := int(named.locator("#kept-count").inner_text())) == before.count("accepted") and at_x > box[
        "x"
    ]:
        at_x -= 4
        named.mouse.move(at_x, at_y)
    counted = asked(named)
    named.mouse.up()
    assert kept < before.count("accepted")
    assert counted["kept"] == kept
    assert statuses(served.run) == before
    named.get_by_role("button", name="Save as profile").click()
    with named.expect_download() as downloading:
        named.get_by_role("button", name="Save", exact=True).click()
    path = tmp_path / downloading.value.suggested_filename
    downloading.value.save_as(path)
    (limit,) = tomllib.loads(path.read_text(encoding="utf-8"))["limit"]
    assert limit["criterion"] == "fit_resolution"
    assert len(load_profile(str(path))) == len(load_profile("default"))
    thonring(tmp_path, f"estimate {served.simulated}/micrographs.star --out again --profile {path}")
    named.get_by_role("button", name="Apply").click()
    expect(named.locator("#toast")).to_contain_text("decided")
    assert statuses(served.run).count("accepted") == kept
    assert statuses(tmp_path / "again").count("accepted") == kept
    named.keyboard.press("u")
    expect(named.locator("#toast")).to_contain_text("Undone: limits applied")
    assert statuses(served.run) == before


def asked(page: Page) -> dict[str, int]:
    """What the server says to the limits of the boxes."""
    return dict(
        page.evaluate(
            """async () => {
              const { limits } = (await (await fetch("/api/curate")).json()).profiles[0];
              const box = document.querySelector('[aria-label="Fit resolution, at most, as a number"]');
              limits.find((limit) => limit.criterion === "fit_resolution").at_most = Number(box.value);
              const answer = await fetch("/api/curate/preview", { method: "POST", body: JSON.stringify({ limits }),
                headers: { "content-type": "application/json" } });
              return answer.json();
            }"""
        )
    )


def test_without_the_token_one_may_look_and_is_told_why_not_more(page: Page) -> None:
    page.context.clear_cookies()
    page.reload()
    expect(page.locator("#read-only")).to_contain_text("Read-only")
    opened(page, "table")
    page.keyboard.press("j")
    reject = page.get_by_role("button", name="Reject", exact=True)
    expect(reject).to_be_disabled()
    assert "open the address" in (reject.get_attribute("title") or "")
    opened(page, "curate")
    expect(page.locator("#kept-count")).not_to_be_empty()
    expect(page.get_by_role("button", name="Save as profile")).to_be_disabled()


def test_no_view_has_a_serious_fault_of_accessibility(named: Page) -> None:
    faults = []
    opened(named, "table")
    for name in ("Export", "Columns", "Shortcuts"):
        named.get_by_role("button", name=name, exact=True).click()
        named.get_by_role("dialog").wait_for()
        faults += found(named, name)
        named.keyboard.press("Escape")
    named.keyboard.press("j")
    named.keyboard.press("x")
    for view in SHOWN:
        opened(named, view)
        for width, theme in itertools.product((1440, 800), THEMES):
            named.set_viewport_size({"width": width, "height": 900})
            named.emulate_media(color_scheme=theme, reduced_motion="reduce")
            faults += found(named, f"{view}, {width} wide, {theme}")
    assert not faults


def found(page: Page, where: str) -> list[str]:
    return [
        f"{where}: {fault['id']}: {node['html']}"
        for fault in Axe().run(page).response["violations"]
        if fault["impact"] in SERIOUS
        for node in fault["nodes"]
    ]
