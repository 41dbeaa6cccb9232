"""Scenes: everything that defines a simulated micrograph; the same scene always gives the same image."""

import math
from dataclasses import dataclass, field
from typing import Literal, get_args

from thonring.optics import Optics

DefectName = Literal[
    "none",
    "empty",
    "thick-ice",
    "drift",
    "crystalline-ice",
    "ice-ring",
    "astigmatism",
    "support-edge",
    "blur",
    "double-exposure",
]

DEFECTS: tuple[DefectName, ...] = get_args(DefectName)

FilmMaterial = Literal["carbon", "gold"]


@dataclass(frozen=True, slots=True)
class Ice:
    """Amorphous ice of one thickness; `ring_gain` multiplies the 3.7 Å peak of water's structure factor.

    Crystals give Bragg spots: `crystal_contrast` is the amplitude of the strongest wave relative to the mean
    intensity, over `crystal_share` of the area; `crystal_angle_deg` turns the first crystal's lattice.
    """

    thickness_A: float = 400.0
    ring_gain: float = 1.0
    crystal_contrast: float = 0.0
    crystal_share: float = 0.5
    crystal_angle_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class Particles:
    """Protein-like particles at random positions: balls, or shells whose inner radius is the fraction `hollow`."""

    per_um2: float = 400.0
    radius_A: float = 60.0
    hollow: float = 0.0


@dataclass(frozen=True, slots=True)
class Support:
    """A film with a round hole; `covered` is the fraction of the image covered by film, 0 for none."""

    material: FilmMaterial = "carbon"
    covered: float = 0.0
    hole_radius_A: float = 6000.0
    direction_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class Exposure:
    """Dose, losses of contrast, and movements.

    `b_factor_A2`: amplitudes fall as exp(-B k²/4). `focal_spread_A`, `source_mrad`: standard deviations of
    focus and of the half angle of illumination. `drift_A` is the distance travelled along `drift_angle_deg`;
    `blur_A` the standard deviation of a movement in all directions. A fraction `jump_share` of the dose came after the
    specimen had jumped by `jump_A` along `jump_angle_deg` (double exposure).
    """

    dose_e_per_A2: float = 40.0
    b_factor_A2: float = 45.0
    focal_spread_A: float = 70.0
    source_mrad: float = 0.01
    drift_A: float = 0.0
    drift_angle_deg: float = 0.0
    blur_A: float = 0.0
    jump_share: float = 0.0
    jump_A: float = 0.0
    jump_angle_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class Detector:
    """A camera, at the micrograph's pixel.

    `mtf_at_nyquist` and `dqe_at_nyquist` are the values there of amplitude transfer and of DQE, which starts
    at `dqe_at_zero`; `hot_pixels` is a share of all pixels; `gradient` the relative change of the illumination
    across the image along `gradient_angle_deg`; with `counts` pixels are whole electrons (int16).
    """

    mtf_at_nyquist: float = 0.5
    dqe_at_zero: float = 0.8
    dqe_at_nyquist: float = 0.3
    hot_pixels: float = 0.0
    gradient: float = 0.0
    gradient_angle_deg: float = 0.0
    counts: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """One micrograph to simulate: (rows, columns) of `shape`, its CTF, its specimen, exposure and camera.

    `seed` determines its noise. `defect` names its defect and `defect_dose` the amount, in the unit of
    that defect (defects.py); `usable` is its label.
    """

    seed: int
    optics: Optics
    shape: tuple[int, int]
    defocus_u_A: float
    defocus_v_A: float
    angle_deg: float
    phase_shift_deg: float = 0.0
    ice: Ice = field(default_factory=Ice)
    particles: Particles = field(default_factory=Particles)
    support: Support = field(default_factory=Support)
    exposure: Exposure = field(default_factory=Exposure)
    detector: Detector = field(default_factory=Detector)
    defect: DefectName = "none"
    defect_dose: float = 0.0
    usable: bool = True

    @property
    def pixel_A(self) -> float:
        """The pixel size in Å; NaN for optics without one, which `draw` never returns."""
        return math.nan if self.optics.pixel_A is None else self.optics.pixel_A

    @property
    def mean_defocus_A(self) -> float:
        """½ (U + V)."""
        return 0.5 * (self.defocus_u_A + self.defocus_v_A)
