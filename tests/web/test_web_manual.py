"""The estimate by hand over the JSON interface: followed, fitted, kept, exported, forgotten."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from made_micrographs import BAND, MISSED, Client, copied, make_run, serving

from simulated import OPTICS
from thonring.ctf import zero_frequency
from thonring.formats.run_tables import export
from thonring.run.open import read_run

MEAN_A = 0.5 * (MISSED.defocus_u_A + MISSED.defocus_v_A)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("manual")
    make_run(folder)
    return folder


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    return copied(made, tmp_path)


@pytest.fixture
def client(run: Path) -> Iterator[Client]:
    with serving(run) as client:
        yield client.of(2)


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
def test_defocus_rings_and_profile_follow_the_ring(client: Client, zero: int) -> None:
    body = {"ring": ring(zero=zero), "resolution_range_A": BAND, "sampling_A": 1.75}
    model = client.post("model", body)
    assert model["defocus_A"] == pytest.approx(MEAN_A, rel=1e-6)
    assert model["angle_deg"] == pytest.approx(MISSED.angle_deg)
    assert model["ring"] == pytest.approx(ring(zero=zero))
    assert len(model["curves_x_per_A"]) == len(model["curves_y_per_A"]) > 10
    assert model["score"] > 0.05
    assert model["quadrant"] is None
    further = client.post("model", {**body, "ring": ring(0.9, zero), "quadrant": True})
    assert further["defocus_A"] > 1.15 * MEAN_A
    assert further["score"] < model["score"]
    assert further["quadrant"].startswith("data:image/png;base64,iVBOR")


def test_a_band_too_narrow_still_moves_the_ring(client: Client) -> None:
    body = {"ring": ring(), "resolution_range_A": [30.0, 25.0], "sampling_A": 1.75}
    model = client.post("model", body)
    assert model["profile"] is None
    assert "frequencies" in model["profile_told"]
    assert model["defocus_A"] == pytest.approx(MEAN_A, rel=1e-6)


def test_a_wrong_search_is_rescued_by_hand_and_exported(client: Client, run: Path) -> None:
    before = row(run)
    assert before["status"] == "rejected"
    asked = {"ring": ring(0.96), "resolution_range_A": BAND}
    fitted = client.post("fit", asked)
    fit = fitted["attempt"]["fit"]
    assert abs(fit["defocus_A"] - MEAN_A) < 3 * fit["defocus_sigma_A"]
    assert fitted["attempt"]["accepted"], fitted["attempt"]["reasons"]
    assert not fitted["ran_away"]
    assert row(run) == before
    client.post("keep", {**asked, "way": "fit", "who": "Ana"})
    after = row(run)
    assert (after["status"], after["estimated_by_hand"], after["decided_by"]) == ("accepted", "1", "Ana")
    assert float(after["defocus_A"]) == pytest.approx(fit["defocus_A"], rel=1e-6)
    assert "missed.mrc" in (run / "micrographs_ctf.star").read_text(encoding="utf-8")
    one = client.get()
    assert (one["kept"], one["by_hand"], one["history"][0]["kind"]) == (-1, True, "estimate")
    assert client.get("/profile")["sin2"]
    drawn, automatic = client.get("/spectrum.png"), client.get("/spectrum.png", attempt=0)
    assert (drawn.status_code, automatic.status_code) == (200, 200)
    assert drawn.content != automatic.content
    client.post("forget", {"who": "Ben"})
    assert row(run)["status"] == "rejected"
    assert client.get()["kept"] == 0


def test_what_the_hand_set_is_kept_as_it_is(client: Client, run: Path) -> None:
    asked = {
        "defocus": {"defocus_u_A": 21000.0, "defocus_v_A": 21400.0, "angle_deg": 10.0},
        "resolution_range_A": BAND,
    }
    judged = client.post("judge", asked)["attempt"]["fit"]
    assert (judged["defocus_u_A"], judged["angle_deg"], judged["defocus_sigma_A"]) == pytest.approx(
        (21400.0, -80.0, 0)
    )
    client.post("keep", {**asked, "way": "hand", "who": "Ana"})
    kept = row(run)
    assert [float(kept[name]) for name in ("defocus_u_A", "defocus_v_A", "angle_deg", "defocus_sigma_A")] == [
        pytest.approx(21400.0),
        pytest.approx(21000.0),
        pytest.approx(-80.0),
        0.0,
    ]


def test_a_fit_that_ends_elsewhere_is_told(client: Client) -> None:
    """A hand 14 % off: the search beside it finds the right rings, further away than a hand slips."""
    asked = {
        "defocus": {"defocus_u_A": 1.14 * MEAN_A, "defocus_v_A": 1.14 * MEAN_A, "angle_deg": 0.0},
        "resolution_range_A": BAND,
    }
    fitted = client.post("fit", asked)
    assert fitted["moved_A"] == pytest.approx(-0.14 * MEAN_A, rel=0.02)
    assert fitted["ran_away"]


FAR = {"along_per_A": 0.5, "across_per_A": 0.05, "angle_deg": 0}
DEFOCUS = {"defocus_u_A": 15000.0, "defocus_v_A": 15000.0, "angle_deg": 0.0}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"defocus": DEFOCUS, "resolution_range_A": [3.5, 30.0]}, "inner circle"),
        ({"ring": FAR, "resolution_range_A": BAND}, "turns back"),
        ({"defocus": DEFOCUS | {"defocus_u_A": None}, "resolution_range_A": BAND}, "number"),
        ({"defocus": DEFOCUS | {"defocus_u_A": -5000}, "resolution_range_A": BAND}, "100"),
        ({"defocus": DEFOCUS | {"path": "/etc/passwd"}, "resolution_range_A": BAND}, "Extra"),
        ({"resolution_range_A": BAND}, "either"),
        ({"defocus": DEFOCUS, "ring": ring(), "resolution_range_A": BAND}, "either"),
        ({"defocus": DEFOCUS, "resolution_range_A": [30.0]}, "resolution_range_A"),
    ],
)
@pytest.mark.parametrize("action", ["fit", "judge", "model"])
def test_what_cannot_be_asked_is_told(client: Client, action: str, body: dict[str, Any], told: str) -> None:
    more = {"sampling_A": 1.75} if action == "model" else {}
    assert told in str(client.post(action, body | more, expected=422)["detail"])


def test_numbers_that_are_none_are_refused(client: Client) -> None:
    for text in ("NaN", "Infinity", "1e999"):
        defocus = f'{{"defocus_u_A": {text}, "defocus_v_A": 1e4, "angle_deg": 0}}'
        assert client.post_text("fit", f'{{"defocus": {defocus}, "resolution_range_A": [30, 3]}}') == 422


def test_unknown_micrographs_and_nameless_people_are_refused(client: Client) -> None:
    asked = {"defocus": DEFOCUS, "resolution_range_A": BAND}
    client.of(99).post("fit", asked, expected=404)
    client.post("keep", {**asked, "way": "hand", "who": "  "}, expected=422)
    client.of(99).post("forget", {"who": "Ana"}, expected=409)


def test_a_file_that_cannot_be_read_has_no_estimate_by_hand(client: Client) -> None:
    asked = {"defocus": DEFOCUS, "resolution_range_A": BAND}
    assert "broken.mrc" in client.of(3).post("fit", asked, expected=422)["detail"]


def test_a_file_gone_meanwhile_is_told_and_nothing_is_kept(client: Client, made: Path) -> None:
    path = made / "missed.mrc"
    asked = {"defocus": DEFOCUS, "resolution_range_A": BAND}
    hidden = path.rename(made / "hidden.mrc")
    try:
        told = client.post("keep", {**asked, "way": "hand", "who": "Ana"}, expected=422)
        assert "no longer exists" in told["detail"]
        assert client.get()["history"] == []
    finally:
        hidden.rename(path)


def test_the_plain_spectrum_is_shown_as_fine_as_it_was_measured(client: Client) -> None:
    plane = client.get("/manual/plane", sampling_A=0.5)
    assert plane["sampling_A"] > 0.5
    assert plane["nyquist_per_A"] == pytest.approx(0.5 / plane["sampling_A"])
    assert client.status("/manual/spectrum.png", sampling_A=plane["sampling_A"]) == 200
    assert client.status("/manual/spectrum.png", sampling_A=0.5) == 422
