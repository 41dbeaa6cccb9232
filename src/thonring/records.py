"""The records passed from one stage to the next: frozen, with the unit in each name (docs/conventions.md).

Underfocus is positive, U >= V, the angle of U from +x (columns) towards +y (rows), in (-90, 90] degrees.
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from thonring.optics import Optics

Floats = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]
Status = Literal["accepted", "rejected", "failed"]


@dataclass(frozen=True, slots=True)
class Note:
    """Something the user should know; `kind` lets a batch report it once per run."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Micrograph:
    """One image as read: `pixels` (rows, columns) of any real type; `pixel_A` is known by now."""

    path: Path
    pixels: npt.NDArray[np.generic]
    pixel_A: float
    optics: Optics
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Power over the half plane kx >= 0.

    `power` has shape (rows, columns): row i is ky = (i - rows // 2) * step_y_per_A, column j is kx = j * step_x_per_A.
    `values_per_pixel` independent exponential values make a pixel; the axes end at `sampling_A`'s Nyquist frequency.
    """

    power: Image
    step_y_per_A: float
    step_x_per_A: float
    sampling_A: float
    values_per_pixel: float

    @property
    def nyquist_per_A(self) -> float:
        """Highest frequency along an axis."""
        return 0.5 / self.sampling_A


@dataclass(frozen=True, slots=True)
class GivenSpectrum:
    """A power or amplitude spectrum that another program computed, now as power."""

    path: Path
    spectrum: Spectrum
    optics: Optics
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class SectorProfiles:
    """Power averaged in (sectors, rings) bins of the half plane.

    `angle_rad` (sectors,) are directions, `frequency_per_A` (rings,) mean radii; (sectors, rings): `squared_frequency`
    is the mean k² of a bin's own pixels in 1/Å², `power` the mean power of `values` exponential values (0: empty).
    """

    angle_rad: Floats
    frequency_per_A: Floats
    squared_frequency: Floats
    power: Floats
    values: Floats
    ring_width_per_A: float
    sampling_A: float

    def within(self, lowest_per_A: float, highest_per_A: float) -> "SectorProfiles":
        """Only the rings between two frequencies, both included."""
        kept = (self.frequency_per_A >= lowest_per_A) & (self.frequency_per_A <= highest_per_A)
        return replace(
            self,
            frequency_per_A=self.frequency_per_A[kept],
            squared_frequency=self.squared_frequency[:, kept],
            power=self.power[:, kept],
            values=self.values[:, kept],
        )


@dataclass(frozen=True, slots=True)
class KnownDefocus:
    """A defocus from another program, run or person, as a start or fixed."""

    defocus_u_A: float
    defocus_v_A: float
    angle_deg: float
    phase_shift_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class SearchSignals:
    """The signals of the Fourier search, for diagnosis.

    `frequency_per_A`, `profile` (rings,): background-free rotational profile; `squared_frequency`, `resampled`
    (samples,): the same against k²; `defocus_A`, `amplitude` (bins,): its Fourier transform; `chosen_A`: the peak.
    """

    frequency_per_A: Floats
    profile: Floats
    squared_frequency: Floats
    resampled: Floats
    defocus_A: Floats
    amplitude: Floats
    chosen_A: float


@dataclass(frozen=True, slots=True)
class RadialCurve:
    """The fit against frequency, averaged along the fitted ellipse; all arrays (rings,).

    `power` is measured, `background` + `ring_power` · sin²χ the model, `sin2` the fitted sin²χ at the mean defocus,
    `agreement` the local correlation of measured and fitted rings (-1 to 1), `values` the number of values in a point.
    """

    frequency_per_A: Floats
    power: Floats
    background: Floats
    ring_power: Floats
    sin2: Floats
    agreement: Floats
    values: Floats


@dataclass(frozen=True, slots=True)
class CtfFit:
    """A fitted CTF with its uncertainty.

    `covariance` (5, 5) is over (mean defocus Å, astigmatism x and y Å, phase shift deg, amplitude contrast),
    astigmatism being (U - V)(cos 2θ, sin 2θ); what was fixed has zeros. `log_likelihood_gain` is twice the log-
    likelihood ratio against a smooth spectrum without rings, divided by the dispersion; `runner_up_A` the next best
    minimum (NaN: none), `runner_up_gap` how far below the best it is, in that unit. `resolution_range_A` is the band
    fitted, beyond the Nyquist frequency of `sampling_A` if the rings reach that. `coarse_defocus_A` is the nearest
    strong candidate at the coarser sampling, to `coarse_resolution_A`.
    """

    defocus_u_A: float
    defocus_v_A: float
    angle_deg: float
    phase_shift_deg: float
    amplitude_contrast: float
    covariance: Floats
    score: float
    fit_resolution_A: float
    resolution_range_A: tuple[float, float]
    sampling_A: float
    log_likelihood_gain: float
    dispersion: float
    runner_up_A: float
    runner_up_gap: float
    curve: RadialCurve
    start_A: float
    coarse_defocus_A: float = math.nan
    coarse_resolution_A: float = math.nan
    signals: SearchSignals | None = None
    notes: tuple[Note, ...] = ()

    @property
    def mean_defocus_A(self) -> float:
        """½ (U + V)."""
        return 0.5 * (self.defocus_u_A + self.defocus_v_A)

    @property
    def astigmatism_A(self) -> float:
        """U - V, never negative."""
        return self.defocus_u_A - self.defocus_v_A

    @property
    def defocus_sigma_A(self) -> float:
        """Standard error of the mean defocus."""
        return math.sqrt(self.covariance[0, 0])

    @property
    def astigmatism_sigma_A(self) -> float:
        """Standard error of the astigmatism vector, per component."""
        return math.sqrt(0.5 * (self.covariance[1, 1] + self.covariance[2, 2]))

    @property
    def angle_sigma_deg(self) -> float:
        """Standard error of the angle: ½ σ / (U - V) in radians; at most 52° (180°/√12), that of a uniform one."""
        if self.astigmatism_A <= 0:
            return 52.0
        return min(52.0, math.degrees(0.5 * self.astigmatism_sigma_A / self.astigmatism_A))

    @property
    def phase_shift_sigma_deg(self) -> float:
        """Standard error of the phase shift; 0 where it was fixed."""
        return math.sqrt(self.covariance[3, 3])

    @property
    def amplitude_contrast_sigma(self) -> float:
        """Standard error of the amplitude contrast; 0 where it was fixed."""
        return math.sqrt(self.covariance[4, 4])


@dataclass(frozen=True, slots=True)
class CriterionResult:
    """One criterion's value (NaN: could not be computed) and whether it passed."""

    name: str
    value: float
    passed: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The criteria of one attempt; accepted when all hold. Reasons are sentences for people."""

    profile: str
    criteria: tuple[CriterionResult, ...]

    @property
    def accepted(self) -> bool:
        """Whether every criterion holds."""
        return all(criterion.passed for criterion in self.criteria)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it was rejected, one sentence per failed criterion."""
        return tuple(criterion.reason for criterion in self.criteria if not criterion.passed)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sampling rate tried: `fit` is None where the spectrum alone was refused or nothing could be fitted."""

    sampling_A: float
    verdict: Verdict
    fit: CtfFit | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything about one input file; small enough to send between processes.

    `chosen` is the index of the attempt kept (None: failed); `notes` has its fit's; `content_hash` is SHA-256 or "".
    """

    path: Path
    status: Status
    reasons: tuple[str, ...]
    optics: Optics | None
    pixel_A: float
    shape: tuple[int, int]
    attempts: tuple[Attempt, ...] = ()
    chosen: int | None = None
    notes: tuple[Note, ...] = ()
    cpu_seconds: float = math.nan
    content_hash: str = ""

    @property
    def attempt(self) -> Attempt | None:
        """The attempt that was kept."""
        return None if self.chosen is None else self.attempts[self.chosen]

    @property
    def fit(self) -> CtfFit | None:
        """The fit that was kept."""
        return None if self.attempt is None else self.attempt.fit


@dataclass(frozen=True, slots=True)
class Source:
    """One input: its file and the optics to use with it; with `metadata` the microscope's sidecar file is read."""

    path: Path
    optics: Optics
    metadata: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an attempt at `sampling_A` is judged on: the spectrum as computed and in sectors; too large to send.

    `brightness` (32, 32) is the local mean of the image over its mean; None for a given spectrum.
    """

    optics: Optics
    measured: Spectrum
    profiles: SectorProfiles
    sampling_A: float
    brightness: Image | None = None
