"""Views and polar cells: rings have one period in them, and nothing but rings is left."""

from dataclasses import replace

import numpy as np
import pytest

from factories.scenes import SCENE
from thonring.learn import inputs as polar_module
from thonring.learn.inputs import (
    CELLS,
    COARSEST_A,
    SAMPLINGS_A,
    SECTORS,
    SIZE,
    SpectrumPyramid,
    enhanced,
    known_cells,
    polar,
    sector_angles,
    spectrum_pyramid,
    squared_frequencies,
)
from thonring.records import Floats
from thonring.simulate import Scene, drawn_spectrum

RINGED = replace(SCENE, shape=(4096, 4096))


def views(scene: Scene = RINGED, seed: int = 1) -> SpectrumPyramid:
    return spectrum_pyramid(drawn_spectrum(scene, scene.pixel_A, np.random.default_rng(seed), 1024))


def peak_A(profile: Floats, sampling_A: float, scene: Scene) -> float:
    """Defocus of the strongest period in k², the spherical aberration taken out."""
    optics = scene.optics
    k2 = squared_frequencies((sampling_A,))[0]
    chirp = np.exp(1j * np.pi * 1e7 * optics.cs_mm * optics.wavelength_A**3 * k2**2)
    defocus_A = np.arange(4000.0, 30000.0, 20.0)
    waves = np.exp(-2j * np.pi * optics.wavelength_A * defocus_A[:, None] * k2[None, :])
    return float(defocus_A[np.argmax(np.abs(waves @ (profile * chirp)))])


@pytest.mark.parametrize("defocus_A", [8000.0, 15000.0, 24000.0])
@pytest.mark.parametrize("voltage_kV", [200.0, 300.0])
def test_rings_have_one_period_in_k2(defocus_A: float, voltage_kV: float) -> None:
    optics = replace(RINGED.optics, voltage_kV=voltage_kV)
    scene = replace(RINGED, optics=optics, defocus_u_A=defocus_A, defocus_v_A=defocus_A)
    cells = polar(views(scene))
    found = [
        peak_A(cells[view].mean(axis=0), sampling_A, scene) for view, sampling_A in enumerate(SAMPLINGS_A)
    ]
    assert found[1] == pytest.approx(defocus_A, abs=300)
    assert found[2] == pytest.approx(defocus_A, abs=500)


def test_astigmatism_moves_the_rings_of_a_sector() -> None:
    scene = replace(
        RINGED, defocus_u_A=16000.0, defocus_v_A=13000.0, angle_deg=float(np.degrees(sector_angles()[5]))
    )
    cells = polar(views(scene))[1]
    assert peak_A(cells[5], 2.0, scene) == pytest.approx(16000, abs=350)
    assert peak_A(cells[1], 2.0, scene) == pytest.approx(13000, abs=350)


def test_the_scale_of_the_power_changes_nothing() -> None:
    one = views()
    other = replace(one, power=one.power * np.float32(1e-5))
    np.testing.assert_allclose(polar(other), polar(one), atol=1e-3)


def test_cells_are_of_unit_variance_and_0_where_nothing_is_known() -> None:
    scene = replace(RINGED, optics=replace(RINGED.optics, pixel_A=1.6))
    seen = views(scene)
    cells, known = polar(seen), known_cells(SAMPLINGS_A, seen.finest_A)
    for view in range(len(SAMPLINGS_A)):
        assert cells[view][:, known[view]].std() == pytest.approx(1, abs=0.1)
        assert not cells[view][:, ~known[view]].any()
    assert known[0].sum() < known[2].sum() < known[1].sum() < CELLS
    assert squared_frequencies(SAMPLINGS_A)[0, known[0]].max() < (0.5 / 1.6) ** 2
    assert squared_frequencies(SAMPLINGS_A)[:, :1].min() < COARSEST_A**-2


def test_every_cell_has_some_fifty_pixels() -> None:
    pixels = polar_module._cell_of_pixels()[1]
    assert pixels.shape == (SECTORS * CELLS,)
    assert pixels.min() >= 30
    assert pixels.mean() == pytest.approx(np.pi * SIZE**2 / 8 / SECTORS / CELLS, rel=0.02)


def test_a_finer_sampling_than_known_is_0_beyond() -> None:
    scene = replace(RINGED, optics=replace(RINGED.optics, pixel_A=1.4))
    power = views(scene).power
    known = int(0.5 * SIZE * 1.0 / 1.4)
    assert (power[0, SIZE // 2 - known + 1 : SIZE // 2 + known, :known] > 0).all()
    assert not power[0, :, known + 1 :].any()
    assert (power[1:] > 0).mean() > 0.99


def test_views_keep_their_place() -> None:
    """The same power at the same frequency, whatever the sampling."""
    power = views().power
    at = [power[view, SIZE // 2 + 60 * (view + 1), 40 * (view + 1)] for view in range(3)]
    around = [
        power[view, SIZE // 2 + 60 * (view + 1) - view - 1 :, 40 * (view + 1) - view - 1 :][
            : 2 * view + 3, : 2 * view + 3
        ].mean()
        for view in range(3)
    ]
    assert all(value > 0 for value in at)
    assert around[1] == pytest.approx(around[2], rel=0.15)


def test_enhanced_views_are_whole_planes() -> None:
    shown = enhanced(views())
    assert shown.shape == (3, SIZE, SIZE)
    for plane in shown:
        assert np.corrcoef(plane[1:, 1:].ravel(), plane[:0:-1, :0:-1].ravel())[0, 1] > 0.95
