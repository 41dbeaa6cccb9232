"""The fit of a smooth spectrum: exact without noise, unbiased with it; and when two starts are different ones."""

import numpy as np
import pytest

from thonring.ctf import to_vector
from thonring.fit.candidate import Candidate
from thonring.fit.splines import Iterations, fit_log_spline, smooth_power, spline_basis
from thonring.records import Floats, KnownDefocus

FREQUENCY = np.linspace(0.03, 0.4, 400)
BASIS = spline_basis(FREQUENCY, 8)
TRUE = np.array([3.0, 2.0, 1.2, 0.9, 0.5, 0.4, 0.2, 0.1])
WEIGHTS = np.linspace(1.0, 5.0, FREQUENCY.size)


def fitted(power: Floats, stiffness: float, start: Floats) -> Floats:
    return fit_log_spline(BASIS, power, WEIGHTS, stiffness, start, Iterations(60, 1e-9))


@pytest.mark.parametrize("offset", [-4.0, 0.0, 4.0])
def test_a_log_spline_is_found_from_anywhere(offset: float) -> None:
    np.testing.assert_allclose(fitted(np.exp(BASIS @ TRUE), 0.0, TRUE + offset), TRUE, atol=1e-7)


def test_the_gradient_vanishes_at_the_maximum() -> None:
    """Numerically, of Σ w (log S + P/S) plus half the stiffness times the squared second differences."""
    power = np.exp(BASIS @ TRUE) * np.random.default_rng(3).gamma(4.0, 0.25, FREQUENCY.size)

    def objective(coefficients: Floats) -> float:
        logarithm = BASIS @ coefficients
        rough = np.diff(coefficients, 2)
        return float(WEIGHTS @ (logarithm + power * np.exp(-logarithm)) + 0.5 * 7.0 * rough @ rough)

    best = fitted(power, 7.0, TRUE)
    for step in 1e-3 * np.eye(TRUE.size):
        assert objective(best + step) > objective(best) < objective(best - step)


def test_a_stiff_spline_is_a_straight_line_in_its_coefficients() -> None:
    best = fitted(np.exp(BASIS @ TRUE), 1e9, TRUE)
    assert np.abs(np.diff(best, 2)).max() < 1e-5
    assert np.abs(np.diff(TRUE, 2)).max() > 0.1


def test_smooth_power_has_the_mean_of_exponential_values() -> None:
    """The mean of their logarithm is 0.58 lower: a fit to log P would be biased by that."""
    power = np.random.default_rng(5).exponential(2.0, (200, FREQUENCY.size))
    means = [smooth_power(FREQUENCY, one, np.ones_like(one), 5).mean() for one in power]
    assert np.mean(means) == pytest.approx(2.0, rel=0.02)


def test_starts_differ_in_defocus_or_in_phase_shift_modulo_180() -> None:
    one = Candidate(10000.0, 0.0, 0.0, 5.0, 1.0)
    for mean_A, shift_deg, differs in (
        (10000.0, 5.0, False),
        (10100.0, 5.0, False),
        (10101.0, 5.0, True),
        (10000.0, 170.0, False),
        (10000.0, -30.0, True),
        (10000.0, 95.0, True),
    ):
        other = Candidate(mean_A, 0.0, 0.0, shift_deg, 2.0)
        assert one.differs_from(other, 100.0, 20.0) is differs
        assert other.differs_from(one, 100.0, 20.0) is differs


def test_a_start_from_a_known_defocus() -> None:
    start = Candidate.from_known(KnownDefocus(12000.0, 11000.0, 30.0, 40.0), 7.0)
    assert (start.mean_A, start.astigmatism_x_A, start.astigmatism_y_A) == to_vector(12000.0, 11000.0, 30.0)
    assert (start.phase_shift_deg, start.score, start.from_network) == (40.0, 7.0, False)
