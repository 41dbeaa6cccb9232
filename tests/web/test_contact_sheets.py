"""The micrographs that a person should see are the worst, the nearest to a limit, and the best."""

import math
from dataclasses import replace
from pathlib import Path

from factories.outcomes import make_failed
from factories.stores import LIMITS, make_graded, make_plain_fit, make_run, make_session
from thonring.records import Outcome
from thonring.run.columns import RunColumns, read_columns
from thonring.run.open import read_run
from thonring.web.contact_sheet import NEAR, ContactSheet, contact_sheets


def sheets(folder: Path, outcomes: list[Outcome]) -> tuple[RunColumns, dict[str, ContactSheet]]:
    with read_run(make_run(folder / "run", outcomes)) as store:
        columns = read_columns(store)
    return columns, {sheet.name: sheet for sheet in contact_sheets(columns, LIMITS)}


def names(columns: RunColumns, sheet: ContactSheet) -> list[str]:
    return [columns.name[one.row] for one in sheet.entries]


def test_the_reasons_of_the_worst_take_turns_and_the_farthest_outside_comes_first(tmp_path: Path) -> None:
    outcomes = [make_graded(f"icy{n}.mrc", ice_ring=2.0 + n) for n in range(5)]
    outcomes += [
        make_graded("astigmatic.mrc", make_plain_fit(astigmatism_A=9000.0)),
        make_graded("good.mrc"),
        make_failed("broken.mrc"),
    ]
    columns, found = sheets(tmp_path, outcomes)
    assert names(columns, found["worst"]) == ["icy4", "astigmatic", "icy3", "icy2", "icy1", "icy0"]
    assert "Astigmatism of 9000 Å" in found["worst"].entries[1].caption


def test_the_borderline_are_near_a_limit_on_either_side(tmp_path: Path) -> None:
    values = {
        "just_inside": 1.31,
        "just_outside": 1.33,
        "near": 1.32 * (1 - 0.9 * NEAR),
        "far": 1.0,
        "worse": 3.0,
    }
    columns, found = sheets(
        tmp_path, [make_graded(f"{name}.mrc", ice_ring=value) for name, value in values.items()]
    )
    assert names(columns, found["borderline"]) == ["just_inside", "just_outside", "near"]
    assert "(limit ≤ 1.32)" in found["borderline"].entries[0].caption


def test_the_best_are_accepted_and_finest(tmp_path: Path) -> None:
    resolutions_A = {"fine": 2.9, "finer": 2.6, "coarse": 8.0, "unknown": math.inf}
    outcomes = [
        make_graded(f"{name}.mrc", replace(make_plain_fit(), fit_resolution_A=value))
        for name, value in resolutions_A.items()
    ]
    finest_but_icy = make_graded("icy.mrc", replace(make_plain_fit(), fit_resolution_A=2.5), ice_ring=2.0)
    columns, found = sheets(tmp_path, [*outcomes, finest_but_icy])
    assert names(columns, found["best"]) == ["finer", "fine", "coarse"]


def test_a_sheet_never_shows_one_twice_nor_too_many(tmp_path: Path) -> None:
    columns, found = sheets(tmp_path, make_session(500))
    for sheet in found.values():
        shown = names(columns, sheet)
        assert len(shown) == len(set(shown)) == 12


def test_failures_alone_and_nothing_give_empty_sheets(tmp_path: Path) -> None:
    for name, outcomes in {"failed": [make_failed("a.mrc")], "empty": []}.items():
        _, found = sheets(tmp_path / name, outcomes)
        assert not any(sheet.entries for sheet in found.values())
