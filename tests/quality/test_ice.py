from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from thonring.optics import Optics
from thonring.quality import AttemptData
from thonring.quality.image_criteria import crystalline_spots, ice_ring
from thonring.records import Evidence, Spectrum
from thonring.spectrum import sector_profiles

Making = Callable[..., AttemptData]
OPTICS = Optics(voltage_kV=300.0, cs_mm=2.7)


def noise(size: int = 720, values: float = 8.0, seed: int = 0, sampling_A: float = 0.9) -> Spectrum:
    rng = np.random.default_rng(seed)
    power = rng.standard_gamma(values, (size, size // 2 + 1), dtype=np.float32) / np.float32(values)
    step = 1.0 / (size * sampling_A)
    return Spectrum(power, step, step, sampling_A, values)


def with_spots(spectrum: Spectrum, height: float, resolution_A: float = 3.67) -> Spectrum:
    """Six-fold spots, `height` times the ring's power over two by two pixels."""
    power = spectrum.power.copy()
    for angle in np.radians([-80.0, -20.0, 40.0]):
        row = power.shape[0] // 2 + round(np.sin(angle) / resolution_A / spectrum.step_y_per_A)
        column = round(np.cos(angle) / resolution_A / spectrum.step_x_per_A)
        power[row : row + 2, column : column + 2] += height
    return replace(spectrum, power=power)


def with_ring(spectrum: Spectrum, strength: float, slope: float = 0.0) -> Spectrum:
    rows, columns = spectrum.power.shape
    ky = (np.arange(rows)[:, None] - rows // 2) * spectrum.step_y_per_A
    k = np.hypot(ky, np.arange(columns)[None, :] * spectrum.step_x_per_A)
    factor = np.exp(-slope * k) * np.where((k > 1 / 3.85) & (k < 1 / 3.5), strength, 1.0)
    return replace(spectrum, power=(spectrum.power * factor).astype(np.float32))


def evidence_of(measured: Spectrum) -> Evidence:
    return Evidence(OPTICS, measured, sector_profiles(measured, 1 / 30.0, np.inf), 1.75)


@pytest.fixture
def judged(make_case: Making) -> Callable[[Spectrum], AttemptData]:
    case = make_case()
    return lambda measured: replace(case, evidence=evidence_of(measured))


Judged = Callable[[Spectrum], AttemptData]


def test_pure_noise_has_no_spots(judged: Judged) -> None:
    sizes = [(256, 1.0), (300, 4.0), (321, 20.0), (256, 64.0)]
    found = [
        crystalline_spots(judged(noise(size, values, seed, 1.2)))
        for seed in range(50)
        for size, values in sizes
    ]
    assert len(found) == 200
    assert max(found) < 1.3
    assert sum(value > 1.0 for value in found) <= 2, "one false alarm in a thousand is meant"


@pytest.mark.parametrize("values", [1.0, 8.0, 50.0])
@pytest.mark.parametrize("resolution_A", [3.9, 3.67, 3.44])
def test_spots_are_found(judged: Judged, values: float, resolution_A: float) -> None:
    spectrum = noise(values=values)
    assert crystalline_spots(judged(with_spots(spectrum, 40.0, resolution_A))) > 2.0


@pytest.mark.parametrize("resolution_A", [6.0, 2.5])
def test_spots_elsewhere_are_not_ice(judged: Judged, resolution_A: float) -> None:
    assert crystalline_spots(judged(with_spots(noise(), 100.0, resolution_A))) < 1.3


def test_stronger_spots_give_larger_values(judged: Judged) -> None:
    values = [crystalline_spots(judged(with_spots(noise(), height))) for height in (20.0, 60.0, 200.0)]
    assert values == sorted(values)
    assert values[2] > 2 * values[1]


def test_a_smooth_ring_or_a_slope_is_no_spot(judged: Judged) -> None:
    assert crystalline_spots(judged(with_ring(noise(), strength=3.0, slope=10.0))) < 2.0


def test_detector_lines_on_the_axes_are_no_spots(judged: Judged) -> None:
    power = noise().power.copy()
    power[360, :] *= 50
    power[:, 0] *= 50
    assert crystalline_spots(judged(replace(noise(), power=power))) < 1.3


@pytest.mark.parametrize(("rows", "columns"), [(701, 351), (500, 400), (720, 300)])
def test_any_shape_of_half_plane(judged: Judged, rows: int, columns: int) -> None:
    whole = noise()
    power = np.random.default_rng(2).standard_gamma(8.0, (rows, columns)).astype(np.float32) / 8
    spectrum = replace(whole, power=power, step_y_per_A=1 / 0.9 / rows, step_x_per_A=0.5 / 0.9 / columns)
    assert crystalline_spots(judged(spectrum)) < 1.3
    assert crystalline_spots(judged(with_spots(spectrum, 40.0))) > 2.0
    assert ice_ring(judged(with_ring(spectrum, 1.5))) == pytest.approx(1.5, rel=0.05)


@pytest.mark.parametrize("sampling_A", [1.85, 2.75])
def test_what_cannot_be_seen_is_unknown(judged: Judged, sampling_A: float) -> None:
    case = judged(noise(256, sampling_A=sampling_A))
    assert np.isnan(crystalline_spots(case))
    assert np.isnan(ice_ring(case))


def test_an_empty_band_is_no_ice(judged: Judged) -> None:
    dark = replace(noise(), power=np.zeros_like(noise().power))
    assert crystalline_spots(judged(dark)) <= 0
    assert np.isnan(ice_ring(judged(dark)))


@pytest.mark.parametrize("slope", [0.0, 8.0, -5.0])
@pytest.mark.parametrize("strength", [1.0, 1.5, 4.0])
def test_ice_ring_is_the_strength_of_the_ring_on_any_slope(
    judged: Judged, strength: float, slope: float
) -> None:
    assert ice_ring(judged(with_ring(noise(), strength, slope))) == pytest.approx(strength, rel=0.03)


def test_the_intensity_scale_changes_nothing(judged: Judged) -> None:
    spectrum = with_spots(with_ring(noise(), 1.4), 30.0)
    scaled = replace(spectrum, power=spectrum.power * np.float32(16))
    for criterion in (crystalline_spots, ice_ring):
        assert criterion(judged(scaled)) == pytest.approx(criterion(judged(spectrum)), rel=1e-4)
