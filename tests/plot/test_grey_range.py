"""Black and white are chosen by the rings."""

import numpy as np

from thonring.plot.ctf_image import grey_range
from thonring.plot.radial_profile import relative_power


def test_a_bright_centre_and_flat_corners_do_not_count(enhanced: np.ndarray) -> None:
    low, high = grey_range(enhanced)
    spoilt = enhanced.copy()
    spoilt[246:267, 246:267] = 1e6
    spoilt[:40, :40] = -1e6
    assert grey_range(spoilt) == (low, high)


def test_a_flat_image_has_a_range_too() -> None:
    low, high = grey_range(np.full((64, 64), 0.5, np.float32))
    assert low < 0.5 < high


def test_relative_power_forgets_the_scale_of_the_detector(judged) -> None:  # noqa: ANN001
    curve = judged().fit.curve
    ratio = (curve.power / curve.background) / (
        relative_power(curve).power / relative_power(curve).background
    )
    assert np.allclose(ratio, 1)
    assert np.isclose(np.median(relative_power(curve).background), 1)
