"""All that CTFFIND can be told, whichever way it was asked."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PhaseShift:
    """An additional phase shift to find, radians as CTFFIND has it."""

    lowest_rad: float
    highest_rad: float
    step_rad: float


@dataclass(frozen=True, slots=True)
class Known:
    """A defocus that is not to be searched; the angle in degrees, the phase shift in radians."""

    defocus_1_A: float
    defocus_2_A: float
    angle_deg: float
    phase_shift_rad: float = 0.0


@dataclass(frozen=True, slots=True)
class Microscope:
    """What the image was recorded with."""

    pixel_A: float
    voltage_kV: float
    cs_mm: float
    amplitude_contrast: float


@dataclass(frozen=True, slots=True)
class Search:
    """Where to look; ranges are (minimum, maximum) as CTFFIND names them, the coarse resolution first."""

    box_px: int
    resolution_range_A: tuple[float, float]
    defocus_range_A: tuple[float, float]
    defocus_step_A: float


@dataclass(frozen=True, slots=True)
class Astigmatism:
    """What is known of it: `known` is the difference in Å and an angle in degrees; `tolerated_A` restrains it."""

    known: tuple[float, float] | None = None
    slower_search: bool = False
    tolerated_A: float | None = None


@dataclass(frozen=True, slots=True)
class Expert:
    """The expert options, with what holds where they are not asked for; `distortion` is an angle and two scales."""

    resample: bool = True
    gain: Path | None = None
    distortion: tuple[float, float, float] | None = None
    known: Known | None = None
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Answers:
    """One session; `frames_averaged` is None where the input is not a movie."""

    image: Path
    diagnostic: Path
    frames_averaged: int | None
    microscope: Microscope
    search: Search
    astigmatism: Astigmatism
    phase_shift: PhaseShift | None
    expert: Expert
