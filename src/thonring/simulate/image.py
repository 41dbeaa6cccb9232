"""A scene as a micrograph: contrast, beam, shot noise, camera."""

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft2, rfft2

from thonring.records import Image, Micrograph
from thonring.simulate.microscope import noise_transfer
from thonring.simulate.scene import Scene
from thonring.simulate.specimen import crystal_contrast, specimen_contrast
from thonring.simulate.support_film import cover_with_film

FEW_ELECTRONS = 16.0
"""Below this many electrons per pixel shot noise is drawn from a Poisson distribution, above from a Gaussian."""

HOT_ELECTRONS = 40.0
"""A hot pixel's excess, in multiples of the mean, is uniform between a tenth of this and this."""

STREAMS = ("specimen", "crystals", "film", "shot", "hot")


def micrograph(scene: Scene) -> Micrograph:
    """The micrograph of a scene, (rows, columns) of `scene.shape` in electrons; reproducible.

    float32, or int16 with `scene.detector.counts`.
    """
    # One stream of random numbers for each part, so that switching one off does not change the others.
    streams = dict(zip(STREAMS, np.random.default_rng(scene.seed).spawn(len(STREAMS)), strict=True))
    electrons = _electrons(scene, streams)
    image = electrons + _detected_noise(scene, electrons, streams["shot"])
    _add_hot_pixels(scene, image, streams["hot"])
    pixels: npt.NDArray[np.generic] = image
    if scene.detector.counts:
        pixels = np.clip(np.rint(image), -32768, 32767).astype(np.int16)
    return Micrograph(Path(f"simulated_{scene.seed}.mrc"), pixels, scene.pixel_A, scene.optics)


def _electrons(scene: Scene, streams: dict[str, np.random.Generator]) -> Image:
    """Expected electrons in each pixel."""
    contrast = specimen_contrast(scene, streams["specimen"])
    if scene.ice.crystal_contrast > 0:
        contrast += crystal_contrast(scene, streams["crystals"])
    contrast += 1
    if scene.support.covered > 0:
        cover_with_film(scene, contrast, streams["film"])
    contrast *= _illumination(scene)
    return np.maximum(contrast, 0, out=contrast)


def _illumination(scene: Scene) -> Image:
    """Mean electrons in each pixel, (rows, columns), or (1, 1) if uniform."""
    mean = scene.exposure.dose_e_per_A2 * scene.pixel_A**2
    if scene.detector.gradient == 0:
        return np.full((1, 1), mean, dtype=np.float32)
    angle = math.radians(scene.detector.gradient_angle_deg)
    y = np.linspace(-0.5, 0.5, scene.shape[0], dtype=np.float32)[:, None] * math.sin(angle)
    x = np.linspace(-0.5, 0.5, scene.shape[1], dtype=np.float32)[None, :] * math.cos(angle)
    return np.asarray(mean * (1 + scene.detector.gradient * (x + y)), dtype=np.float32)


def _detected_noise(scene: Scene, electrons: Image, random: np.random.Generator) -> Image:
    """Shot noise of the given electrons as the camera records it, (rows, columns)."""
    noise = _shot_noise(scene, electrons, random)
    rows, columns = noise.shape
    transform = rfft2(noise, overwrite_x=True)
    ky = np.fft.fftfreq(rows, scene.pixel_A)[:, None].astype(np.float32)
    kx = np.fft.rfftfreq(columns, scene.pixel_A)[None, :].astype(np.float32)
    nodes = np.linspace(0, 0.75 / scene.pixel_A, 8192)
    table = noise_transfer(scene.detector, scene.pixel_A, nodes).astype(np.float32)
    transform *= table[(np.sqrt(kx**2 + ky**2) * np.float32(1 / nodes[1])).astype(np.int32)]
    detected: Image = irfft2(transform, s=(rows, columns), overwrite_x=True)
    return detected


def _shot_noise(scene: Scene, electrons: Image, random: np.random.Generator) -> Image:
    """Deviation of the counted electrons from the expected ones."""
    if scene.exposure.dose_e_per_A2 * scene.pixel_A**2 < FEW_ELECTRONS:
        return np.asarray(random.poisson(electrons) - electrons, dtype=np.float32)
    noise = random.standard_normal(electrons.shape, dtype=np.float32)
    noise *= np.sqrt(electrons)
    return noise


def _add_hot_pixels(scene: Scene, image: Image, random: np.random.Generator) -> None:
    count = round(scene.detector.hot_pixels * image.size)
    if count:
        mean = scene.exposure.dose_e_per_A2 * scene.pixel_A**2
        where = random.integers(0, image.size, count)
        image.reshape(-1)[where] += mean * random.uniform(0.1, 1, count) * HOT_ELECTRONS
