"""A training leaves what it promises, goes on where it stopped, and never learns from what tests it."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from factories import networks as tiny
from thonring.errors import OutputError, SettingsError, ThonringError, UnreadableFile, UnreadableTable
from thonring.learn.model_card import checked_model, read_card
from thonring.learn.networks import NETWORKS
from thonring.learn.training.config import TrainingPlan, load_checkpoint, plan_of_checkpoint
from thonring.learn.training.data import OnDisk
from thonring.learn.training.evaluation import Epoch, read_curves
from thonring.learn.training.train import Machine, Trained, last_checkpoint, train

pytestmark = [pytest.mark.slow, pytest.mark.training]

QUIET = Machine(quiet=True)


@pytest.fixture(autouse=True)
def tiny_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    for row in (tiny.ENHANCED, tiny.POLAR):
        monkeypatch.setitem(NETWORKS, row.name, row)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.make_set(tmp_path_factory.mktemp("data") / "tiny.h5")


def trained(plan: TrainingPlan, out: Path, checkpoint: Path | None = None) -> Trained:
    result = train(plan, out, QUIET, checkpoint)
    assert result is not None
    return result


def weights(folder: Path) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = load_checkpoint(last_checkpoint(folder))["state_dict"]
    return state


def test_stopped_and_resumed_is_as_never_stopped(tmp_path: Path, data: Path) -> None:
    schedule = '[schedule]\nname = "plateau"\nfactor = 0.5\npatience = 0\nleast_gain = 50.0'
    plan = tiny.make_plan(tiny.make_recipe(tmp_path, "thesis", 4, schedule), tiny.POLAR, data)
    halfway = tiny.make_plan(tiny.make_recipe(tmp_path, "thesis", 2, schedule), tiny.POLAR, data)
    trained(plan, tmp_path / "whole")
    trained(halfway, tmp_path / "parts")
    half = weights(tmp_path / "parts")
    checkpoint = last_checkpoint(tmp_path / "parts")
    assert plan_of_checkpoint(checkpoint, 4) == plan
    trained(plan_of_checkpoint(checkpoint, 4), tmp_path / "parts", checkpoint)
    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
    assert not all(torch.equal(half[name], parts[name]) for name in half)
    assert read_curves(tmp_path / "whole") == read_curves(tmp_path / "parts")
    assert [epoch.epoch for epoch in read_curves(tmp_path / "parts")] == [1, 2, 3, 4]


def test_another_seed_is_another_training(tmp_path: Path, data: Path) -> None:
    recipe = tiny.make_recipe(tmp_path, "thesis", 1)
    for name, seed in (("one", 1), ("again", 1), ("two", 2)):
        trained(tiny.make_plan(recipe, tiny.POLAR, data, seed=seed), tmp_path / name)
    one, again, two = (weights(tmp_path / name)["network.linear.weight"] for name in ("one", "again", "two"))
    assert torch.equal(one, again)
    assert not torch.equal(one, two)


def test_training_validation_and_test_have_no_element_in_common(tmp_path: Path, data: Path) -> None:
    plan = tiny.make_plan(tiny.make_recipe(tmp_path, "thesis", 1), tiny.POLAR, data)
    material = OnDisk(plan, workers=0)
    seen = [
        {float(value) for *_, truth in batches for value in truth}
        for batches in (material.training(0), material.validation(), material.held_out().batches)
    ]
    assert sum(map(len, seen)) == len(set.union(*seen)) == tiny.COUNT
    assert seen[2] == set(material.held_out().defocus_A)


def test_the_order_changes_with_the_epoch_and_workers_do_not_change_it(tmp_path: Path, data: Path) -> None:
    plan = tiny.make_plan(tiny.make_recipe(tmp_path, "thesis", 1), tiny.POLAR, data)

    def order(epoch: int, workers: int) -> list[float]:
        return [float(value) for *_, truth in OnDisk(plan, workers).training(epoch) for value in truth]

    assert order(0, 0) == order(0, 1)
    assert order(0, 0) != order(1, 0)
    assert sorted(order(0, 0)) == sorted(order(1, 0))


def test_the_model_answers_as_the_card_says(tmp_path: Path, data: Path) -> None:
    plan = tiny.make_plan(tiny.make_recipe(tmp_path, "thesis", 2), tiny.ENHANCED, data)
    result = trained(plan, tmp_path / "out")
    session = onnxruntime.InferenceSession(checked_model(result.model))
    held_out = OnDisk(plan, workers=0).held_out()
    said = [session.run(["defocus_A"], {"images": images.numpy()})[0] for images, _ in held_out.batches]
    error_A = np.abs(np.concatenate(said) - held_out.defocus_A)
    card = read_card(result.model)
    assert card == result.card
    assert card.errors.mean_A == pytest.approx(error_A.mean(), rel=1e-3)
    assert card.sigma_A == pytest.approx(np.sqrt((error_A**2).mean()), rel=1e-3)
    assert card.errors.count == sum(row.count for row in card.errors_by_voltage.values()) == len(error_A)
    assert card.trained_kV == (200, 300)
    assert card.trained_pixel_A == (1, 1)


def test_the_best_epoch_is_the_one_exported(tmp_path: Path, data: Path) -> None:
    more = '[optimiser]\nname = "adam"\nlearning_rate = 3.0\nweight_decay = 0.0\nepsilon = 1e-7'
    plan = tiny.make_plan(tiny.make_recipe(tmp_path, "thesis", 5, more), tiny.ENHANCED, data)
    result = trained(plan, tmp_path / "out")
    curves = read_curves(tmp_path / "out")
    best = min(curves, key=lambda epoch: epoch.validation_loss)
    assert result.card.epochs == best.epoch
    assert best.validation_mae_A < curves[0].validation_mae_A
    assert best.validation_loss == pytest.approx(best.validation_mae_A)


def test_the_last_checkpoint_is_the_last_even_if_no_epoch_was_better(tmp_path: Path, data: Path) -> None:
    plan = tiny.make_plan(tiny.make_recipe(tmp_path, "thesis", 3), tiny.ENHANCED, data)
    result = trained(plan, tmp_path / "out")
    losses = [epoch.validation_loss for epoch in read_curves(tmp_path / "out")]
    assert losses[2] > losses[result.card.epochs - 1]
    assert load_checkpoint(last_checkpoint(tmp_path / "out"))["epoch"] == 2


def test_drawn_on_the_fly(tmp_path: Path) -> None:
    plan = tiny.make_plan(tiny.make_recipe(tmp_path, "rings", 2), tiny.POLAR)
    result = trained(plan, tmp_path / "out")
    assert result.card.errors.count == 8
    assert set(result.card.errors_by_voltage) <= {"200", "300"}
    assert result.card.errors.held_95 is not None
    assert result.card.sigma_A is None
    assert result.card.trained_kV == (200, 300)
    assert plan_of_checkpoint(tmp_path / "out" / "checkpoints" / "best.ckpt") == plan
    assert result.picture.read_bytes().startswith(b"\x89PNG")
    assert list((tmp_path / "out" / "tensorboard").rglob("events.*"))
    session = onnxruntime.InferenceSession(checked_model(result.model))
    for count in (1, 7):
        fed = {
            "cells": np.zeros((count, 3, 8, 256), np.float32),
            "optics": np.full((count, 4), 0.1, np.float32),
        }
        defocus_A, sigma_A = session.run(["defocus_A", "sigma_A"], fed)
        assert defocus_A.shape == sigma_A.shape == (count,)


def test_the_plateau_divides_the_learning_rate_by_ten(tmp_path: Path, data: Path) -> None:
    more = '[schedule]\nname = "plateau"\nfactor = 0.1\npatience = 1\nleast_gain = 1e9'
    plan = tiny.make_plan(tiny.make_recipe(tmp_path, "thesis", 5, more), tiny.POLAR, data)
    trained(plan, tmp_path / "out")
    rates = [epoch.learning_rate for epoch in read_curves(tmp_path / "out")]
    assert rates == pytest.approx([1e-3, 1e-3, 1e-3, 1e-4, 1e-4])


def test_one_cycle_rises_and_ends_at_nothing(tmp_path: Path) -> None:
    plan = tiny.make_plan(tiny.make_recipe(tmp_path, "rings", 6), tiny.POLAR)
    trained(plan, tmp_path / "out")
    rates = [epoch.learning_rate for epoch in read_curves(tmp_path / "out")]
    highest = int(np.argmax(rates))
    assert 0.5 * plan.recipe.optimiser.learning_rate < rates[highest] <= plan.recipe.optimiser.learning_rate
    assert rates[highest:] == sorted(rates[highest:], reverse=True)
    assert rates[-1] < 0.1 * rates[highest]


def test_a_loss_that_is_no_number_ends_it(tmp_path: Path, data: Path) -> None:
    more = '[optimiser]\nname = "adam"\nlearning_rate = 1e37\nweight_decay = 0.0\nepsilon = 1e-7'
    plan = tiny.make_plan(tiny.make_recipe(tmp_path, "thesis", 3, more), tiny.POLAR, data)
    with pytest.raises(SettingsError, match=r"no number any more\. Lower optimiser.learning_rate"):
        train(plan, tmp_path / "out", QUIET)


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path, data: Path) -> None:
    plan = tiny.make_plan(tiny.make_recipe(tmp_path, "thesis", 1), tiny.POLAR, data)
    with pytest.raises(OutputError, match="there is something already"):
        train(plan, tmp_path, QUIET)


def test_data_that_changed_are_refused(tmp_path: Path) -> None:
    data = tiny.make_set(tmp_path / "set.h5", 4)
    plan = tiny.make_plan(tiny.make_recipe(tmp_path, "thesis", 1), tiny.POLAR, data)
    trained(plan, tmp_path / "out")
    data.unlink()
    tiny.make_set(data, 5)
    checkpoint = last_checkpoint(tmp_path / "out")
    with pytest.raises(UnreadableTable, match=r"holds 5 elements, but .* was trained on 4"):
        train(plan_of_checkpoint(checkpoint, 2), tmp_path / "out", QUIET, checkpoint)


def test_a_single_session_is_refused(tmp_path: Path) -> None:
    data = tiny.make_set(tmp_path / "set.h5", 1)
    plan = tiny.make_plan(tiny.make_recipe(tmp_path, "thesis", 1), tiny.POLAR, data)
    with pytest.raises(ThonringError, match="one session"):
        train(plan, tmp_path / "out", QUIET)


def test_images_are_not_drawn_on_the_fly(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="thonring dataset simulate"):
        tiny.make_plan(tiny.make_recipe(tmp_path, "thesis", 1), tiny.ENHANCED)


def test_one_cycle_keeps_its_length(tmp_path: Path) -> None:
    plan = tiny.make_plan(tiny.make_recipe(tmp_path, "rings", 1), tiny.POLAR)
    checkpoint = tmp_path / "last.ckpt"
    torch.save({"thonring_plan": {**plan.as_table(), "elements": 0}}, checkpoint)
    assert plan_of_checkpoint(checkpoint) == plan_of_checkpoint(checkpoint, 1) == plan
    with pytest.raises(SettingsError, match="in one cycle of 1 epochs"):
        plan_of_checkpoint(checkpoint, 9)


@pytest.mark.parametrize("content", ["nothing", "text", "foreign", "pickled"])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "last.ckpt"
    if content == "text":
        path.write_text("not a checkpoint")
    elif content == "foreign":
        torch.save({"state_dict": {}}, path)
    elif content == "pickled":
        torch.save({"thonring_plan": {}, "more": Epoch(1, 1.0, 1.0, 1.0, 1.0)}, path)
    with pytest.raises(UnreadableFile, match=r"last\.ckpt: .*thonring train"):
        plan_of_checkpoint(path)
