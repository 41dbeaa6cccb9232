"""What a network sees of a micrograph: its spectrum at three samplings."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thonring.records import Image, Spectrum
from thonring.spectrum import enhance, resample

SAMPLINGS_A = (1.0, 2.0, 3.0)
SIZE = 512

Stack = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Views:
    """Power at the samplings, (samplings, 512, 257): half planes, rows centred, as in `Spectrum`.

    Beyond the Nyquist frequency of `finest_A` nothing is known, and power is 0. `values_per_pixel` has one number for
    each sampling.
    """

    power: Stack
    finest_A: float
    values_per_pixel: tuple[float, ...]
    samplings_A: tuple[float, ...] = SAMPLINGS_A

    def spectrum(self, index: int) -> Spectrum:
        """One view as a spectrum of its own."""
        sampling_A = self.samplings_A[index]
        step = 1.0 / (SIZE * sampling_A)
        return Spectrum(self.power[index], step, step, sampling_A, self.values_per_pixel[index])


def views_of(spectrum: Spectrum, samplings_A: tuple[float, ...] = SAMPLINGS_A) -> Views:
    """A spectrum of any size and sampling as a network sees it."""
    seen = [_view(spectrum, sampling_A) for sampling_A in samplings_A]
    return Views(
        power=np.stack([view.power for view in seen]),
        finest_A=spectrum.sampling_A,
        values_per_pixel=tuple(view.values_per_pixel for view in seen),
        samplings_A=samplings_A,
    )


def _view(spectrum: Spectrum, sampling_A: float) -> Spectrum:
    """The spectrum at a sampling, with 0 beyond what it knows; its first row stands for either Nyquist frequency."""
    if sampling_A >= 0.999 * spectrum.sampling_A:
        return resample(spectrum, sampling_A, SIZE)
    known = 2 * int(0.5 * SIZE * sampling_A / spectrum.sampling_A)
    inner = resample(spectrum, SIZE * sampling_A / known, known)
    power = np.zeros((SIZE, SIZE // 2 + 1), dtype=np.float32)
    first = (SIZE - known) // 2
    power[first : first + known, : known // 2 + 1] = inner.power
    power[first + known, : known // 2 + 1] = inner.power[0]
    return Spectrum(power, inner.step_y_per_A, inner.step_x_per_A, sampling_A, inner.values_per_pixel)


def enhanced(views: Views) -> Image:
    """The views enhanced, (samplings, 512, 512), full planes: what the networks of 2019 were fed."""
    return np.stack([enhance(views.spectrum(index)) for index in range(len(views.samplings_A))])
