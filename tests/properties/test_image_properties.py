"""What is done to an image shows in the defocus as it must, or not at all."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factories.micrographs import NATIVE, TRUTH, fit_of_truth, fitted, micrograph, turned
from thonring import spectrum
from thonring.ctf import to_vector
from thonring.records import CtfFit
from thonring.simulate import white_micrograph

Pixels = npt.NDArray[np.generic]
PIXELS = micrograph().pixels
ROWS, COLUMNS = np.mgrid[: PIXELS.shape[0], : PIXELS.shape[1]].astype(np.float32)


def fit_of(pixels: Pixels) -> CtfFit:
    return fitted(spectrum.repaired(replace(micrograph(), pixels=pixels)))


def differences_in_sigma(one: CtfFit, other: CtfFit) -> npt.NDArray[np.float64]:
    sigma = np.sqrt(np.diag(one.covariance)[:3])
    vectors = [to_vector(f.defocus_u_A, f.defocus_v_A, f.angle_deg) for f in (one, other)]
    return (np.array(vectors[1]) - vectors[0]) / sigma


@pytest.mark.slow
@settings(max_examples=15)
@given(factor=st.sampled_from([1e-6, 1 / 16, 16.0, 1e6, -1.0]), offset=st.floats(-30, 30))
def test_intensity_scale_offset_and_contrast_do_not_matter(factor: float, offset: float) -> None:
    changed = (PIXELS.astype(np.float64) + offset) * factor
    assert np.abs(differences_in_sigma(fit_of_truth(), fit_of(changed))).max() < 0.05


def with_hot_pixels() -> Pixels:
    pixels = PIXELS.copy()
    pixels.ravel()[np.random.default_rng(0).choice(pixels.size, 300, replace=False)] = 1e5
    return pixels


def with_few_nan() -> Pixels:
    pixels = PIXELS.copy()
    pixels.ravel()[np.random.default_rng(0).choice(pixels.size, 3000, replace=False)] = np.nan
    return pixels


def with_border(value: float, width: int = 12) -> Pixels:
    inside = np.zeros(PIXELS.shape, bool)
    inside[width:-width, width:-width] = True
    return np.where(inside, PIXELS, np.float32(value))


DEFECTS = {
    "a plane": lambda: PIXELS + 0.01 * ROWS - 0.005 * COLUMNS,
    "vignetting": lambda: PIXELS + 3e-5 * ((ROWS - 384) ** 2 + (COLUMNS - 384) ** 2),
    "hot pixels": with_hot_pixels,
    "blanked rows": lambda: np.where(ROWS % 250 == 0, np.float32(0), PIXELS),
    "few NaN": with_few_nan,
    "dead rows": lambda: np.where(ROWS % 250 == 0, np.float32(-20), PIXELS),
    "a white border": lambda: with_border(30.0),
    "a blanked border": lambda: with_border(0.0),
    "a bright carbon edge": lambda: PIXELS + 6 * (COLUMNS > 700),
    "a gold edge across": lambda: PIXELS - 5 * (ROWS + 0.3 * COLUMNS > 900),
}


@pytest.mark.parametrize("defect", DEFECTS.values(), ids=DEFECTS.keys())
def test_defects_move_the_defocus_by_less_than_an_error_bar_or_so(defect: object) -> None:
    found = fit_of(defect())  # type: ignore[operator]
    assert np.abs(differences_in_sigma(fit_of_truth(), found)).max() < 1.5
    assert found.defocus_sigma_A < 2 * fit_of_truth().defocus_sigma_A


@pytest.mark.parametrize("angle_deg", [30.0, -65.0, 85.0])
def test_a_transposed_image_has_the_mirrored_angle(angle_deg: float) -> None:
    pixels = micrograph(replace(TRUTH, angle_deg=angle_deg)).pixels
    one, other = fit_of(pixels), fit_of(np.ascontiguousarray(pixels.T))
    assert turned(other.angle_deg, 90.0 - one.angle_deg) < 0.3 * one.angle_sigma_deg
    assert other.mean_defocus_A == pytest.approx(one.mean_defocus_A, abs=0.3 * one.defocus_sigma_A)
    assert turned(one.angle_deg, angle_deg) < 4 * one.angle_sigma_deg


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_image_has_the_turned_angle(turns: int) -> None:
    found = fit_of(np.rot90(PIXELS, turns))
    assert turned(found.angle_deg, fit_of_truth().angle_deg + 90 * turns) < 0.3 * found.angle_sigma_deg
    assert found.mean_defocus_A == pytest.approx(
        fit_of_truth().mean_defocus_A, abs=0.3 * found.defocus_sigma_A
    )
    assert found.astigmatism_A == pytest.approx(
        fit_of_truth().astigmatism_A, abs=0.3 * found.astigmatism_sigma_A
    )


@pytest.mark.parametrize("axis", [0, 1])
def test_a_flipped_image_has_the_opposite_angle(axis: int) -> None:
    found = fit_of(np.flip(PIXELS, axis))
    assert turned(found.angle_deg, -fit_of_truth().angle_deg) < 0.3 * found.angle_sigma_deg


@pytest.mark.parametrize("shape", [(600, 1000), (1013, 701), (769, 767), (641, 1280)])
def test_the_shape_of_the_image_does_not_matter(shape: tuple[int, int]) -> None:
    found = fitted(white_micrograph(TRUTH, shape, 3), NATIVE)
    assert found.mean_defocus_A == pytest.approx(15000, abs=4 * found.defocus_sigma_A)
    assert turned(found.angle_deg, 30.0) < 4 * found.angle_sigma_deg


@pytest.mark.parametrize("dtype", ["u1", "i2", ">u2", "f2", ">f4", "f8"])
def test_the_type_of_the_pixels_does_not_matter(dtype: str) -> None:
    found = fit_of(np.clip(np.rint(25 * PIXELS + 128), 0, 255).astype(dtype))
    assert np.abs(differences_in_sigma(fit_of_truth(), found)).max() < 0.5
