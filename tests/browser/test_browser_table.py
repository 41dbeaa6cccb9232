"""The table and the curation in a real browser."""

from playwright.sync_api import Page


def test_the_run_is_counted(page: Page) -> None:
    assert "accepted" in page.locator("#counts").inner_text()
    assert "token" not in page.url
