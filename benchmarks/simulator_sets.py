"""The real sets, and scenes of a recipe as if their microscopes had taken them."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from simulator_curves import Curves, curves_of, measurement_of
from thonring import Optics, read
from thonring.measurement import Measurement
from thonring.simulate import Scene, draw, drawn_spectrum, load_recipe, micrograph

WITHOUT_RINGS = "06.09.02"
TUTORIAL_PIXEL_A = 0.885
TUTORIAL_SHAPE = (3710, 3838)
SUMMED_EVERY = 4.0
"""RELION's motion correction sums the power spectra of frames of this dose in e/Å², unless told otherwise."""


@dataclass(frozen=True, slots=True)
class RealSet:
    """Files of one microscope; `optics` are those of the scenes, whose images have this `shape`.

    `spectrum_A` is the sampling where the files hold spectra instead of images, `dose_e_per_A2` the dose that each
    of the images had from which such a spectrum was summed.
    """

    name: str
    paths: tuple[Path, ...]
    optics: Optics
    shape: tuple[int, int]
    spectrum_A: float | None = None
    dose_e_per_A2: float | None = None


def real_sets(data: Path) -> list[RealSet]:
    """The sets in the data's folder.

    Apoferritin's Cs is not published. Of 0 to 2.7 mm, 0.01 fits its rings best by far: the images come from a
    microscope with a corrector.
    """
    images = sorted((data / "apoferritin").glob("*.png"))
    tutorial = tuple(sorted((data / "relion_tutorial").glob("*_PS.mrc")))
    return [
        RealSet(
            "epu", (data / "epu" / "epu2.9_example.mrc",), Optics(300.0, 2.7, 0.1, 0.66655), (4096, 4096)
        ),
        RealSet(
            "apoferritin",
            tuple(path for path in images if WITHOUT_RINGS not in path.name),
            Optics(300.0, 0.01, 0.1, 1.5),
            (1240, 1200),
        ),
        RealSet(
            "relion tutorial",
            tutorial,
            Optics(200.0, 1.4, 0.1, TUTORIAL_PIXEL_A),
            TUTORIAL_SHAPE,
            spectrum_A=1.39955,
            dose_e_per_A2=SUMMED_EVERY,
        ),
    ]


def real_curves(one: RealSet) -> list[Curves]:
    """Curves of every file that shows rings."""
    return [curves for path in one.paths if (curves := curves_of(_measured(one, path))) is not None]


def _measured(one: RealSet, path: Path) -> Measurement:
    if one.spectrum_A is None:
        return measurement_of(read.micrograph(path, one.optics))
    given = read.spectrum_file(path, replace(one.optics, pixel_A=one.spectrum_A), "amplitude")
    rows, columns = given.spectrum.power.shape
    return Measurement(given.spectrum, given.spectrum.sampling_A, given.optics, (rows, 2 * (columns - 1)), ())


def scene_like(one: RealSet, recipe_name: str, seed: int, index: int) -> Scene:
    """A usable scene of a recipe, with the microscope and the shape of a real set."""
    recipe, optics = load_recipe(recipe_name), one.optics
    assert optics.pixel_A is not None
    microscope = recipe.microscope.model_copy(
        update={
            "voltage_kV": (optics.voltage_kV,),
            "cs_mm": (optics.cs_mm,),
            "amplitude_contrast": (optics.amplitude_contrast, optics.amplitude_contrast),
            "pixel_A": (optics.pixel_A, optics.pixel_A),
        }
    )
    same = recipe.model_copy(update={"microscope": microscope, "defective_share": 0.0})
    scene = replace(draw(same, seed, index, min(one.shape)), shape=one.shape)
    if one.dose_e_per_A2 is None:
        return scene
    return replace(scene, exposure=replace(scene.exposure, dose_e_per_A2=one.dose_e_per_A2))


def simulated_curves(
    index: int, one: RealSet, recipe_name: str, seed: int, most_pixels: int
) -> Curves | None:
    """Curves of scene `index`, of its image (cut to `most_pixels` each way) or, as the set's, of its spectrum."""
    scene = scene_like(one, recipe_name, seed, index)
    if one.spectrum_A is None:
        cut = (min(one.shape[0], most_pixels), min(one.shape[1], most_pixels))
        return curves_of(measurement_of(micrograph(replace(scene, shape=cut))))
    drawn = drawn_spectrum(scene, one.spectrum_A, np.random.default_rng([seed, index]))
    optics = replace(one.optics, pixel_A=one.spectrum_A)
    return curves_of(Measurement(drawn, one.spectrum_A, optics, (512, 512), ()))
