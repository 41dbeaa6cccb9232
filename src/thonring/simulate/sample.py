"""Drawing scenes from a recipe, and when they are usable: scene `index` of a seed's set is always the same."""

import math
from dataclasses import replace

import numpy as np

from thonring.ctf import ring_period_per_A, zero_frequency
from thonring.errors import SettingsError
from thonring.optics import Optics
from thonring.simulate.defects import apply_defect
from thonring.simulate.recipe import Recipe
from thonring.simulate.scene import DefectName, Detector, Exposure, Ice, Particles, Scene
from thonring.simulate.spectrum import spectral_density

BAND_A = (30.0, 2.5)
"""Resolutions between which rings are counted: the default band of a fit."""

PIXELS_PER_RING = 3.0
"""Minimum frequency steps of the image in a visible ring. Chosen manually."""

SAMPLES = 40
"""Grid points of the integral over a ring."""

MAX_TRIALS = 1000
"""Maximum scenes drawn until one has the required rings."""

HOLLOW = 0.7
"""Ratio of inner to outer radius of particles that are shells."""

CROWDED_RADIUS_A = 60.0
"""Radius above which there are fewer particles, by its square: they cannot be denser than side by side."""


def visible_rings(scene: Scene, significance: float, enough: int) -> int:
    """How many successive rings, from the first zero of the CTF on, are visible inside 30-2.5 Å; at most `enough`.

    A ring runs from one zero to the next, along the mean defocus. It is visible if it lies inside the band, below
    Nyquist; if the image is long enough to give it three frequency steps; and if the signal of its modulation,
    √Σ [R (m - ½) / (N + R/2)]² over the image's independent frequencies, reaches `significance` standard deviations.
    """
    limit_per_A = min(1 / BAND_A[1], 0.5 / scene.pixel_A)
    step_per_A = 1 / (min(scene.shape) * scene.pixel_A)
    mean_A = scene.mean_defocus_A
    count = number = 0
    while count < enough:
        number += 1
        low, high = (float(zero_frequency(n, mean_A, scene.optics)) for n in (number, number + 1))
        if not high <= limit_per_A:
            return count
        if not float(ring_period_per_A(high, mean_A, scene.optics)) > PIXELS_PER_RING * step_per_A:
            return count
        if high < 1 / BAND_A[0]:
            continue
        if _significance(scene, low, high) < significance:
            return count
        count += 1
    return count


def _significance(scene: Scene, low_per_A: float, high_per_A: float) -> float:
    """Signal of a ring's modulation over its noise, in standard deviations; see `visible_rings`."""
    # Along the mean defocus, which is halfway between U and V.
    radius = np.linspace(low_per_A, high_per_A, SAMPLES)
    at_mean_defocus = np.full(1, math.radians(scene.angle_deg) + math.pi / 4)
    density = spectral_density(scene, radius, at_mean_defocus)
    relative = density.rings * (density.modulation - 0.5) / (density.noise + 0.5 * density.rings)
    # Independent frequencies of each part of the ring: half its area 2πk dk, times the image's area.
    area_A2 = scene.shape[0] * scene.shape[1] * scene.pixel_A**2
    frequencies = math.pi * radius * area_A2 * (radius[1] - radius[0])
    return math.sqrt(float((frequencies * relative**2).sum()))


def draw(recipe: Recipe, seed: int, index: int, size: int | None = None) -> Scene:
    """Draw scene `index` of the set of `seed`, an image of `size` pixels each way (the recipe's if None).

    Defect or not is drawn once; the rest again until the recipe's number of rings is visible, without the defect.

    Raises
    ------
    SettingsError
        If the recipe's ranges hardly ever give visible rings.
    """
    random = np.random.default_rng([seed, index])
    defect = _defect(recipe, random)
    side = recipe.size if size is None else size
    for _ in range(MAX_TRIALS):
        scene = _sound(recipe, random, (side, side))
        if visible_rings(scene, recipe.usable.significance, recipe.usable.rings) >= recipe.usable.rings:
            return (
                scene if defect == "none" else spoiled(scene, defect, _dose(recipe, defect, random), random)
            )
    raise SettingsError(
        f"no scene with {recipe.usable.rings} visible rings was found in {MAX_TRIALS} trials at {side} px: "
        "widen pixel_A, defocus_A or the dose, lower b_factor_A2, or require fewer rings in [usable]."
    )


def _defect(recipe: Recipe, random: np.random.Generator) -> DefectName:
    """The defect that spoils the scene, if any; two numbers are drawn in either case, so that the rest is the same."""
    spoils = random.uniform() < recipe.defective_share
    chosen = random.uniform()
    if not spoils:
        return "none"
    names = list(recipe.defects)
    weights = np.array([recipe.defects[name].weight for name in names])
    return names[int(np.searchsorted(np.cumsum(weights / weights.sum()), chosen, side="right"))]


def _dose(recipe: Recipe, defect: DefectName, random: np.random.Generator) -> float:
    return float(random.uniform(*recipe.defects[defect].dose))


def _sound(recipe: Recipe, random: np.random.Generator, shape: tuple[int, int]) -> Scene:
    """A scene without a harmful defect."""
    microscope, ctf = recipe.microscope, recipe.ctf
    optics = Optics(
        voltage_kV=float(random.choice(microscope.voltage_kV)),
        cs_mm=float(random.choice(microscope.cs_mm)),
        amplitude_contrast=float(random.uniform(*microscope.amplitude_contrast)),
        pixel_A=float(random.uniform(*microscope.pixel_A)),
    )
    mean_A = _log_uniform(random, ctf.defocus_A)
    astigmatism_A = min(float(random.uniform(*ctf.astigmatism_A)), ctf.largest_relative_astigmatism * mean_A)
    scene = Scene(
        seed=int(random.integers(2**62)),
        optics=optics,
        shape=shape,
        defocus_u_A=mean_A + 0.5 * astigmatism_A,
        defocus_v_A=mean_A - 0.5 * astigmatism_A,
        angle_deg=float(random.uniform(-90, 90)),
        phase_shift_deg=float(random.uniform(*ctf.phase_shift_deg)),
        ice=_ice(recipe, random),
        particles=_particles(recipe, random),
        exposure=_exposure(recipe, random),
        detector=_detector(recipe, random),
    )
    for name in recipe.defects:
        harmless = float(random.uniform(*recipe.defects[name].harmless))
        if harmless > 0:
            scene = apply_defect(scene, name, harmless, random)
    return scene


def _ice(recipe: Recipe, random: np.random.Generator) -> Ice:
    return Ice(thickness_A=float(random.uniform(*recipe.specimen.ice_A)))


def _particles(recipe: Recipe, random: np.random.Generator) -> Particles:
    per_um2 = float(random.uniform(*recipe.specimen.particles_per_um2))
    radius_A = float(random.uniform(*recipe.specimen.particle_radius_A))
    hollow = HOLLOW if random.uniform() < recipe.specimen.hollow_share else 0.0
    return Particles(per_um2 * min(1.0, (CROWDED_RADIUS_A / radius_A) ** 2), radius_A, hollow)


def _exposure(recipe: Recipe, random: np.random.Generator) -> Exposure:
    part = recipe.exposure
    return Exposure(
        dose_e_per_A2=float(random.uniform(*part.dose_e_per_A2)),
        b_factor_A2=float(random.uniform(*part.b_factor_A2)),
        focal_spread_A=float(random.uniform(*part.focal_spread_A)),
        source_mrad=float(random.uniform(*part.source_mrad)),
    )


def _detector(recipe: Recipe, random: np.random.Generator) -> Detector:
    part = recipe.detector
    at_zero = float(random.uniform(*part.dqe_at_zero))
    return Detector(
        mtf_at_nyquist=float(random.uniform(*part.mtf_at_nyquist)),
        dqe_at_zero=at_zero,
        dqe_at_nyquist=min(at_zero, float(random.uniform(*part.dqe_at_nyquist))),
        hot_pixels=float(random.uniform(*part.hot_pixels)),
        gradient=float(random.uniform(*part.gradient)),
        gradient_angle_deg=float(random.uniform(-180, 180)),
        counts=bool(random.uniform() < part.counts_share),
    )


def spoiled(scene: Scene, defect: DefectName, dose: float, random: np.random.Generator) -> Scene:
    """Add a defect to a sound scene and label it, as not usable."""
    return replace(apply_defect(scene, defect, dose, random), defect=defect, defect_dose=dose, usable=False)


def _log_uniform(random: np.random.Generator, limits: tuple[float, float]) -> float:
    return math.exp(random.uniform(math.log(limits[0]), math.log(limits[1])))
