"""Cells drawn on the fly are those of direct spectra, which are those of images."""

import numpy as np
import pytest
import torch

from thonring.learn import simulated
from thonring.learn.polar import background_basis, flattened, known_cells, polar
from thonring.learn.simulated import PolarDraws
from thonring.learn.views import SAMPLINGS_A, views_of
from thonring.simulate import Recipe, draw, drawn_spectrum, load_recipe

SCENES = 12


def recipe(**ctf: object) -> Recipe:
    packaged = load_recipe("training")
    return packaged.model_copy(update={"ctf": packaged.ctf.model_copy(update=ctf)})


def test_numpy_and_torch_flatten_alike() -> None:
    random = np.random.default_rng(3)
    log_power = random.normal(size=(4, 3, 8, 256)) + np.linspace(4, 0, 256)
    known = np.stack([known_cells(SAMPLINGS_A, finest_A) for finest_A in (0.8, 1.3, 2.1, 4.0)])
    bases = np.array([[background_basis(view) for view in one] for one in known])
    found = simulated.flattened(
        torch.tensor(log_power, dtype=torch.float32),
        torch.tensor(known),
        torch.tensor(bases, dtype=torch.float32),
    )
    expected = np.stack([flattened(one, seen) for one, seen in zip(log_power, known, strict=True)])
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-3)


def test_a_seed_makes_the_same_batches_and_another_seed_others() -> None:
    one, same, other = (PolarDraws(recipe(), SCENES, seed).batch(4) for seed in (1, 1, 2))
    assert torch.equal(one.cells, same.cells)
    assert torch.equal(one.defocus_A, same.defocus_A)
    assert not torch.equal(one.cells, other.cells)


def test_batches_are_finite_and_carry_their_optics() -> None:
    batch = PolarDraws(recipe(), SCENES, 5).batch(64)
    assert batch.cells.shape == (64, 3, 8, 256)
    assert batch.optics.shape == (64, 3)
    assert torch.isfinite(batch.cells).all()
    wavelengths_A = {round(float(value), 4) for value in batch.optics[:, 0]}
    assert wavelengths_A <= {0.037, 0.0335, 0.0251, 0.0197}
    low, high = recipe().ctf.defocus_A
    assert batch.defocus_A.min() > 0.8 * low
    assert batch.defocus_A.max() < 1.25 * high


def test_undisturbed_draws_are_those_of_direct_spectra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulated, "DEFOCUS_SPREAD", 0.0)
    monkeypatch.setattr(simulated, "DISTURBANCE", (0.0, 0.0))
    monkeypatch.setattr(simulated, "DRIFTED_SHARE", 0.0)
    monkeypatch.setattr(simulated, "SPOTTED_SHARE", 0.0)
    plain = recipe(astigmatism_A=(0.0, 0.0), defocus_A=(8000.0, 20000.0))
    batch = PolarDraws(plain, 1, 7).batch(40)
    scene = draw(plain, 7, 0)
    random = np.random.default_rng(0)
    size = 512 * 2
    finest_A = max(scene.pixel_A, 1.0)
    direct = [polar(views_of(drawn_spectrum(scene, finest_A, random, size))) for _ in range(10)]
    drawn, expected = batch.cells.mean(dim=(0, 2)).numpy(), np.mean(direct, axis=(0, 2))
    known = known_cells(SAMPLINGS_A, finest_A)
    for view in (1, 2):
        seen = known[view]
        assert np.corrcoef(drawn[view, seen], expected[view, seen])[0, 1] > 0.9
