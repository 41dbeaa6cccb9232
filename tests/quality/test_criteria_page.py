"""docs/criteria.md against the program: every criterion, unit, limit and Xmipp label on it is the current one."""

import math
import re
import runpy
import tomllib
from pathlib import Path

import pytest

from thonring.formats.xmipp import _CRITERIA as XMIPP_LABELS
from thonring.formats.xmipp import _PHASE_SHIFT_CRITERION, _PHASE_SHIFT_LABELS
from thonring.quality import CRITERIA, known_profiles, load_profile

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "criteria.md").read_text(encoding="utf-8")
REGENERATE = "docs/criteria.md is out of date: run python docs/criteria_tables.py"


def table(name: str) -> list[dict[str, str]]:
    """The rows of a table of the page, by column, without backticks."""
    text = PAGE.split(f"<!-- {name} -->\n")[1].split(f"\n<!-- end of {name} -->")[0].replace("`", "")
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines())
    return [dict(zip(head, row, strict=True)) for row in rows]


def bounds(cell: str) -> tuple[float, float]:
    low, high = (re.search(rf"{sign} ([-\d.e+]+)", cell) for sign in "≥≤")
    return float(low[1]) if low else -math.inf, float(high[1]) if high else math.inf


def sections() -> dict[str, str]:
    """Text of the section on each criterion."""
    parts = re.split(r"^#{2,3} (.+)$", PAGE, flags=re.MULTILINE)[1:]
    named = zip(parts[::2], parts[1::2], strict=True)
    return {title.strip("`"): text for title, text in named if title.startswith("`")}


def test_the_overview_names_every_criterion_and_its_unit() -> None:
    page = [
        (row["criterion"], row["unit"], row["judged"], row["unknown counts as"]) for row in table("overview")
    ]
    now = [
        (c.name, c.unit, {"spectrum": "before", "fit": "after"}[c.stage] + " the fit", c.pass_if_missing)
        for c in CRITERIA.values()
    ]
    assert page == [(*rest, "passed" if passes else "failed") for *rest, passes in now], REGENERATE


@pytest.mark.parametrize("profile", known_profiles())
def test_the_limits_are_those_of_the_profile(profile: str) -> None:
    page = {row["criterion"]: bounds(row[profile]) for row in table("limits") if row[profile]}
    assert page == {limit.criterion: (limit.at_least, limit.at_most) for limit in load_profile(profile)}, (
        REGENERATE
    )


@pytest.mark.parametrize("profile", known_profiles())
def test_the_units_are_those_of_the_limits(profile: str) -> None:
    units = {row["criterion"]: row["unit"] for row in table("limits")}
    for limit in load_profile(profile):
        assert units[limit.criterion] == limit.unit, REGENERATE


def test_the_script_would_change_nothing() -> None:
    script = runpy.run_path(str(DOCS / "criteria_tables.py"))
    now = script["rewritten"](PAGE)
    assert now == PAGE, f"{REGENERATE}\n{now}"


def test_every_criterion_is_explained_in_order() -> None:
    assert list(sections()) == list(CRITERIA)


def test_xmipp_labels_are_those_that_are_written() -> None:
    labels = {name: label for name, (label, _) in XMIPP_LABELS.items()}
    labels[_PHASE_SHIFT_CRITERION] = _PHASE_SHIFT_LABELS[0]
    page = {
        name: found[1]
        for name, text in sections().items()
        if (found := re.match(r"\s+Label `(\w+)`\.", text))
    }
    assert page == labels


def test_the_example_profile_is_valid(tmp_path: Path) -> None:
    example = PAGE.split("```toml\n")[1].split("```")[0]
    path = tmp_path / "facility.toml"
    path.write_text(example, encoding="utf-8")
    limits = {limit.criterion: limit for limit in load_profile(str(path))}
    written = tomllib.loads(example)
    assert all(limits[entry["criterion"]].source for entry in written["limit"])
    assert not set(written["drop"]) & set(limits)
    assert limits["fit_resolution"].at_most == 6.0
