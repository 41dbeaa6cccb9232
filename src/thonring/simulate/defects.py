"""Defects: the effect of a dose of each on a scene, and the possible doses. A new defect is a function and a row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from thonring.simulate.scene import DefectName, FilmMaterial, Scene, Support
from thonring.simulate.spectrum import powers

JUMP_A = (15.0, 100.0)
CRYSTAL_SHARE = (0.3, 1.0)
HOLE_RADIUS_A = (3000.0, 12000.0)
CARBON_SHARE = 0.6
"""Parameters that a dose does not fix are drawn from these ranges; chosen manually (docs/simulate.md)."""

RING_A = 3.7
"""Resolution at which the dose of an ice ring is stated: the first peak of water's structure factor."""

ApplyDose = Callable[[Scene, float, np.random.Generator], Scene]


@dataclass(frozen=True, slots=True)
class Defect:
    """`unit` is what a dose measures, `possible` its lowest and highest value; `apply` does not change the label."""

    unit: str
    possible: tuple[float, float]
    apply: ApplyDose


def apply_defect(scene: Scene, defect: DefectName, dose: float, random: np.random.Generator) -> Scene:
    """Apply a dose of a defect to a scene, its label unchanged; other parameters, such as a direction, are drawn."""
    return DEFECT_TABLE[defect].apply(scene, dose, random)


def _direction(random: np.random.Generator) -> float:
    return float(random.uniform(-90, 90))


def _empty(scene: Scene, dose: float, _: np.random.Generator) -> Scene:
    ice = replace(scene.ice, thickness_A=(1 - dose) * scene.ice.thickness_A)
    return replace(
        scene, ice=ice, particles=replace(scene.particles, per_um2=(1 - dose) * scene.particles.per_um2)
    )


def _thick_ice(scene: Scene, dose: float, _: np.random.Generator) -> Scene:
    return replace(scene, ice=replace(scene.ice, thickness_A=dose))


def _drift(scene: Scene, dose: float, random: np.random.Generator) -> Scene:
    exposure = replace(scene.exposure, drift_A=dose, drift_angle_deg=_direction(random))
    return replace(scene, exposure=exposure)


def _crystalline_ice(scene: Scene, dose: float, random: np.random.Generator) -> Scene:
    ice = replace(
        scene.ice,
        crystal_contrast=dose,
        crystal_share=float(random.uniform(*CRYSTAL_SHARE)),
        crystal_angle_deg=_direction(random),
    )
    return replace(scene, ice=ice)


def _ice_ring(scene: Scene, dose: float, _: np.random.Generator) -> Scene:
    """Raise the ring's gain until the spectrum at 3.7 Å has (1 + dose) times the power it had, rings averaged."""
    # The power of ice is linear in the gain: its slope from two gains, then the gain that adds `dose` times the total.
    at_ring = np.array([1 / RING_A])
    before, doubled = (
        powers(replace(scene, ice=replace(scene.ice, ring_gain=gain)), at_ring) for gain in (1.0, 2.0)
    )
    total = before.noise + 0.5 * (before.ice + before.particles)
    per_gain = 0.5 * (doubled.ice - before.ice)
    gain = scene.ice.ring_gain + dose * float(total[0] / per_gain[0])
    return replace(scene, ice=replace(scene.ice, ring_gain=gain))


def _astigmatism(scene: Scene, dose: float, _: np.random.Generator) -> Scene:
    """The defocus is raised where it is below the astigmatism, so that V stays at half of it or more."""
    mean_A = max(scene.mean_defocus_A, dose)
    return replace(scene, defocus_u_A=mean_A + 0.5 * dose, defocus_v_A=mean_A - 0.5 * dose)


def _support_edge(scene: Scene, dose: float, random: np.random.Generator) -> Scene:
    material: FilmMaterial = "carbon" if random.uniform() < CARBON_SHARE else "gold"
    radius_A = float(random.uniform(*HOLE_RADIUS_A))
    return replace(scene, support=Support(material, dose, radius_A, 2 * _direction(random)))


def _blur(scene: Scene, dose: float, _: np.random.Generator) -> Scene:
    return replace(scene, exposure=replace(scene.exposure, blur_A=dose))


def _double_exposure(scene: Scene, dose: float, random: np.random.Generator) -> Scene:
    jump_A = float(random.uniform(*JUMP_A))
    exposure = replace(scene.exposure, jump_share=dose, jump_A=jump_A, jump_angle_deg=_direction(random))
    return replace(scene, exposure=exposure)


DEFECT_TABLE: Mapping[DefectName, Defect] = MappingProxyType(
    {
        "empty": Defect("fraction of ice and particles missing", (0, 1), _empty),
        "thick-ice": Defect("ice thickness, Å", (0, 20_000), _thick_ice),
        "drift": Defect("distance during the exposure, Å", (0, 500), _drift),
        "crystalline-ice": Defect("contrast of the strongest Bragg wave", (0, 2), _crystalline_ice),
        "ice-ring": Defect("excess power at 3.7 Å relative to a normal ice ring", (0, 10), _ice_ring),
        "astigmatism": Defect("U - V, Å", (0, 50_000), _astigmatism),
        "support-edge": Defect("fraction of the image covered by film", (0, 1), _support_edge),
        "blur": Defect("standard deviation of the movement, Å", (0, 100), _blur),
        "double-exposure": Defect("fraction of the dose after a jump", (0, 0.5), _double_exposure),
    }
)
