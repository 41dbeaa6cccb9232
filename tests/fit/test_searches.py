"""Both searches find the defocus; the corrections of the Fourier search are worth having."""

from dataclasses import replace

import numpy as np
import pytest

from factories.micrographs import OPTICS, STRONG, TRUTH, micrograph, profiles_of
from thonring import fit
from thonring.ctf import phase_aberration, to_vector
from thonring.errors import FitError
from thonring.optics import Optics
from thonring.records import KnownDefocus, SectorProfiles
from thonring.settings import KnownAstigmatism, Settings
from thonring.simulate import Truth

CASES = [
    (300.0, 1.0, 8000.0),
    (300.0, 0.7, 15000.0),
    (300.0, 1.5, 28000.0),
    (200.0, 1.0, 12000.0),
    (100.0, 1.5, 9000.0),
    (300.0, 1.0, 22000.0),
]


def truth_of(voltage_kV: float, pixel_A: float, defocus_A: float, astigmatism_A: float = 0.0) -> Truth:
    half = 0.5 * astigmatism_A
    return Truth(
        Optics(voltage_kV, 2.7, 0.1, pixel_A), defocus_A + half, defocus_A - half, 20.0, rings=STRONG
    )


@pytest.mark.parametrize(("voltage_kV", "pixel_A", "defocus_A"), CASES)
def test_matching_finds_the_defocus_and_the_astigmatism(
    voltage_kV: float, pixel_A: float, defocus_A: float
) -> None:
    image = micrograph(truth_of(voltage_kV, pixel_A, defocus_A, 600.0))
    best, *others = fit.match(profiles_of(image), image.optics, Settings())
    assert best.mean_A == pytest.approx(defocus_A, abs=250)
    assert best.phase_shift_deg == 0
    assert all(other.score <= best.score for other in others)


@pytest.mark.parametrize(("voltage_kV", "pixel_A", "defocus_A"), CASES)
def test_fourier_finds_the_defocus(voltage_kV: float, pixel_A: float, defocus_A: float) -> None:
    image = micrograph(truth_of(voltage_kV, pixel_A, defocus_A))
    band = profiles_of(image).within(0.0, 0.25)
    found, signals = fit.fourier(band, image.optics, Settings(resolution_range_A=(30.0, 4.0)))
    assert found[0].mean_A == pytest.approx(defocus_A, abs=500)
    assert signals.chosen_A == found[0].mean_A


def test_matching_follows_a_strong_astigmatism() -> None:
    best = fit.match(profiles_of(micrograph(truth_of(300, 1.0, 15000, 2500))), OPTICS, Settings())[0]
    x, y = best.astigmatism_x_A, best.astigmatism_y_A
    assert np.hypot(x, y) == pytest.approx(2500, rel=0.35)
    assert np.degrees(0.5 * np.arctan2(y, x)) == pytest.approx(20, abs=15)
    round_one = fit.match(
        profiles_of(micrograph(truth_of(300, 1.0, 15000, 2500))), OPTICS, Settings(astigmatism=False)
    )
    assert all(c.astigmatism_x_A == c.astigmatism_y_A == 0 for c in round_one)


@pytest.mark.parametrize("search", ["match", "fourier"])
def test_candidates_lie_in_the_range_and_apart(search: str) -> None:
    settings = Settings(search=search, defocus_range_A=(9000.0, 20000.0))
    candidates, signals = fit.search(profiles_of(micrograph()), OPTICS, settings)
    means = sorted(c.mean_A for c in candidates)
    assert means[0] >= 9000 - 100
    assert means[-1] <= 20000 + 100
    assert np.all(np.diff(means) > 50)
    assert (signals is None) == (search == "match")


def test_matching_finds_a_phase_shift() -> None:
    truth = replace(TRUTH, phase_shift_deg=90.0)
    best = fit.match(profiles_of(micrograph(truth)), OPTICS, Settings(phase_shift=True))[0]
    assert best.phase_shift_deg == pytest.approx(90, abs=30)
    assert best.mean_A == pytest.approx(15000, abs=250)


def test_a_known_defocus_is_the_only_start() -> None:
    known = KnownDefocus(12000.0, 11000.0, -40.0, 25.0)
    (only,), signals = fit.search(profiles_of(micrograph()), OPTICS, Settings(search="fourier"), known)
    assert (only.mean_A, only.astigmatism_x_A, only.astigmatism_y_A) == to_vector(12000.0, 11000.0, -40.0)
    assert only.phase_shift_deg == 25.0
    assert signals is None


def profile_of(*waves: tuple[float, float]) -> SectorProfiles:
    """A noiseless spectrum of waves (defocus Å, strength), without spherical aberration or astigmatism."""
    frequency = np.arange(12, 256) / 512 / 1.0
    optics = Optics(300.0, 0.0, 0.1)
    power = 1.0 + sum(
        strength * -np.cos(2 * phase_aberration(frequency**2, defocus_A, optics))
        for defocus_A, strength in waves
    )
    shape = (36, frequency.size)
    return SectorProfiles(
        angle_rad=(np.arange(36) + 0.5) * np.pi / 36 - np.pi / 2,
        frequency_per_A=frequency,
        squared_frequency=np.broadcast_to(frequency**2, shape).copy(),
        power=np.broadcast_to(power, shape).copy(),
        values=np.full(shape, 100.0),
        ring_width_per_A=1 / 512,
        sampling_A=1.0,
    )


def first_of(profiles: SectorProfiles, settings: Settings) -> float:
    return fit.fourier(profiles, Optics(300.0, 0.0, 0.1), settings)[0][0].mean_A


@pytest.mark.parametrize("defocus_A", [4000.0, 8000.0, 13700.0])
def test_the_axis_of_defocus_is_right(defocus_A: float) -> None:
    """Δf = K (2Ts)² / λ: a factor 2 in it would double every answer; a bare bin is 203 Å."""
    assert first_of(profile_of((defocus_A, 0.3)), Settings()) == pytest.approx(defocus_A, abs=40)


def test_the_top_of_a_slope_is_no_peak() -> None:
    """The flank of a strong slow wave is higher at the end of the range than the peak of the rings."""
    profiles = profile_of((3600.0, 0.5), (9000.0, 0.12))
    settings = Settings(defocus_range_A=(3900.0, 30000.0))
    assert first_of(profiles, settings) == pytest.approx(9000, abs=100)
    assert first_of(profiles, replace(settings, local_maximum=False)) == pytest.approx(3900, abs=100)


def test_clipping_lets_no_outlier_outdo_the_rings() -> None:
    """Of two peaks beyond three deviations the one nearer to focus is taken, however high the other is."""
    profiles = profile_of((8000.0, 0.3), (14000.0, 0.6))
    assert first_of(profiles, Settings()) == pytest.approx(8000, abs=100)
    assert first_of(profiles, Settings(clip_outliers=False)) == pytest.approx(14000, abs=100)


def test_a_range_without_frequencies_is_told() -> None:
    with pytest.raises(FitError, match="widen --defocus-range"):
        first_of(profile_of((8000.0, 0.3)), Settings(defocus_range_A=(7990.0, 8000.0)))


def test_the_signals_are_those_of_the_search() -> None:
    _, signals = fit.fourier(profile_of((8000.0, 0.3)), Optics(300.0, 0.0, 0.1), Settings())
    assert signals.defocus_A[np.argmax(signals.amplitude)] == pytest.approx(8000, abs=50)
    assert signals.profile.shape == signals.frequency_per_A.shape
    assert abs(signals.profile.mean()) < 0.05
    assert np.ptp(np.diff(signals.squared_frequency)) < 1e-9


@pytest.mark.parametrize("search", ["match", "fourier"])
def test_a_known_astigmatism_and_phase_shift_are_in_every_start(search: str) -> None:
    settings = Settings(search=search, known_astigmatism=KnownAstigmatism(800.0, 30.0), phase_shift_deg=40.0)
    starts, _ = fit.search(profiles_of(micrograph()), OPTICS, settings)
    assert len(starts) > 0
    for start in starts:
        assert (start.astigmatism_x_A, start.astigmatism_y_A) == pytest.approx(to_vector(400, -400, 30)[1:])
        assert start.phase_shift_deg == 40.0


def test_a_phase_shift_is_searched_in_its_range() -> None:
    truth = replace(TRUTH, phase_shift_deg=90.0)
    profiles = profiles_of(micrograph(truth))
    for low_deg, high_deg in ((60.0, 120.0), (-120.0, -60.0), (85.0, 95.0), (46.0, 47.0)):
        settings = Settings(phase_shift=True, phase_shift_range_deg=(low_deg, high_deg))
        for start in fit.match(profiles, OPTICS, settings):
            assert (start.phase_shift_deg - low_deg) % 180 <= high_deg - low_deg
