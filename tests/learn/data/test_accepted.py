"""What a run accepted is read from its database; what no network could learn from is refused."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from factories.outcomes import make_accepted, make_failed, make_fit, make_rejected
from factories.stores import store_outcomes
from thonring.errors import OutputError, UnreadableTable
from thonring.learn.dataset.example import accepted_of
from thonring.optics import Optics

FIT = make_fit(15000.5, 400.0)


def test_accepted_ones_only_with_their_optics(tmp_path: Path) -> None:
    shifted = replace(
        FIT, defocus_u_A=8000.0, defocus_v_A=8000.0, amplitude_contrast=0.07, phase_shift_deg=2.0
    )
    outcomes = (
        make_accepted("a.mrc", FIT, pixel_A=1.06),
        make_rejected("b.mrc"),
        make_failed("c.mrc"),
        make_accepted("/raw/d.mrc", shifted, optics=Optics(200.0, 0.01, 0.1), pixel_A=0.8),
    )
    first, second = accepted_of(store_outcomes(tmp_path, outcomes))
    assert (first.path, second.path) == (Path("a.mrc").resolve(), Path("/raw/d.mrc"))
    assert first.defocus_A == 15000.5
    assert first.optics == Optics(300.0, 2.7, 0.1, 1.06)
    assert second.optics == Optics(200.0, 0.01, 0.07, 0.8)
    assert (second.defocus_A, second.phase_shift_deg) == (8000.0, 2.0)
    assert second.spectrum_kind is None


def test_a_link_is_the_file_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "raw.mrc").touch()
    (tmp_path / "link.mrc").symlink_to(tmp_path / "raw.mrc")
    (found,) = accepted_of(store_outcomes(tmp_path, [make_accepted(tmp_path / "link.mrc")]))
    assert found.path == (tmp_path / "raw.mrc").resolve()


def test_each_micrograph_is_read_as_it_was_estimated(tmp_path: Path) -> None:
    outcomes = [make_accepted(f"{name}.mrc") for name in "abc"]
    found = accepted_of(store_outcomes(tmp_path, outcomes, (None, "power", "amplitude")))
    assert [one.spectrum_kind for one in found] == [None, "power", "amplitude"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optics": None}, "a.mrc is accepted without optics or a finite defocus"),
        ({"chosen": None}, "a.mrc is accepted without optics or a finite defocus"),
        ({"pixel_A": -1.0}, "a.mrc: "),
    ],
)
def test_micrographs_that_cannot_be_used_are_named(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(UnreadableTable, match=message):
        accepted_of(store_outcomes(tmp_path, [make_accepted("a.mrc", **changes)]))


def test_a_defocus_that_is_no_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableTable, match="without optics or a finite defocus"):
        accepted_of(store_outcomes(tmp_path, [make_accepted("a.mrc", replace(FIT, defocus_u_A=math.nan))]))


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"run\.db: not found"):
        accepted_of(tmp_path)
