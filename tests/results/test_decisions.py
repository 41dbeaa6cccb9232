"""What people decide stands, is in every table, can be taken back, and is never forgotten."""

import csv
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factories.outcomes import (
    PASSED,
    REFUSED,
    make_accepted,
    make_attempt,
    make_failed,
    make_fit,
    make_rejected,
    make_without_fit,
)
from factories.stores import make_provenance
from thonring.errors import DecisionError, OutputError
from thonring.formats.run_tables import export
from thonring.records import Outcome
from thonring.run.decision_status import ManualVerdict
from thonring.run.decisions import Decisions
from thonring.run.open import STORE, decide_in, open_run, read_run
from thonring.run.store import MicrographRecord

A, B, C, D = (Path(f"{name}.mrc") for name in "abcd")
OUTCOMES = (make_accepted(A), make_rejected(B), make_without_fit(C), make_failed(D))
HAND = make_fit(defocus_u_A=21200.0, defocus_v_A=20800.0)


def make_run_of_four(folder: Path) -> Path:
    """Micrographs 1 to 4: accepted, rejected, rejected without a fit, failed."""
    folder.mkdir(exist_ok=True)
    with open_run(folder) as store:
        store.register([outcome.path for outcome in OUTCOMES])
        for outcome in OUTCOMES:
            store.add(outcome, make_provenance())
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run_of_four(tmp_path)


def seen(run: Path) -> list[MicrographRecord]:
    with read_run(run) as store:
        return list(store)


def outcome(run: Path, path: Path) -> Outcome:
    return next(one.outcome for one in seen(run) if one.outcome.path == path)


def statuses(run: Path) -> list[str]:
    return [one.outcome.status for one in seen(run)]


def table(run: Path, name: str = "results.csv") -> list[dict[str, str]]:
    with read_run(run) as store:
        export(store, ("csv", "star", "xmd", "json"), run)
    with (run / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_person_rejects_what_the_criteria_accept(run: Path) -> None:
    with decide_in(run) as decisions:
        decisions.judge([1], "rejected", "Ana")
    found = outcome(run, A)
    assert found.status == "rejected"
    assert found.reasons[0].startswith("rejected by Ana on 20")
    assert found.fit is not None
    row = table(run)[0]
    assert (row["status"], row["decided_by"], row["estimated_by_hand"]) == ("rejected", "Ana", "0")
    assert "a.mrc" in (run / "rejected_ctf.star").read_text(encoding="utf-8")
    assert "a.mrc" not in (run / "micrographs_ctf.star").read_text(encoding="utf-8")


def test_a_person_accepts_what_the_criteria_reject_and_their_reasons_are_told(run: Path) -> None:
    with decide_in(run) as decisions:
        decisions.judge([2], "accepted", "Ana")
    found = outcome(run, B)
    assert (found.status, found.reasons) == ("accepted", ())
    assert found.notes[-1].text.endswith(f"although the criteria failed: {REFUSED.reason}")
    assert "b.mrc" in ((table(run), run / "micrographs_ctf.star")[1]).read_text(encoding="utf-8")


@pytest.mark.parametrize("number", [3, 4])
def test_what_has_no_fit_cannot_be_accepted(run: Path, number: int) -> None:
    with decide_in(run) as decisions, pytest.raises(DecisionError, match="no fit"):
        decisions.judge([1, number], "accepted", "Ana")
    assert statuses(run) == ["accepted", "rejected", "rejected", "failed"]


def test_an_estimate_by_hand_is_kept_beside_the_automatic_one(run: Path) -> None:
    with decide_in(run) as decisions:
        decisions.estimate(2, make_attempt(HAND, (PASSED,)), "Ana")
    found = outcome(run, B)
    assert found.fit is not None
    assert (found.status, found.fit.mean_defocus_A, found.chosen) == ("accepted", 21000.0, 1)
    assert found.attempts[0].fit is not None
    assert found.attempts[0].fit.mean_defocus_A == make_fit().mean_defocus_A
    row = table(run)[1]
    assert (float(row["defocus_A"]), row["estimated_by_hand"], row["decided_by"]) == (21000.0, "1", "Ana")
    everything = json.loads((run / "results.json").read_text(encoding="utf-8"))
    assert everything["micrographs"][1]["decision"]["who"] == "Ana"


def test_an_estimate_that_the_criteria_refuse_is_rejected_until_a_person_accepts_it(run: Path) -> None:
    with decide_in(run) as decisions:
        decisions.estimate(1, make_attempt(HAND, (PASSED, REFUSED)), "Ana")
        assert outcome(run, A).status == "rejected"
        decisions.judge([1], "accepted", "Ben")
        assert outcome(run, A).status == "accepted"
        decisions.judge([1], None, "Ben")
    found = outcome(run, A)
    assert (found.status, found.reasons) == ("rejected", (REFUSED.reason,))
    assert found.fit is not None
    assert found.fit.mean_defocus_A == 21000.0


def test_an_estimate_by_hand_lets_a_failed_micrograph_be_used(run: Path) -> None:
    with decide_in(run) as decisions:
        decisions.estimate(3, make_attempt(HAND, (PASSED,)), "Ana")
    assert "c.mrc" in ((table(run), run / "micrographs_ctf.star")[1]).read_text(encoding="utf-8")


def test_estimates_can_be_forgotten_and_stay_in_the_history(run: Path) -> None:
    with decide_in(run) as decisions:
        decisions.estimate(1, make_attempt(HAND), "Ana")
        decisions.estimate(1, make_attempt(make_fit(defocus_u_A=31000.0, defocus_v_A=31000.0)), "Ana")
        assert outcome(run, A).fit is not None
        decisions.forget_estimates([1], "Ben")
        kinds = [(action.who, action.kind) for action in decisions.history(1)]
    assert outcome(run, A).fit is not None
    assert kinds == [("Ben", "automatic"), ("Ana", "estimate"), ("Ana", "estimate")]


def test_undo_takes_back_one_action_after_the_other(run: Path) -> None:
    with decide_in(run) as decisions:
        decisions.judge([1, 2], "rejected", "Ana")
        decisions.judge([2], "accepted", "Ben")
        assert statuses(run)[:2] == ["rejected", "accepted"]
        assert decisions.undo("Cat").micrographs == 1
        assert statuses(run)[:2] == ["rejected", "rejected"]
        decisions.undo("Cat")
        assert statuses(run)[:2] == ["accepted", "rejected"]
        assert outcome(run, A).reasons == ()
        with pytest.raises(DecisionError, match="nothing to undo"):
            decisions.undo("Cat")
        assert [action.kind for action in decisions.history()] == ["undo", "undo", "accept", "reject"]


def test_a_micrograph_done_again_keeps_what_was_decided(run: Path) -> None:
    with decide_in(run) as decisions:
        decisions.estimate(1, make_attempt(HAND), "Ana")
        decisions.judge([1], "rejected", "Ana")
    with open_run(run) as store:
        store.add(make_accepted(A, make_fit(defocus_u_A=5000.0, defocus_v_A=4000.0)), make_provenance())
    found = outcome(run, A)
    assert found.status == "rejected"
    assert [one.fit.mean_defocus_A for one in found.attempts if one.fit] == [4500.0, 21000.0]


def test_decisions_are_taken_while_another_process_holds_the_run(run: Path) -> None:
    with open_run(run) as store:
        with decide_in(run) as decisions:
            decisions.judge([1], "rejected", "Ana")
        store.add(make_accepted(A), make_provenance())
        assert next(iter(store)).outcome.status == "rejected"


@pytest.mark.parametrize(
    "decide", [lambda d: d.judge([9], "rejected", "A"), lambda d: d.judge([], None, "A")]
)
def test_an_unknown_micrograph_is_refused(run: Path, decide: Callable[[Decisions], object]) -> None:
    with decide_in(run) as decisions, pytest.raises(DecisionError, match="not finished in this run"):
        decide(decisions)


def test_a_decision_that_was_killed_half_written_is_taken_back_by_who_reads_next(
    run: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    killed = tmp_path_factory.mktemp("killed")
    with sqlite3.connect(run / STORE, isolation_level=None) as connection:
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN IMMEDIATE")
        rows = [("2026-01-01T00:00:00+00:00", "Ana" * 500, "reject")] * 2000
        connection.executemany("INSERT INTO action (at, who, kind) VALUES (?, ?, ?)", rows)
        for name in (STORE, f"{STORE}-journal"):
            shutil.copy(run / name, killed / name)
        connection.execute("ROLLBACK")
    assert statuses(killed) == ["accepted", "rejected", "rejected", "failed"]
    with decide_in(killed) as decisions:
        assert decisions.history() == []


def test_a_folder_without_a_store_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="not found"), decide_in(tmp_path):
        pass


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.sets(st.sampled_from([1, 2]), min_size=1), st.sampled_from(["accepted", "rejected", None])
        ),
        max_size=6,
    )
)
def test_undoing_everything_leads_back_through_every_state(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[set[int], str | None]]
) -> None:
    run = make_run_of_four(tmp_path_factory.mktemp("run"))
    states = [statuses(run)]
    with decide_in(run) as decisions:
        for micrographs, verdict in steps:
            decisions.judge(sorted(micrographs), verdict, "Ana")  # type: ignore[arg-type]
            states.append(statuses(run))
        for before in reversed(states[:-1]):
            decisions.undo("Ana")
            assert statuses(run) == before


def curated(run: Path, verdicts: dict[int, ManualVerdict], **options: bool) -> int:
    with decide_in(run) as decisions:
        action = decisions.curate(verdicts, "Ana", **options)
    return 0 if action is None else action.micrographs


def test_curating_decides_many_at_once_and_is_undone_at_once(run: Path) -> None:
    assert curated(run, {1: "rejected", 2: "accepted"}) == 2
    assert statuses(run) == ["rejected", "accepted", "rejected", "failed"]
    with decide_in(run) as decisions:
        assert decisions.history()[0].kind == "curate"
        decisions.undo("Ana")
    assert statuses(run) == ["accepted", "rejected", "rejected", "failed"]


def test_curating_leaves_to_the_criteria_what_they_say_too(run: Path) -> None:
    assert curated(run, {1: "accepted", 2: "rejected"}) == 0
    curated(run, {1: "rejected"})
    curated(run, {1: "accepted"})
    assert seen(run)[0].decision is None


def test_curating_spares_what_people_judged_unless_told(run: Path) -> None:
    with decide_in(run) as decisions:
        decisions.judge([1], "rejected", "Ben")
        assert decisions.judged() == {1}
    assert curated(run, {1: "accepted", 2: "accepted"}) == 1
    assert statuses(run)[:2] == ["rejected", "accepted"]
    assert curated(run, {1: "accepted"}, overwrite=True) == 1
    assert statuses(run)[:2] == ["accepted", "accepted"]


def test_who_judged_is_known_through_undoing(run: Path) -> None:
    curated(run, {1: "rejected"})
    with decide_in(run) as decisions:
        decisions.judge([1], "rejected", "Ben")
        decisions.undo("Ben")
        assert decisions.judged() == set()
        decisions.judge([2], "accepted", "Ben")
        decisions.judge([2], None, "Ben")
        decisions.undo("Ben")
        assert decisions.judged() == {2}


def test_curating_accepts_nothing_without_a_fit(run: Path) -> None:
    with pytest.raises(DecisionError, match=r"\[3\] have no fit"):
        curated(run, {1: "rejected", 3: "accepted"})
    assert statuses(run)[0] == "accepted"
