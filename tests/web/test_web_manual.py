"""The estimate by hand over the JSON interface: followed, fitted, kept, exported, forgotten."""

import csv
from pathlib import Path
from typing import Any

import pytest

from factories.micrographs import OPTICS
from factories.web import BAND, MISSED, MicrographClient
from thonring.ctf import zero_frequency
from thonring.formats.run_tables import export
from thonring.run.open import read_run

MEAN_A = 0.5 * (MISSED.defocus_u_A + MISSED.defocus_v_A)


def ring(slip: float = 1.0, zero: int = 1) -> dict[str, Any]:
    along, across = zero_frequency(zero, [MISSED.defocus_u_A, MISSED.defocus_v_A], OPTICS)
    return {
        "zero": zero,
        "along_per_A": slip * float(along),
        "across_per_A": slip * float(across),
        "angle_deg": MISSED.angle_deg,
    }


def row(run: Path) -> dict[str, str]:
    with read_run(run) as store:
        export(store, ("csv", "star"), run)
    with (run / "results.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))[1]


@pytest.mark.parametrize("zero", [1, 3])
def test_defocus_rings_and_profile_follow_the_ring(missed: MicrographClient, zero: int) -> None:
    body = {"ring": ring(zero=zero), "resolution_range_A": BAND, "sampling_A": 1.75}
    model = missed.post("model", body)
    assert model["defocus_A"] == pytest.approx(MEAN_A, rel=1e-6)
    assert model["angle_deg"] == pytest.approx(MISSED.angle_deg)
    assert model["ring"] == pytest.approx(ring(zero=zero))
    assert len(model["curves_x_per_A"]) == len(model["curves_y_per_A"]) > 10
    assert model["score"] > 0.05
    assert model["quadrant"] is None
    further = missed.post("model", {**body, "ring": ring(0.9, zero), "quadrant": True})
    assert further["defocus_A"] > 1.15 * MEAN_A
    assert further["score"] < model["score"]
    assert further["quadrant"].startswith("data:image/png;base64,iVBOR")


def test_a_band_too_narrow_still_moves_the_ring(missed: MicrographClient) -> None:
    body = {"ring": ring(), "resolution_range_A": [30.0, 25.0], "sampling_A": 1.75}
    model = missed.post("model", body)
    assert model["profile"] is None
    assert "frequencies" in model["profile_told"]
    assert model["defocus_A"] == pytest.approx(MEAN_A, rel=1e-6)


def test_a_wrong_search_is_rescued_by_hand_and_exported(
    missed: MicrographClient, estimated_run: Path
) -> None:
    before = row(estimated_run)
    assert before["status"] == "rejected"
    asked = {"ring": ring(0.96), "resolution_range_A": BAND}
    fitted = missed.post("fit", asked)
    fit = fitted["attempt"]["fit"]
    assert abs(fit["defocus_A"] - MEAN_A) < 3 * fit["defocus_sigma_A"]
    assert fitted["attempt"]["accepted"], fitted["attempt"]["reasons"]
    assert not fitted["ran_away"]
    assert row(estimated_run) == before
    missed.post("keep", {**asked, "way": "fit", "who": "Ana"})
    after = row(estimated_run)
    assert (after["status"], after["estimated_by_hand"], after["decided_by"]) == ("accepted", "1", "Ana")
    assert float(after["defocus_A"]) == pytest.approx(fit["defocus_A"], rel=1e-6)
    assert "missed.mrc" in (estimated_run / "micrographs_ctf.star").read_text(encoding="utf-8")
    one = missed.get()
    assert (one["kept"], one["by_hand"], one["history"][0]["kind"]) == (-1, True, "estimate")
    assert missed.get("/profile")["sin2"]
    drawn, automatic = missed.get("/spectrum.png"), missed.get("/spectrum.png", attempt=0)
    assert (drawn.status_code, automatic.status_code) == (200, 200)
    assert drawn.content != automatic.content
    missed.post("forget", {"who": "Ben"})
    assert row(estimated_run)["status"] == "rejected"
    assert missed.get()["kept"] == 0


def test_what_the_hand_set_is_kept_as_it_is(missed: MicrographClient, estimated_run: Path) -> None:
    asked = {
        "defocus": {"defocus_u_A": 21000.0, "defocus_v_A": 21400.0, "angle_deg": 10.0},
        "resolution_range_A": BAND,
    }
    judged = missed.post("judge", asked)["attempt"]["fit"]
    assert (judged["defocus_u_A"], judged["angle_deg"], judged["defocus_sigma_A"]) == pytest.approx(
        (21400.0, -80.0, 0)
    )
    missed.post("keep", {**asked, "way": "hand", "who": "Ana"})
    kept = row(estimated_run)
    assert [float(kept[name]) for name in ("defocus_u_A", "defocus_v_A", "angle_deg", "defocus_sigma_A")] == [
        pytest.approx(21400.0),
        pytest.approx(21000.0),
        pytest.approx(-80.0),
        0.0,
    ]


@pytest.mark.slow
def test_a_fit_that_ends_elsewhere_is_told(missed: MicrographClient) -> None:
    """A hand 14 % off: the search beside it finds the right rings, further away than a hand slips."""
    asked = {
        "defocus": {"defocus_u_A": 1.14 * MEAN_A, "defocus_v_A": 1.14 * MEAN_A, "angle_deg": 0.0},
        "resolution_range_A": BAND,
    }
    fitted = missed.post("fit", asked)
    assert fitted["moved_A"] == pytest.approx(-0.14 * MEAN_A, rel=0.02)
    assert fitted["ran_away"]


FAR = {"along_per_A": 0.5, "across_per_A": 0.05, "angle_deg": 0}
DEFOCUS = {"defocus_u_A": 15000.0, "defocus_v_A": 15000.0, "angle_deg": 0.0}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"defocus": DEFOCUS, "resolution_range_A": [3.5, 30.0]}, "inner circle"),
        ({"ring": FAR, "resolution_range_A": BAND}, "phase reverses"),
        ({"defocus": DEFOCUS | {"defocus_u_A": None}, "resolution_range_A": BAND}, "number"),
        ({"defocus": DEFOCUS | {"defocus_u_A": -5000}, "resolution_range_A": BAND}, "100"),
        ({"defocus": DEFOCUS | {"path": "/etc/passwd"}, "resolution_range_A": BAND}, "Extra"),
        ({"resolution_range_A": BAND}, "either"),
        ({"defocus": DEFOCUS, "ring": ring(), "resolution_range_A": BAND}, "either"),
        ({"defocus": DEFOCUS, "resolution_range_A": [30.0]}, "resolution_range_A"),
    ],
)
@pytest.mark.parametrize("action", ["fit", "judge", "model"])
def test_what_cannot_be_asked_is_told(
    missed: MicrographClient, action: str, body: dict[str, Any], told: str
) -> None:
    more = {"sampling_A": 1.75} if action == "model" else {}
    assert told in str(missed.post(action, body | more, expected=422)["detail"])


def test_numbers_that_are_none_are_refused(missed: MicrographClient) -> None:
    for text in ("NaN", "Infinity", "1e999"):
        defocus = f'{{"defocus_u_A": {text}, "defocus_v_A": 1e4, "angle_deg": 0}}'
        assert missed.post_text("fit", f'{{"defocus": {defocus}, "resolution_range_A": [30, 3]}}') == 422


def test_unknown_micrographs_and_nameless_people_are_refused(missed: MicrographClient) -> None:
    asked = {"defocus": DEFOCUS, "resolution_range_A": BAND}
    missed.of(99).post("fit", asked, expected=404)
    missed.post("keep", {**asked, "way": "hand", "who": "  "}, expected=422)
    missed.of(99).post("forget", {"who": "Ana"}, expected=409)


def test_a_file_that_cannot_be_read_has_no_estimate_by_hand(missed: MicrographClient) -> None:
    asked = {"defocus": DEFOCUS, "resolution_range_A": BAND}
    assert "broken.mrc" in missed.of(3).post("fit", asked, expected=422)["detail"]


def test_a_file_gone_meanwhile_is_told_and_nothing_is_kept(missed: MicrographClient, images: Path) -> None:
    path = images / "missed.mrc"
    asked = {"defocus": DEFOCUS, "resolution_range_A": BAND}
    hidden = path.rename(images / "hidden.mrc")
    try:
        told = missed.post("keep", {**asked, "way": "hand", "who": "Ana"}, expected=422)
        assert "no longer exists" in told["detail"]
        assert missed.get()["history"] == []
    finally:
        hidden.rename(path)


def test_the_plain_spectrum_is_shown_as_fine_as_it_was_measured(missed: MicrographClient) -> None:
    plane = missed.get("/manual/plane", sampling_A=0.5)
    assert plane["sampling_A"] > 0.5
    assert plane["nyquist_per_A"] == pytest.approx(0.5 / plane["sampling_A"])
    assert missed.status("/manual/spectrum.png", sampling_A=plane["sampling_A"]) == 200
    assert missed.status("/manual/spectrum.png", sampling_A=0.5) == 422
