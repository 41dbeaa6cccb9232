"""What the pictures show is what the records say."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread
from numpy.testing import assert_allclose

from factories.thon_rings import OPTICS, radial_curve, search_signals
from thonring.ctf import defocus_along, phase_aberration
from thonring.errors import OutputError
from thonring.plot import (
    Pictures,
    profile_figure,
    quadrant_figure,
    signals_figure,
    write_plots,
    write_signals,
)
from thonring.plot.ctf_image import first_zeros
from thonring.plot.radial_profile import normalised_rings, power_limits
from thonring.plot.style import house_style, rings_to_label
from thonring.records import CtfFit, Outcome

Judge = Callable[..., Outcome]


def words(figure: Figure) -> str:
    """Everything written in a figure."""
    return "\n".join(
        text.get_text() for axes in figure.axes for text in [*axes.texts, axes.title, axes._left_title]
    )


def test_the_sine_of_chi_vanishes_on_the_curve_of_first_zeros(fit: CtfFit) -> None:
    kx, ky = first_zeros(fit, OPTICS)
    direction_rad = np.arctan2(ky, kx)
    defocus_A = defocus_along(direction_rad, fit.defocus_u_A, fit.defocus_v_A, fit.angle_deg)
    assert_allclose(phase_aberration(kx**2 + ky**2, defocus_A, OPTICS), math.pi, rtol=1e-9)


def test_the_first_zeros_lie_closer_along_the_larger_defocus(fit: CtfFit) -> None:
    radius = np.hypot(*first_zeros(fit, OPTICS))
    assert np.argmin(radius[:90]) == pytest.approx(fit.angle_deg / 2, abs=1)


def test_rings_normalised_by_a_perfect_model_are_the_model() -> None:
    curve = radial_curve()
    perfect = replace(curve, power=curve.background + curve.ring_power * curve.sin2)
    assert_allclose(normalised_rings(perfect), curve.sin2, atol=1e-9)


def test_no_rings_in_the_model_leave_a_gap() -> None:
    curve = replace(radial_curve(), ring_power=np.zeros(250))
    assert np.isnan(normalised_rings(curve)).all()


def test_the_log_axis_survives_a_profile_without_power() -> None:
    low, high = power_limits(replace(radial_curve(), power=np.zeros(250)))
    assert 0 < low < high


@pytest.mark.parametrize("nyquist_per_A", [0.1, 0.286, 0.5, 1.0])
def test_labelled_rings_are_inside_the_band_and_apart(nyquist_per_A: float) -> None:
    fractions = [1 / (ring_A * nyquist_per_A) for ring_A in rings_to_label(nyquist_per_A, 0.25)]
    assert len(fractions) >= 2
    assert max(fractions) <= 1
    assert min(np.diff([0, *fractions])) >= 0.25 - 1e-12


def test_the_caption_tells_values_errors_and_verdict(judged: Judge, enhanced: np.ndarray) -> None:
    text = words(quadrant_figure(judged("rejected", "No rings are seen."), enhanced, enhanced))
    for part in ("16,000 Å", "14,000 Å", "15,000 ± 4.0 Å", "2,000 ± 7.0 Å", "30.0 ± 0.1°", "0.210", "4.2 Å"):
        assert part in text
    assert "✗ rejected" in text
    assert "No rings are seen." in text


def test_a_spectrum_that_was_refused_before_a_fit_is_still_drawn(judged: Judge, enhanced: np.ndarray) -> None:
    text = words(quadrant_figure(judged("rejected", "Ice.", fitted=False), enhanced, None))
    assert "no fit" in text
    assert "defocus" not in text


def test_many_reasons_are_cut_and_the_cut_is_told(judged: Judge, enhanced: np.ndarray) -> None:
    reasons = [f"Reason number {i} is quite long and takes some two lines." for i in range(12)]
    text = words(quadrant_figure(judged("rejected", *reasons), enhanced, enhanced))
    assert "and 6 more, see results.csv" in text or "and 7 more, see results.csv" in text


def test_rings_that_fit_nowhere_are_told_so(judged: Judge, enhanced: np.ndarray) -> None:
    text = words(quadrant_figure(judged("rejected", "No.", fit_resolution_A=math.inf), enhanced, enhanced))
    assert "nowhere" in text
    assert "inf" not in text


def test_a_held_phase_shift_is_told_as_held(judged: Judge, enhanced: np.ndarray) -> None:
    text = words(quadrant_figure(judged(phase_shift_deg=90.0), enhanced, enhanced))
    assert "90.0° (fixed)" in text


def test_the_fit_resolution_is_marked_in_every_panel_of_the_profile(judged: Judge) -> None:
    figure = profile_figure(judged())
    marks = [
        [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 2] for axes in figure.axes
    ]
    assert all(any(x == pytest.approx(1 / 4.2) for x in panel) for panel in marks)


def test_the_peak_taken_is_marked_on_the_transform(fit: CtfFit) -> None:
    assert fit.signals is not None
    transform = signals_figure(fit.signals).axes[2]
    (point,) = [line for line in transform.lines if line.get_marker() == "o"]
    assert point.get_xdata()[0] == pytest.approx(1.5)
    assert "15,000 Å" in transform.get_title("left")


@pytest.mark.slow
def test_written_pictures_are_images_of_readable_size(
    tmp_path: Path, judged: Judge, enhanced: np.ndarray
) -> None:
    written = write_plots(tmp_path / "plots", "hole", judged(), Pictures(enhanced, enhanced))
    signals = write_signals(tmp_path / "plots", "hole", judged(), search_signals())
    assert [path.name for path in written] == ["hole_spectrum.png", "hole_profile.png"]
    for path in (*written, signals):
        height, width, _ = imread(path).shape
        assert 900 < width < 1600
        assert 350 < height < 900


def test_nothing_fitted_writes_the_spectrum_alone(
    tmp_path: Path, judged: Judge, enhanced: np.ndarray
) -> None:
    outcome = judged("rejected", "Ice.", fitted=False)
    assert [path.name for path in write_plots(tmp_path, "hole", outcome, Pictures(enhanced, None))] == [
        "hole_spectrum.png"
    ]


def test_a_folder_that_is_a_file_is_told(tmp_path: Path, judged: Judge, enhanced: np.ndarray) -> None:
    (tmp_path / "plots").write_text("in the way")
    with pytest.raises(OutputError, match=r"hole_spectrum\.png: the picture cannot be written"):
        write_plots(tmp_path / "plots", "hole", judged(), Pictures(enhanced, enhanced))


def test_the_users_own_style_is_left_alone() -> None:
    with mpl.rc_context({"axes.linewidth": 3.5}):
        with house_style():
            assert mpl.rcParams["axes.linewidth"] != 3.5
        assert mpl.rcParams["axes.linewidth"] == 3.5


def test_drawing_changes_no_record(judged: Judge, enhanced: np.ndarray) -> None:
    before = enhanced.copy()
    enhanced.flags.writeable = False
    outcome = judged()
    for array in (outcome.fit.curve.power, outcome.fit.curve.agreement):
        array.flags.writeable = False
    quadrant_figure(outcome, enhanced, enhanced)
    profile_figure(outcome)
    assert_allclose(enhanced, before)
