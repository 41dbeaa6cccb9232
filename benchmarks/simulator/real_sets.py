"""Sets of real micrographs, and scenes of a recipe with the microscope and image size of each."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.simulator.curves import Curves, curves_of, measure_whole
from thonring import Optics, read
from thonring.measurement import Measurement
from thonring.simulate import Scene, draw, drawn_spectrum, load_recipe, micrograph

WITHOUT_RINGS = "06.09.02"
TUTORIAL_PIXEL_A = 0.885
TUTORIAL_SHAPE = (3710, 3838)
DOSE_PER_SPECTRUM = 4.0
"""By default, RELION's motion correction sums power spectra of groups of frames of this dose in e/Å²."""


@dataclass(frozen=True, slots=True)
class RealSet:
    """Files of one microscope; scenes to compare with have its `optics` and `shape`.

    Where the files hold spectra instead of images, `spectrum_A` is their sampling, and `dose_e_per_A2` the dose of each
    image whose spectra were summed.
    """

    name: str
    paths: tuple[Path, ...]
    optics: Optics
    shape: tuple[int, int]
    spectrum_A: float | None = None
    dose_e_per_A2: float | None = None


def real_sets(data: Path) -> list[RealSet]:
    """The sets in the folder of the data.

    The Cs of the apoferritin set is not published. Of 0 to 2.7 mm, 0.01 fits its rings best by far: the microscope had
    a Cs corrector.
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
            dose_e_per_A2=DOSE_PER_SPECTRUM,
        ),
    ]


def real_curves(real_set: RealSet) -> list[Curves]:
    """Curves of all files that can be fitted."""
    return [curves for path in real_set.paths if (curves := curves_of(_measure(real_set, path))) is not None]


def _measure(real_set: RealSet, path: Path) -> Measurement:
    if real_set.spectrum_A is None:
        return measure_whole(read.micrograph(path, real_set.optics))
    given = read.spectrum_file(path, replace(real_set.optics, pixel_A=real_set.spectrum_A), "amplitude")
    rows, columns = given.spectrum.power.shape
    return Measurement(given.spectrum, given.spectrum.sampling_A, given.optics, (rows, 2 * (columns - 1)), ())


def scene_like(real_set: RealSet, recipe_name: str, seed: int, index: int) -> Scene:
    """A usable scene of a recipe, with the microscope and the image shape of a real set."""
    recipe, optics = load_recipe(recipe_name), real_set.optics
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
    scene = replace(draw(same, seed, index, min(real_set.shape)), shape=real_set.shape)
    if real_set.dose_e_per_A2 is None:
        return scene
    return replace(scene, exposure=replace(scene.exposure, dose_e_per_A2=real_set.dose_e_per_A2))


def simulated_curves(
    index: int, real_set: RealSet, recipe_name: str, seed: int, most_pixels: int
) -> Curves | None:
    """Curves of scene `index`: of its image, `most_pixels` wide and high at most, or of its spectrum as in the set."""
    scene = scene_like(real_set, recipe_name, seed, index)
    if real_set.spectrum_A is None:
        cut = (min(real_set.shape[0], most_pixels), min(real_set.shape[1], most_pixels))
        return curves_of(measure_whole(micrograph(replace(scene, shape=cut))))
    spectrum = drawn_spectrum(scene, real_set.spectrum_A, np.random.default_rng([seed, index]))
    optics = replace(real_set.optics, pixel_A=real_set.spectrum_A)
    return curves_of(Measurement(spectrum, real_set.spectrum_A, optics, (512, 512), ()))
