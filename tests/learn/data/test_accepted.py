"""What a run accepted is read from its database; what no network could learn from is refused."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from thonring.errors import OutputError, UnreadableTable
from thonring.learn.dataset.example import accepted_of
from thonring.optics import Optics
from thonring.records import Attempt, CriterionResult, CtfFit, Outcome, Verdict
from thonring.run.open import open_run
from thonring.run.provenance import FileState, Provenance, inputs_text, processing
from thonring.run.rows import NO_CURVE
from thonring.settings import Settings

OPTICS = Optics(300.0, 2.7, 0.1)
FIT = CtfFit(
    defocus_u_A=15200.5,
    defocus_v_A=14800.5,
    angle_deg=20.0,
    phase_shift_deg=0.0,
    amplitude_contrast=0.1,
    covariance=np.zeros((5, 5)),
    score=0.2,
    fit_resolution_A=4.0,
    resolution_range_A=(30.0, 3.0),
    sampling_A=1.4,
    log_likelihood_gain=500.0,
    dispersion=1.0,
    runner_up_A=math.nan,
    runner_up_gap=math.nan,
    curve=NO_CURVE,
    start_A=15000.0,
)


def outcome(path: str | Path, fit: CtfFit = FIT, *, accepted: bool = True, **changes: object) -> Outcome:
    rings = CriterionResult("score", 0.2, passed=accepted, reason="" if accepted else "No rings.")
    verdict = Verdict("default", (rings,))
    status = "accepted" if accepted else "rejected"
    made = Outcome(
        Path(path), status, verdict.reasons, OPTICS, 1.06, (512, 512), (Attempt(1.4, verdict, fit),), 0
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def run_of(folder: Path, outcomes: Sequence[Outcome], kinds: Sequence[str | None] = (None,)) -> Path:
    """A run whose micrograph i was estimated from a spectrum of the i-th kind, or from an image."""
    with open_run(folder) as store:
        store.register([one.path for one in outcomes])
        for one, kind in zip(outcomes, [*kinds, *[None] * len(outcomes)], strict=False):
            made = processing(Settings(), kind, (), "0.1.0")
            store.add(one, Provenance(FileState(), inputs_text(OPTICS, None), made))
    return folder


def test_accepted_ones_only_with_their_optics(tmp_path: Path) -> None:
    shifted = replace(
        FIT, defocus_u_A=8000.0, defocus_v_A=8000.0, amplitude_contrast=0.07, phase_shift_deg=2.0
    )
    outcomes = (
        outcome("a.mrc"),
        outcome("b.mrc", accepted=False),
        Outcome(Path("c.mrc"), "failed", ("truncated",), None, math.nan, (0, 0)),
        outcome("/raw/d.mrc", shifted, optics=Optics(200.0, 0.01, 0.1), pixel_A=0.8),
    )
    first, second = accepted_of(run_of(tmp_path, outcomes))
    assert (first.path, second.path) == (Path("a.mrc").resolve(), Path("/raw/d.mrc"))
    assert first.defocus_A == 15000.5
    assert first.optics == Optics(300.0, 2.7, 0.1, 1.06)
    assert second.optics == Optics(200.0, 0.01, 0.07, 0.8)
    assert (second.defocus_A, second.phase_shift_deg) == (8000.0, 2.0)
    assert second.spectrum_kind is None


def test_a_link_is_the_file_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "raw.mrc").touch()
    (tmp_path / "link.mrc").symlink_to(tmp_path / "raw.mrc")
    (found,) = accepted_of(run_of(tmp_path, [outcome(tmp_path / "link.mrc")]))
    assert found.path == (tmp_path / "raw.mrc").resolve()


def test_each_micrograph_is_read_as_it_was_estimated(tmp_path: Path) -> None:
    outcomes = [outcome(f"{name}.mrc") for name in "abc"]
    found = accepted_of(run_of(tmp_path, outcomes, (None, "power", "amplitude")))
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
        accepted_of(run_of(tmp_path, [outcome("a.mrc", **changes)]))


def test_a_defocus_that_is_no_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableTable, match="without optics or a finite defocus"):
        accepted_of(run_of(tmp_path, [outcome("a.mrc", replace(FIT, defocus_u_A=math.nan))]))


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"run\.db: not found"):
        accepted_of(tmp_path)
