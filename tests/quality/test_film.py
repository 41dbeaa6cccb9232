"""Support film: two levels are told from slopes, vignettes, noise and gradients."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thonring.quality import AttemptData
from thonring.quality.image_criteria import support_film_fraction
from thonring.records import Floats

SIDE = 32


@pytest.fixture
def judged(make_case: Callable[..., AttemptData]) -> Callable[[Floats | None], float]:
    return judge(make_case())


def judge(case: AttemptData) -> Callable[[Floats | None], float]:
    def share(brightness: Floats | None) -> float:
        image = None if brightness is None else brightness.astype(np.float32)
        return support_film_fraction(replace(case, evidence=replace(case.evidence, brightness=image)))

    return share


def grid() -> tuple[Floats, Floats]:
    y, x = np.mgrid[0 : 1 : SIDE * 1j, 0 : 1 : SIDE * 1j]
    return x, y


def noise(seed: int, sd: float = 0.01) -> Floats:
    return np.random.default_rng(seed).normal(1, sd, (SIDE, SIDE))


def film(covered: float, transmitted: float, angle: float = 0.4) -> Floats:
    x, y = grid()
    along = np.cos(angle) * x + np.sin(angle) * y
    return np.where(along < np.quantile(along, covered), transmitted, 1.0)


@pytest.mark.parametrize("transmitted", [0.35, 0.85, 0.9])
@pytest.mark.parametrize("covered", [0.15, 0.3, 0.5, 0.8])
def test_the_smaller_area_is_measured(
    judged: Callable[[Floats | None], float], covered: float, transmitted: float
) -> None:
    found = judged(film(covered, transmitted) * noise(1))
    assert found == pytest.approx(min(covered, 1 - covered), abs=0.03)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(seed=st.integers(0, 10_000), slope=st.floats(-0.3, 0.3), turned=st.floats(-0.3, 0.3))
def test_an_uneven_illumination_is_no_film(
    judged: Callable[[Floats | None], float], seed: int, slope: float, turned: float
) -> None:
    x, y = grid()
    assert judged((1 + slope * (x - 0.5) + turned * (y - 0.5)) * noise(seed)) == 0


def test_film_is_seen_through_a_gradient(judged: Callable[[Floats | None], float]) -> None:
    x, _ = grid()
    assert judged(film(0.4, 0.85) * (1 + 0.15 * x) * noise(2)) == pytest.approx(0.4, abs=0.04)


def test_a_vignette_is_no_film(judged: Callable[[Floats | None], float]) -> None:
    x, y = grid()
    assert judged((1 - 0.6 * ((x - 0.5) ** 2 + (y - 0.5) ** 2)) * noise(3)) == 0


def test_faint_areas_are_left_alone(judged: Callable[[Floats | None], float]) -> None:
    assert judged(film(0.4, 0.97) * noise(4, 0.002)) == 0


def test_an_even_image_has_no_film(judged: Callable[[Floats | None], float]) -> None:
    assert judged(np.ones((SIDE, SIDE))) == 0


def test_a_given_spectrum_cannot_tell(judged: Callable[[Floats | None], float]) -> None:
    assert np.isnan(judged(None))
