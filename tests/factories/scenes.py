"""A plain scene to change, and the spectral density of images, computed anew with numpy alone."""

from dataclasses import replace

import numpy as np

from thonring.optics import Optics
from thonring.records import Floats, Micrograph
from thonring.simulate.image import micrograph
from thonring.simulate.scene import Detector, Exposure, Particles, Scene

SCENE = Scene(
    seed=1,
    optics=Optics(300.0, 2.7, 0.1, 1.0),
    shape=(1024, 1024),
    defocus_u_A=12000.0,
    defocus_v_A=12000.0,
    angle_deg=0.0,
    particles=Particles(0.0),
)
PERFECT = Detector(mtf_at_nyquist=1.0, dqe_at_zero=1.0, dqe_at_nyquist=1.0)
BRIGHT = Exposure(dose_e_per_A2=4000.0)


def density(image: Micrograph) -> Floats:
    """Spectral density relative to the mean, in Å², (rows, columns // 2 + 1) as numpy.fft orders it."""
    pixels = image.pixels.astype(np.float64)
    rows, columns = pixels.shape
    window = np.hanning(rows + 1)[:-1, None] * np.hanning(columns + 1)[None, :-1]
    transform = np.fft.rfft2((pixels / pixels.mean() - 1) * window)
    return np.asarray(np.abs(transform) ** 2 * image.pixel_A**2 / (window**2).sum())


def mean_density(scene: Scene, images: int) -> Floats:
    """Mean over images of the scene with other seeds."""
    return np.mean([density(micrograph(replace(scene, seed=seed))) for seed in range(images)], axis=0)


def frequencies(scene: Scene) -> tuple[Floats, Floats]:
    """Frequency in 1/Å and direction in radians of each pixel of `density`."""
    ky = np.fft.fftfreq(scene.shape[0], scene.pixel_A)[:, None]
    kx = np.fft.rfftfreq(scene.shape[1], scene.pixel_A)[None, :]
    return np.hypot(ky, kx), np.arctan2(ky, kx) + 0 * kx
