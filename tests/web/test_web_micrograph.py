"""One micrograph over the JSON interface: what the store has of it, and what is made again from its file."""

import json
import os
from pathlib import Path

import imagecodecs
import numpy as np
import pytest

from factories.micrographs import TRUTH
from factories.web import MicrographClient
from thonring.run.open import decide_in


def test_every_attempt_is_told_with_its_criteria_and_their_limits(micrograph: MicrographClient) -> None:
    one = micrograph.get()
    assert (one["status"], one["file_now"], one["kept"], one["history"]) == (
        "accepted",
        "as estimated",
        0,
        [],
    )
    attempt = one["attempts"][0]
    assert attempt["fit"]["defocus_A"] == pytest.approx(15000, abs=50)
    criteria = {criterion["name"]: criterion for criterion in attempt["criteria"]}
    assert (criteria["score"]["at_least"], criteria["score"]["at_most"]) == (0.03, None)
    assert criteria["runner_up_gap"]["passed"]
    assert one["optics"] == {"voltage_kV": 300.0, "cs_mm": 2.7, "amplitude_contrast": 0.1}
    overlay = one["overlays"]["0"]
    radius = np.hypot(overlay["first_zeros_x_per_A"], overlay["first_zeros_y_per_A"])
    assert np.all((radius > 0.055) & (radius < 0.062))


def test_a_rejected_one_tells_its_reasons_and_a_failed_one_has_no_attempts(
    micrograph: MicrographClient,
) -> None:
    assert micrograph.of(2).get()["status"] == "rejected"
    assert micrograph.of(2).get()["reasons"]
    failed = micrograph.of(3).get()
    assert (failed["status"], failed["attempts"], failed["kept"]) == ("failed", [], None)
    json.dumps(failed, allow_nan=False)


def test_curves_are_made_again_from_the_file(micrograph: MicrographClient) -> None:
    curve = micrograph.get("/profile")
    k = np.array(curve["frequency_per_A"])
    assert {len(points) for points in curve.values()} == {k.size}
    assert np.corrcoef(curve["rings"][: k.size // 3], curve["sin2"][: k.size // 3])[0, 1] > 0.9
    signals = micrograph.get("/signals")
    assert signals["chosen_A"] == pytest.approx(15000, abs=600)
    network = micrograph.get("/network")
    assert network["defocus_A"] == pytest.approx(15000, abs=5 * network["sigma_A"])


@pytest.mark.parametrize("path", ["/spectrum.png", "/thumbnail.png"])
def test_pictures_are_grey_and_have_contrast(micrograph: MicrographClient, path: str) -> None:
    picture = imagecodecs.png_decode(micrograph.get(path).content)
    assert picture.ndim == 2
    assert max(picture.shape) <= 512
    assert picture.std() > 20


def test_the_picture_of_the_kept_attempt_is_the_runs_own(
    micrograph: MicrographClient, estimated_run: Path
) -> None:
    before = micrograph.get("/spectrum.png").content
    spectrum = estimated_run / "spectra" / "found.ctf"
    spectrum.unlink()
    gone = micrograph.get("/spectrum.png")
    assert "found.ctf" in gone["detail"]
    spectrum.write_bytes(b"nonsense")
    assert micrograph.status("/spectrum.png") == 422
    assert before[:4] == b"\x89PNG"


def test_a_missing_file_leaves_what_the_store_has(images: Path, micrograph: MicrographClient) -> None:
    path = images / "found.mrc"
    hidden = path.rename(images / "hidden.mrc")
    try:
        assert micrograph.get()["file_now"] == "gone"
        assert micrograph.get()["attempts"][0]["fit"]["defocus_A"] == pytest.approx(15000, abs=50)
        assert "no longer exists" in micrograph.get("/profile")["detail"]
        assert micrograph.status("/spectrum.png") == 200
    finally:
        hidden.rename(path)
    assert micrograph.status("/profile") == 200


def test_another_file_in_its_place_is_refused_also_after_it_was_looked_at(
    images: Path, micrograph: MicrographClient
) -> None:
    path = images / "found.mrc"
    assert micrograph.status("/profile") == 200
    then = path.stat()
    os.utime(path, ns=(then.st_atime_ns, then.st_mtime_ns + 10**9))
    try:
        assert micrograph.get()["file_now"] == "changed"
        assert "has changed since" in micrograph.get("/profile")["detail"]
    finally:
        os.utime(path, ns=(then.st_atime_ns, then.st_mtime_ns))


@pytest.mark.parametrize("number", [99, 2**62, -1, "../../etc/passwd", "1.5"])
def test_what_is_no_micrograph_is_told(micrograph: MicrographClient, number: object) -> None:
    nobody = micrograph.of(number)  # type: ignore[arg-type]
    for path in ("", "/profile", "/spectrum.png", "/thumbnail.png", "/signals", "/network"):
        assert nobody.status(path) in {404, 422}


def test_an_attempt_that_is_not_there_and_one_without_a_fit_are_told(micrograph: MicrographClient) -> None:
    assert micrograph.status("/profile", attempt=7) == 404
    assert micrograph.of(3).status("/profile") == 404
    assert micrograph.of(3).status("/signals") == 404


def test_decisions_are_in_its_history(micrograph: MicrographClient, estimated_run: Path) -> None:
    with decide_in(estimated_run) as decisions:
        decisions.judge([1], "rejected", "Ana")
    one = micrograph.get()
    assert (one["status"], one["automatic_status"], one["verdict_by_hand"], one["who"]) == (
        "rejected",
        "accepted",
        "rejected",
        "Ana",
    )
    assert [(action["who"], action["kind"]) for action in one["history"]] == [("Ana", "reject")]


def test_truth_is_what_the_run_found(micrograph: MicrographClient) -> None:
    fit = micrograph.get()["attempts"][0]["fit"]
    assert abs(fit["defocus_A"] - 0.5 * (TRUTH.defocus_u_A + TRUTH.defocus_v_A)) < 4 * fit["defocus_sigma_A"]
