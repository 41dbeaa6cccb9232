"""What people decided of an image does not stand for another one, nor where there is nothing left to accept."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from factories.outcomes import (
    PASSED,
    make_accepted,
    make_attempt,
    make_failed,
    make_fit,
    make_rejected,
    make_without_fit,
)
from factories.stores import make_provenance
from thonring.errors import DecisionError
from thonring.formats.run_tables import export
from thonring.records import KnownDefocus, Outcome
from thonring.run.decisions import Decisions
from thonring.run.open import decide_in, open_run, read_run
from thonring.run.provenance import Provenance
from thonring.run.store import MicrographRecord
from thonring.settings import Settings

A = Path("a.mrc")
HAND = make_attempt(make_fit(defocus_u_A=21200.0, defocus_v_A=20800.0), (PASSED,))
OTHER_FILE, OTHER_OPTICS = make_provenance(size=7), make_provenance(known=KnownDefocus(1e4, 9e3, 0.0))
OTHER_SETTINGS = make_provenance(settings=Settings(phase_shift=True))

Decide = Callable[[Decisions], object]


def kept(decisions: Decisions) -> object:
    return decisions.estimate(1, HAND, "Ana")


def accept(decisions: Decisions) -> object:
    return decisions.judge([1], "accepted", "Ana")


def reject(decisions: Decisions) -> object:
    return decisions.judge([1], "rejected", "Ana")


def add(run: Path, outcome: Outcome, came_from: Provenance) -> None:
    with open_run(run) as store:
        store.register([outcome.path])
        store.add(outcome, came_from)


def decided(run: Path, first: Outcome, *steps: Decide) -> None:
    add(run, first, make_provenance())
    with decide_in(run) as decisions:
        for step in steps:
            step(decisions)


def now(run: Path) -> MicrographRecord:
    with read_run(run) as store:
        (one,) = store
    return one


@pytest.mark.parametrize("came_from", [OTHER_FILE, OTHER_OPTICS])
def test_an_estimate_by_hand_ends_with_its_image(tmp_path: Path, came_from: Provenance) -> None:
    decided(tmp_path, make_rejected(A), kept)
    assert now(tmp_path).outcome.status == "accepted"
    add(tmp_path, make_rejected(A), came_from)
    assert (now(tmp_path).outcome.status, now(tmp_path).decision) == ("rejected", None)
    with decide_in(tmp_path) as decisions:
        assert [(one.who, one.kind) for one in decisions.history(1)] == [
            ("Thonring", "ended"),
            ("Ana", "estimate"),
        ]


def test_it_stays_where_only_the_settings_are_others(tmp_path: Path) -> None:
    decided(tmp_path, make_rejected(A), kept)
    add(tmp_path, make_rejected(A), OTHER_SETTINGS)
    found = now(tmp_path).outcome.fit
    assert found is not None
    assert found.mean_defocus_A == 21000.0


@pytest.mark.parametrize("again", [make_failed(A), make_without_fit(A)])
def test_nothing_is_accepted_that_has_no_fit_any_more(tmp_path: Path, again: Outcome) -> None:
    decided(tmp_path, make_rejected(A), accept)
    add(tmp_path, again, make_provenance())
    assert now(tmp_path).outcome.status == again.status
    assert now(tmp_path).decision is None


def test_a_rejection_stays(tmp_path: Path) -> None:
    decided(tmp_path, make_accepted(A), kept, reject)
    add(tmp_path, make_accepted(A), OTHER_FILE)
    found = now(tmp_path)
    assert found.outcome.status == "rejected"
    assert found.outcome.fit is not None
    assert found.outcome.fit.mean_defocus_A == make_fit().mean_defocus_A


def test_what_ended_is_not_brought_back_by_undoing(tmp_path: Path) -> None:
    decided(tmp_path, make_rejected(A), kept, kept)
    add(tmp_path, make_rejected(A), OTHER_FILE)
    with decide_in(tmp_path) as decisions, pytest.raises(DecisionError, match="nothing to undo"):
        decisions.undo("Ana")
    with decide_in(tmp_path) as decisions:
        decisions.judge([1], "accepted", "Ana")
        decisions.undo("Ana")
    assert now(tmp_path).outcome.status == "rejected"


def test_an_estimate_on_what_was_done_again_meanwhile_is_refused(tmp_path: Path) -> None:
    add(tmp_path, make_rejected(A), OTHER_FILE)
    with decide_in(tmp_path) as decisions, pytest.raises(DecisionError, match="done again meanwhile"):
        decisions.estimate(1, HAND, "Ana", make_provenance())
    with decide_in(tmp_path) as decisions:
        decisions.estimate(1, HAND, "Ana", OTHER_FILE)


def test_what_failed_before_its_pixel_was_known_takes_no_estimate(tmp_path: Path) -> None:
    add(tmp_path, make_failed(A), make_provenance())
    with decide_in(tmp_path) as decisions, pytest.raises(DecisionError, match="pixel size"):
        decisions.estimate(1, HAND, "Ana")


def test_no_row_without_a_pixel_breaks_a_table(tmp_path: Path) -> None:
    add(tmp_path, replace(make_accepted(A), pixel_A=float("nan")), make_provenance())
    with read_run(tmp_path) as store:
        export(store, ("star", "xmd", "csv", "cryosparc-csv", "json"), tmp_path)
    assert "a.mrc" not in (tmp_path / "micrographs_ctf.star").read_text(encoding="utf-8")
