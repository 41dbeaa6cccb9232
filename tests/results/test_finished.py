"""One micrograph read from the store with everything that was ever kept of it."""

from pathlib import Path

import pytest

from factories.outcomes import (
    OPTICS,
    PASSED,
    make_accepted,
    make_attempt,
    make_failed,
    make_fit,
    make_rejected,
)
from factories.stores import make_provenance
from thonring.records import KnownDefocus
from thonring.run.open import decide_in, open_run, read_run
from thonring.run.provenance import Inputs, inputs_of
from thonring.run.store import MicrographRecord

HAND = make_fit(defocus_u_A=21200.0, defocus_v_A=20800.0)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Micrographs 1 to 3: accepted, rejected, failed."""
    outcomes = (make_accepted(Path("a.mrc")), make_rejected(Path("b.mrc")), make_failed(Path("c.mrc")))
    with open_run(tmp_path) as store:
        store.register([outcome.path for outcome in outcomes])
        for outcome in outcomes:
            store.add(outcome, make_provenance(known=KnownDefocus(1e4, 9e3, 20.0)))
    return tmp_path


def found(run: Path, number: int) -> MicrographRecord:
    with read_run(run) as store:
        one = store.micrograph(number)
    assert one is not None
    return one


@pytest.mark.parametrize("number", [1, 2, 3])
def test_it_is_what_the_tables_are_made_from(run: Path, number: int) -> None:
    one = found(run, number)
    with read_run(run) as store:
        named = list(store)[number - 1]
    assert str(one.outcome) == str(named.outcome)
    assert one.automatic == one.outcome
    assert (one.name, one.decision, one.kept) == (named.name, None, named.outcome.chosen)
    assert one.absolute_path == Path(f"{'abc'[number - 1]}.mrc").absolute()
    assert list(one.attempts) == list(range(len(named.outcome.attempts)))
    assert inputs_of(one.provenance.inputs) == Inputs(OPTICS, KnownDefocus(1e4, 9e3, 20.0), metadata=True)


def test_estimates_by_hand_are_there_after_they_were_given_up(run: Path) -> None:
    with decide_in(run) as decisions:
        decisions.estimate(2, make_attempt(HAND, (PASSED,)), "Ana")
    one = found(run, 2)
    assert (one.kept, one.outcome.status, one.automatic.status) == (-1, "accepted", "rejected")
    assert one.outcome.fit is not None
    assert one.outcome.fit.mean_defocus_A == 21000.0
    with decide_in(run) as decisions:
        decisions.forget_estimates([2], "Ben")
    one = found(run, 2)
    assert (one.kept, one.outcome.status) == (one.automatic.chosen, "rejected")
    assert set(one.attempts) == {-1, *range(len(one.automatic.attempts))}
    kept_once = one.attempts[-1].fit
    assert kept_once is not None
    assert kept_once.mean_defocus_A == 21000.0


def test_a_number_that_no_micrograph_has_gives_none(run: Path) -> None:
    with read_run(run) as store:
        assert store.micrograph(99) is None
