"""From images to spectra and on: frames together, what cannot be measured, and the fit beyond its range."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from factories.micrographs import NATIVE, OPTICS, micrograph
from thonring import measurement, pipeline
from thonring.errors import UnsuitableImage
from thonring.records import Source


def test_frames_say_more_together_than_one_alone() -> None:
    """Frames of one field with noise of their own: the mean spectrum has smaller error bars, and they hold."""
    frames = [micrograph(seed=seed) for seed in range(1, 5)]
    alone = measurement.measure(frames[0], NATIVE)
    together = measurement.measure_frames(frames, NATIVE)
    assert together.spectrum.values_per_pixel == 4 * alone.spectrum.values_per_pixel
    mean = np.mean([measurement.measure(frame, NATIVE).spectrum.power for frame in frames], axis=0)
    np.testing.assert_allclose(together.spectrum.power, mean, rtol=1e-5)
    source = Source(frames[0].path, OPTICS)
    one, _ = pipeline.examine_measured(source, NATIVE, lambda: alone)
    all_four, _ = pipeline.examine_measured(source, NATIVE, lambda: together)
    assert one.fit is not None
    assert all_four.fit is not None
    assert all_four.fit.defocus_sigma_A < 0.65 * one.fit.defocus_sigma_A
    assert abs(all_four.fit.mean_defocus_A - 15000.0) < 4 * all_four.fit.defocus_sigma_A


def test_what_cannot_be_measured_is_in_the_outcome() -> None:
    def broken() -> measurement.Measurement:
        raise UnsuitableImage("a reason")

    outcome, evidence = pipeline.examine_measured(Source(Path("a.mrc"), OPTICS), NATIVE, broken)
    assert (outcome.status, outcome.reasons, evidence) == ("failed", ("a reason",), None)


def test_agreement_goes_on_beyond_the_range_that_was_fitted() -> None:
    settings = replace(NATIVE, resolution_range_A=(30.0, 6.0))
    source = Source(micrograph().path, OPTICS)
    outcome, evidence = pipeline.examine_measured(
        source, settings, lambda: measurement.measure(micrograph(), settings, 1.0)
    )
    assert outcome.fit is not None
    assert evidence is not None
    assert outcome.fit.fit_resolution_A >= 5.9
    seen = pipeline.agreement(outcome.fit, evidence, settings, 2.0)
    assert seen.fit_resolution_A < 4.0
    found, kept = outcome.fit, (seen.defocus_u_A, seen.defocus_v_A, seen.angle_deg)
    assert kept == pytest.approx((found.defocus_u_A, found.defocus_v_A, found.angle_deg))
    assert seen.curve.frequency_per_A[-1] == pytest.approx(0.5, abs=0.01)
