"""A spectrum at another sampling: nothing moves, nothing is lost, nothing is invented."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from factories.micrographs import OPTICS
from thonring.ctf import half_plane_grid, phase_aberration
from thonring.records import Floats, Spectrum
from thonring.spectrum import resample


def spectrum_of(
    power: Floats, step_y_per_A: float, step_x_per_A: float, sampling_A: float = 1.0, values: float = 1.0
) -> Spectrum:
    image = np.asarray(power, np.float32)
    image.flags.writeable = False
    return Spectrum(image, step_y_per_A, step_x_per_A, sampling_A, values)


def half_plane(rows: int, columns: int) -> Spectrum:
    """Nothing yet, on the axes of an image of 1 Å pixels."""
    return spectrum_of(np.zeros((rows, columns + 1)), 1 / rows, 0.5 / columns)


def axes(spectrum: Spectrum) -> tuple[Floats, Floats]:
    rows, columns = spectrum.power.shape
    ky = (np.arange(rows) - rows // 2)[:, None] * spectrum.step_y_per_A
    return ky, np.arange(columns)[None, :] * spectrum.step_x_per_A


def filled(spectrum: Spectrum, power: Floats) -> Spectrum:
    return spectrum_of(power, spectrum.step_y_per_A, spectrum.step_x_per_A)


INNER = (slice(2, -2), slice(0, -2))
CASES = [(1024, 512, 1.0, 128), (768, 512, 1.0, 256), (1000, 350, 1.75, 256), (1022, 511, 2.75, 128)]


@pytest.mark.parametrize(("rows", "columns", "sampling_A", "size"), CASES)
def test_what_is_straight_stays_where_it_is(rows: int, columns: int, sampling_A: float, size: int) -> None:
    """kx·ky is the straight line that point symmetry allows; a block off its centre would tilt it."""
    old = half_plane(rows, columns)
    ky, kx = axes(old)
    new = resample(filled(old, ky * kx), sampling_A, size)
    ky, kx = axes(new)
    tolerance = 1e-5 + 0.05 * old.step_y_per_A * (sampling_A != 1.0)
    assert_allclose(new.power[INNER], (ky * kx)[INNER], atol=tolerance)


@pytest.mark.parametrize("block", [2, 3, 4, 7, 8])
def test_what_is_curved_is_raised_evenly_and_not_moved(block: int) -> None:
    """The mean of k² over a block is that of its centre and a constant; even blocks halve the values at both ends."""
    size = 64
    old = half_plane(size * block, size * block // 2)
    new = resample(filled(old, np.add(*(axis**2 for axis in axes(old)))), 1.0, size)
    raised = (new.power - np.add(*(axis**2 for axis in axes(new))))[INNER]
    assert_allclose(raised, raised.mean(), atol=1e-6)
    along_one_axis = (block**2 - 1) / 12 if block % 2 else block**2 / 12 + 1 / 6
    assert raised.mean() == pytest.approx(2 * along_one_axis * old.step_x_per_A**2, rel=1e-2)


def test_the_axes_are_those_of_an_image_of_that_size() -> None:
    new = resample(half_plane(1000, 400), 1.75, 512)
    assert new.power.shape == (512, 257)
    assert new.sampling_A == 1.75
    assert new.step_x_per_A == new.step_y_per_A == pytest.approx(1 / (512 * 1.75))
    assert new.nyquist_per_A == pytest.approx(256 * new.step_x_per_A)


@pytest.mark.parametrize("sampling_A", [1.0, 1.3, 1.75, 2.75, 9.0])
@pytest.mark.parametrize("shape", [(1024, 512), (1022, 333), (200, 100)])
def test_a_constant_stays(sampling_A: float, shape: tuple[int, int]) -> None:
    old = half_plane(*shape)
    new = resample(filled(old, np.full(old.power.shape, 5.0)), sampling_A, 256)
    assert_allclose(new.power, 5.0, rtol=1e-5)


@pytest.mark.parametrize("block", [3, 4, 5, 8])
def test_power_is_neither_lost_nor_made(block: int) -> None:
    old = half_plane(64 * block, 32 * block)
    power = np.zeros(old.power.shape)
    power[64 * block // 2 + 9, 8 * block + 2] = 100.0
    power[20:90, 5 * block : 20 * block] += np.random.default_rng(0).random((70, 15 * block))
    new = resample(filled(old, power), 1.0, 64)
    assert new.power.sum() * block**2 == pytest.approx(power.sum(), rel=1e-5)


def test_the_other_half_of_the_plane_is_seen_from_the_first_column() -> None:
    """A column of the axis averages both sides: P(-kx, -ky) = P(kx, ky)."""
    old = half_plane(192, 96)
    power = np.zeros(old.power.shape)
    power[96 + 30, 1] = 9.0
    new = resample(filled(old, power), 1.0, 64)
    assert new.power[32 + 10, 0] == pytest.approx(1.0)
    assert new.power[32 - 10, 0] == pytest.approx(1.0)
    assert new.power.sum() == pytest.approx(2.0)


def test_rings_keep_their_phase() -> None:
    old = spectrum_of(np.zeros((1024, 513)), 1 / 4096, 1 / 4096, 4.0)
    k2, _ = half_plane_grid(old)
    rings = 1 - np.cos(2 * phase_aberration(k2, 2e4, OPTICS))
    new = resample(spectrum_of(rings, 1 / 4096, 1 / 4096, 4.0), 4.0, 256)
    k2, _ = half_plane_grid(new)
    seen, inside = new.power[k2 < 0.01], k2[k2 < 0.01]
    agreement = [
        np.corrcoef(seen, -np.cos(2 * phase_aberration(inside, d, OPTICS)))[0, 1]
        for d in (19900, 19950, 2e4, 20050, 20100)
    ]
    assert np.argmax(agreement) == 2
    assert agreement[2] > 0.99


@pytest.mark.parametrize("block", [1, 3, 5])
def test_the_values_behind_a_pixel_are_counted(block: int) -> None:
    old = half_plane(128 * block, 64 * block)
    noise = np.random.default_rng(1).exponential(size=old.power.shape)
    new = resample(filled(old, noise), 1.0, 128)
    assert new.values_per_pixel == pytest.approx(block**2)
    inner = new.power[2:-2, 2:-2]
    assert inner.var() * new.values_per_pixel == pytest.approx(1.0, abs=0.1)


def test_a_larger_size_invents_no_values() -> None:
    old = half_plane(128, 64)
    assert resample(filled(old, np.ones((128, 65))), 1.0, 512).values_per_pixel == 1.0


def test_a_finer_sampling_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a spectrum of 1 Å/px cannot be sampled at 0.9 Å/px"):
        resample(half_plane(128, 64), 0.9)
