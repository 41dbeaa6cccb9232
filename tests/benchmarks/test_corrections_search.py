from dataclasses import replace

import numpy as np
import pytest
from correction_rows import OPTICS

from benchmarks.corrections.configurations import SEARCHES
from benchmarks.corrections.trial import first_guess_A, high_pass_filter, run_searches
from thonring.fit.splines import rotational_mean
from thonring.measurement import Measurement, measure
from thonring.pipeline import sectors
from thonring.records import SectorProfiles
from thonring.settings import Settings
from thonring.simulate import RingModel, Truth, white_micrograph

TRUTH = Truth(OPTICS, 15000.0, 15000.0, 0.0, rings=RingModel(contrast=1.0, b_factor_A2=60.0))


@pytest.fixture(scope="module")
def measured() -> tuple[Measurement, SectorProfiles]:
    measurement = measure(white_micrograph(TRUTH, (512, 512), 1), Settings())
    return measurement, sectors(measurement, Settings())


@pytest.mark.parametrize("name", ["plain", "peak", "high-pass", "corrected"])
def test_every_first_guess_finds_clear_rings(name: str, measured: tuple[Measurement, SectorProfiles]) -> None:
    guess_A = first_guess_A(SEARCHES[name], 1.75, *measured)  # type: ignore[index]
    assert guess_A == pytest.approx(15000, rel=0.03)


def test_the_clip_alone_takes_the_nearer_slope_of_the_peak(
    measured: tuple[Measurement, SectorProfiles],
) -> None:
    assert 0.85 * 15000 < first_guess_A(SEARCHES["clip"], 1.75, *measured) < 0.99 * 15000


def _with_wave(profiles: SectorProfiles, periods: float) -> SectorProfiles:
    """A flat spectrum with a wave along the frequency, so many periods of it."""
    frequency = profiles.frequency_per_A
    along = (frequency - frequency[0]) / (frequency[-1] - frequency[0])
    wave = 1.0 + 0.1 * np.sin(2 * np.pi * periods * along)
    return replace(profiles, power=np.broadcast_to(wave, profiles.power.shape).copy())


def _spread(profiles: SectorProfiles) -> float:
    mean, _ = rotational_mean(profiles)
    return float(np.std(mean[mean.size // 4 : -mean.size // 4]))


@pytest.mark.parametrize("periods", [20, 30, 40, 50])
def test_the_high_pass_has_the_gain_of_its_order(
    periods: int, measured: tuple[Measurement, SectorProfiles]
) -> None:
    """|y / x| of y = α (y' + x - x') at ω radians a ring: α |1 - exp(-iω)| / |1 - α exp(-iω)|."""
    band = measured[1].within(1 / 30, 0.5 / 1.75)
    rings_per_step = 512 * 1.75 * np.ptp(band.frequency_per_A) / (band.frequency_per_A.size - 1)
    share = 1 / (1 + 9 * rings_per_step)
    turned = np.exp(-2j * np.pi * periods / (band.frequency_per_A.size - 1))
    gain = abs(share * (1 - turned) / (1 - share * turned))
    wave = _with_wave(band, periods)
    assert _spread(high_pass_filter(wave, 1.75)) / _spread(wave) == pytest.approx(gain, rel=0.1)


def test_the_high_pass_changes_nothing_that_it_was_given(
    measured: tuple[Measurement, SectorProfiles],
) -> None:
    before = measured[1].power.copy()
    high_pass_filter(measured[1], 1.75)
    assert np.array_equal(measured[1].power, before)


def test_one_start_is_fitted_once(measured: tuple[Measurement, SectorProfiles]) -> None:
    plain, peak = (
        run_searches(*measured, ("plain", "peak"))[0],
        run_searches(*measured, ("plain", "peak"))[-1],
    )
    assert plain.fit is not None
    assert replace(peak, search="plain", seconds=plain.seconds) == plain
