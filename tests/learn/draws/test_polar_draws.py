"""Cells drawn on the fly are those of images."""

from unittest import mock

import numpy as np
import pytest
import torch

from thonring.learn.inputs import (
    SAMPLINGS_A,
    background_basis,
    known_cells,
    polar_cells,
    remove_background,
    spectrum_pyramid,
    squared_frequencies,
)
from thonring.learn.training import simulated_batches
from thonring.learn.training.simulated_batches import (
    PolarBatch,
    SimulatedBatches,
    cell_averages,
    radial_bin_edges,
    radial_bin_samplings_A,
)
from thonring.simulate import Recipe, Scene, draw, load_recipe, micrograph
from thonring.spectrum import periodogram, repaired

SCENES = 12


def recipe(**ctf: object) -> Recipe:
    packaged = load_recipe("training")
    return packaged.model_copy(update={"ctf": packaged.ctf.model_copy(update=ctf)})


def round_scenes() -> Recipe:
    return recipe(astigmatism_A=(0.0, 0.0), defocus_A=(8000.0, 20000.0))


def only(scene: Scene, count: int, wide: Recipe | None = None) -> PolarBatch:
    """Draws of one scene alone."""
    with mock.patch.object(simulated_batches, "draw", return_value=scene):
        return SimulatedBatches(wide or recipe(), 1, 7).batch(count)


def test_numpy_and_torch_remove_the_same_background() -> None:
    random = np.random.default_rng(3)
    log_power = random.normal(size=(4, 3, 8, 256)) + np.linspace(4, 0, 256)
    known = np.stack([known_cells(SAMPLINGS_A, finest_A) for finest_A in (0.8, 1.3, 2.1, 4.0)])
    bases = np.array([[background_basis(view) for view in one] for one in known])
    found = simulated_batches.remove_background(
        torch.tensor(log_power, dtype=torch.float32),
        torch.tensor(known),
        torch.tensor(bases, dtype=torch.float32),
    )
    expected = np.stack([remove_background(one, seen) for one, seen in zip(log_power, known, strict=True)])
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-3)


def test_a_seed_makes_the_same_batches_and_another_seed_others() -> None:
    one, same, other = (SimulatedBatches(recipe(), SCENES, seed).batch(4) for seed in (1, 1, 2))
    assert torch.equal(one.cells, same.cells)
    assert torch.equal(one.defocus_A, same.defocus_A)
    assert not torch.equal(one.cells, other.cells)


def test_batches_are_finite_and_carry_their_optics() -> None:
    batch = SimulatedBatches(recipe(), SCENES, 5).batch(64)
    assert batch.cells.shape == (64, 3, 8, 256)
    assert batch.optics.shape == (64, 4)
    assert torch.isfinite(batch.cells).all()
    wavelengths_A = {round(float(value), 4) for value in batch.optics[:, 0]}
    assert wavelengths_A <= {0.037, 0.0335, 0.0251, 0.0197}
    contrast = batch.optics[:, 2]
    assert 0.05 <= contrast.min() < contrast.max() <= 0.15
    low, high = recipe().ctf.defocus_A
    assert batch.defocus_A.min() >= low
    assert batch.defocus_A.max() <= high * (1 + 1e-6)


def test_cells_are_cell_averages() -> None:
    """A power that is linear in k² has the mean of a cell in its middle, at every sampling."""
    edges = radial_bin_edges()
    middles = 0.5 * (edges[1:] + edges[:-1])
    averages = cell_averages()
    np.testing.assert_allclose(averages.sum(axis=0), 1, rtol=1e-9)
    k2 = squared_frequencies(SAMPLINGS_A)
    found = (middles @ averages).reshape(k2.shape)
    np.testing.assert_allclose(found, k2, atol=1e-5)
    assert set(radial_bin_samplings_A()) == set(SAMPLINGS_A)


@pytest.fixture
def unperturbed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws as their scene says, of images of 2048 pixels."""
    monkeypatch.setattr(simulated_batches, "DEFOCUS_SPREAD", 0.0)
    monkeypatch.setattr(simulated_batches, "SIDE_PX", (2048.0, 2048.0))
    monkeypatch.setattr(simulated_batches, "TILED_FRACTION", 0.0)
    for name in ("RING_SPREAD", "NOISE_SPREAD", "DRIFT_FRACTION", "SPOT_FRACTION", "EDGE_FRACTION"):
        monkeypatch.setattr(simulated_batches, name, 0.0)


@pytest.mark.slow
@pytest.mark.usefixtures("unperturbed")
@pytest.mark.parametrize("index", [0, 1, 2])
def test_unperturbed_draws_are_those_of_images(index: int) -> None:
    """Rings as high as in the cells of the scene's image, and noise as strong."""
    scene = draw(round_scenes(), 7, index, size=2048)
    batch = only(scene, 64)
    image = periodogram(repaired(micrograph(scene)), finest_A=SAMPLINGS_A[0])
    measured = polar_cells(spectrum_pyramid(image))
    drawn = batch.cells.numpy()
    mean, spread = drawn.mean(axis=(0, 2)), drawn.mean(axis=2).std(axis=0)
    known = known_cells(SAMPLINGS_A, max(scene.pixel_A, 1.0))
    for view in range(3):
        seen = known[view]
        apart = (measured[view].mean(axis=0) - mean[view])[seen] / spread[view, seen]
        assert np.median(np.abs(apart)) / 0.6745 == pytest.approx(1, abs=0.35)


@pytest.mark.usefixtures("unperturbed")
def test_views_see_the_same_noise() -> None:
    """A cell at 1 Å/px is the mean of nine cells at 3 Å/px, noise and all."""
    cells = only(draw(round_scenes(), 7, 0), 200).cells
    fine = cells[:, 2, :, 90:117].unflatten(2, (3, 9)).mean(dim=3)
    coarse = cells[:, 0, :, 10:13]
    apart = [(one - one.mean(dim=0)).flatten() for one in (fine, coarse)]
    assert torch.corrcoef(torch.stack(apart))[0, 1] > 0.95
