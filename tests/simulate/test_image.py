"""Images of scenes: electrons, shot noise, camera, film, crystals and movement, each seen in the pixels."""

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import uniform_filter

from factories.scenes import BRIGHT, PERFECT, SCENE, density, frequencies, mean_density
from thonring.optics import Optics
from thonring.records import Floats
from thonring.simulate import micrograph
from thonring.simulate.image import FEW_ELECTRONS, HOT_ELECTRONS
from thonring.simulate.scene import Detector, Exposure, Ice, Particles, Scene, Support
from thonring.simulate.support_film import TRANSMITTED

SMALL = replace(SCENE, shape=(512, 512))
NOTHING = replace(SMALL, ice=Ice(0.0), detector=PERFECT)
"""Shot noise alone."""

PROTEIN = replace(SCENE, ice=Ice(0.0), particles=Particles(8000.0, 40.0), exposure=BRIGHT)
"""Nothing that fades with the dose."""


def pixels(scene: Scene) -> Floats:
    return micrograph(scene).pixels.astype(np.float64)


def test_the_same_scene_is_the_same_image_bit_for_bit() -> None:
    scene = replace(
        SMALL,
        particles=Particles(),
        support=Support("gold", 0.1),
        ice=Ice(crystal_contrast=0.1),
        detector=Detector(hot_pixels=1e-4, gradient=0.1),
        exposure=Exposure(drift_A=5.0, jump_share=0.2, jump_A=20.0),
    )
    one, other = micrograph(scene), micrograph(pickle.loads(pickle.dumps(scene)))  # noqa: S301
    assert one.pixels.tobytes() == other.pixels.tobytes()
    assert one.pixels.dtype == np.float32
    assert (one.pixel_A, one.optics) == (scene.pixel_A, scene.optics)
    assert abs(np.corrcoef(pixels(scene).ravel(), pixels(replace(scene, seed=2)).ravel())[0, 1]) < 0.9


@pytest.mark.parametrize("shape", [(64, 64), (257, 301), (300, 129), (128, 1000)])
def test_any_shape(shape: tuple[int, int]) -> None:
    image = pixels(replace(SCENE, shape=shape, support=Support("carbon", 0.3), particles=Particles()))
    assert image.shape == shape
    assert np.isfinite(image).all()
    assert image.std() > 0


def test_particles_larger_than_the_image() -> None:
    scene = replace(
        SCENE, shape=(150, 100), particles=Particles(5e6, 80.0), optics=Optics(300.0, 2.7, 0.1, 0.2)
    )
    assert np.isfinite(pixels(scene)).all()
    assert pixels(scene).std() > 1.2 * pixels(replace(scene, particles=Particles(0.0))).std()


def test_counts_are_whole_electrons() -> None:
    scene = replace(SMALL, detector=Detector(counts=True, hot_pixels=1e-4))
    image = micrograph(scene)
    assert image.pixels.dtype == np.int16
    assert np.array_equal(image.pixels, np.rint(pixels(replace(scene, detector=Detector(hot_pixels=1e-4)))))


def test_counts_stop_where_int16_does() -> None:
    scene = replace(SMALL, detector=Detector(counts=True), exposure=Exposure(dose_e_per_A2=40_000.0))
    assert (micrograph(scene).pixels == 32767).all()


@pytest.mark.parametrize(("dose", "pixel_A"), [(40.0, 0.7), (3.0, 1.2), (12.0, 2.0)])
@pytest.mark.parametrize("counts", [False, True])
def test_the_mean_is_the_dose(dose: float, pixel_A: float, *, counts: bool) -> None:
    optics = replace(SCENE.optics, pixel_A=pixel_A)
    scene = replace(
        SMALL, optics=optics, exposure=Exposure(dose_e_per_A2=dose), detector=Detector(counts=counts)
    )
    assert pixels(scene).mean() == pytest.approx(dose * pixel_A**2, rel=0.01)


@pytest.mark.parametrize("dose", [2.0, FEW_ELECTRONS - 0.1, FEW_ELECTRONS + 0.1, 60.0])
def test_shot_noise_has_the_variance_of_the_dose(dose: float) -> None:
    """On both sides of where Poisson's distribution gives way to Gauss'."""
    image = pixels(replace(NOTHING, exposure=Exposure(dose_e_per_A2=dose)))
    assert image.var() / image.mean() == pytest.approx(1, abs=5 * math.sqrt((2 + 1 / dose) / image.size))
    skewness = float(((image - image.mean()) ** 3).mean() / image.std() ** 3)
    expected = 1 / math.sqrt(dose) if dose < FEW_ELECTRONS else 0.0
    assert skewness == pytest.approx(expected, abs=0.05)


def test_the_camera_raises_noise_by_its_dqe() -> None:
    half = Detector(mtf_at_nyquist=1.0, dqe_at_zero=0.5, dqe_at_nyquist=0.5)
    assert pixels(replace(NOTHING, detector=half)).var() == pytest.approx(2 * pixels(NOTHING).var(), rel=0.02)


def test_hot_pixels_are_as_many_as_said() -> None:
    with_hot = pixels(replace(SMALL, detector=Detector(hot_pixels=1e-3)))
    excess = (with_hot - pixels(SMALL))[with_hot != pixels(SMALL)]
    mean = SMALL.exposure.dose_e_per_A2
    assert excess.size == pytest.approx(1e-3 * with_hot.size, abs=3)
    assert excess.min() > 0.099 * HOT_ELECTRONS * mean
    assert excess.max() < 1.001 * HOT_ELECTRONS * mean


@pytest.mark.parametrize("angle_deg", [0.0, 90.0, -135.0])
def test_the_gradient_has_size_and_direction(angle_deg: float) -> None:
    image = pixels(replace(NOTHING, detector=replace(PERFECT, gradient=0.2, gradient_angle_deg=angle_deg)))
    y, x = np.mgrid[:512, :512] / 511 - 0.5
    slopes = [12 * (image * axis).mean() / image.mean() for axis in (x, y)]
    expected = [0.2 * math.cos(math.radians(angle_deg)), 0.2 * math.sin(math.radians(angle_deg))]
    assert slopes == pytest.approx(expected, abs=0.005)
    assert image.mean() == pytest.approx(SCENE.exposure.dose_e_per_A2, rel=0.005)


@pytest.mark.parametrize("material", ["carbon", "gold"])
@pytest.mark.parametrize("covered", [0.02, 0.3, 0.8])
@pytest.mark.parametrize("direction_deg", [0.0, 120.0])
def test_film_covers_its_share(material: str, covered: float, direction_deg: float) -> None:
    """And lies where it was said to."""
    support = Support(material, covered, 4000.0, direction_deg)  # type: ignore[arg-type]
    smooth = uniform_filter(pixels(replace(SMALL, exposure=BRIGHT, support=support)), 9, mode="nearest")
    film = smooth < 0.5 * (1 + TRANSMITTED[material]) * BRIGHT.dose_e_per_A2
    assert film.mean() == pytest.approx(covered, abs=0.02)
    y, x = np.mgrid[:512, :512] - 256
    toward = math.cos(math.radians(direction_deg)) * x + math.sin(math.radians(direction_deg)) * y
    assert toward[film].mean() < toward[~film].mean()


def test_film_moves_with_the_specimen() -> None:
    """Its texture is drawn by the same drift."""
    film = Support("carbon", 1.0)
    still, moving = (
        mean_density(replace(SMALL, support=film, exposure=exposure), 2)
        for exposure in (BRIGHT, replace(BRIGHT, drift_A=10.0))
    )
    ratio = moving / still
    assert np.median(ratio[:5, 51]) < 0.3
    assert np.median(ratio[45:55, 0:3]) > 0.8


@pytest.mark.parametrize("seed", range(3))
def test_crystals_give_bragg_spots(seed: int) -> None:
    """The strongest spot is that of a plane of hexagonal ice; without crystals there is none."""
    scene = replace(SMALL, seed=seed, ice=Ice(crystal_contrast=0.1, crystal_share=1.0))
    k, _ = frequencies(scene)
    near_ice = (k > 1 / 4.5) & (k < 1 / 3.2)
    power = np.where(near_ice, density(micrograph(scene)), 0)
    spacing_A = 1 / k.flat[power.argmax()]
    assert min(abs(spacing_A / plane - 1) for plane in (3.90, 3.67)) < 0.01
    plain = density(micrograph(replace(scene, ice=Ice())))
    assert power.max() > 10 * plain[near_ice].max()


def test_a_coarse_pixel_cannot_show_crystals() -> None:
    scene = replace(SMALL, optics=replace(SCENE.optics, pixel_A=2.0))
    crystalline = replace(scene, ice=Ice(crystal_contrast=0.3))
    assert np.array_equal(pixels(scene), pixels(crystalline))


def test_drift_kills_rings_along_its_direction_only() -> None:
    """The same noise with and without: their ratio is what the drift left, sinc² along it and 1 across."""
    still, moving = (
        mean_density(replace(PROTEIN, exposure=exposure), 1)
        for exposure in (BRIGHT, replace(BRIGHT, drift_A=12.0, drift_angle_deg=90.0))
    )
    k, direction = frequencies(PROTEIN)
    steep = np.abs(direction) > math.radians(80)
    flat = np.abs(direction) < math.radians(10)
    at_first_zero = np.abs(k - 1 / 12) < 0.01
    assert moving[steep & at_first_zero].mean() < 0.15 * still[steep & at_first_zero].mean()
    assert moving[flat & at_first_zero].mean() > 0.85 * still[flat & at_first_zero].mean()


def test_a_jump_makes_fringes() -> None:
    """Power beats as 1 - 2s(1-s)(1 - cos 2πkj): nothing is left where two equal halves cancel."""
    exposure = replace(BRIGHT, jump_share=0.5, jump_A=25.0, jump_angle_deg=0.0)
    fringed = mean_density(replace(PROTEIN, exposure=exposure), 1)
    k, direction = frequencies(PROTEIN)
    turns = 25.0 * k * np.cos(direction)
    band = (k > 0.04) & (k < 0.16)
    dark = band & (np.abs(turns % 1 - 0.5) < 0.07)
    bright = band & (np.abs((turns + 0.5) % 1 - 0.5) < 0.07)
    assert fringed[dark].mean() < 0.1 * fringed[bright].mean()


def test_blur_takes_fine_detail_in_all_directions() -> None:
    sharp, blurred = (
        mean_density(replace(PROTEIN, exposure=exposure), 1)
        for exposure in (BRIGHT, replace(BRIGHT, blur_A=3.0))
    )
    k, direction = frequencies(PROTEIN)
    for low, high in ((-80, -40), (-20, 20), (40, 80)):
        part = (direction > math.radians(low)) & (direction < math.radians(high)) & (np.abs(k - 0.05) < 0.004)
        expected = math.exp(-4 * (math.pi * 3.0 * 0.05) ** 2)
        assert blurred[part].mean() / sharp[part].mean() == pytest.approx(expected, rel=0.15)


def test_opposite_borders_do_not_match() -> None:
    """A periodic image would be kinder than a real one; far from focus, contrast is coarse."""
    image = pixels(replace(SMALL, exposure=BRIGHT, particles=Particles(3000.0)))
    rows = uniform_filter(image, 5, mode="nearest")
    assert np.corrcoef(rows[250], rows[254])[0, 1] > 0.5
    assert abs(np.corrcoef(rows[2], rows[-3])[0, 1]) < 0.35
