"""Packaged recipes are what their sources say; a user's file changes only what it names."""

from pathlib import Path

import pytest

from thonring.errors import SettingsError, ThonringError
from thonring.learn.networks import NETWORKS
from thonring.learn.training.config import OneCycle, Plateau, load_training_recipe, packaged_recipes
from thonring.simulate import load_recipe


def test_thesis_is_as_the_thesis_trained() -> None:
    recipe = load_training_recipe("thesis", "thesis")
    assert (recipe.length.batch, recipe.length.epochs) == (128, 100)
    assert (recipe.optimiser.name, recipe.optimiser.learning_rate) == ("adam", 1e-3)
    assert recipe.schedule == Plateau(name="plateau", factor=0.1, patience=5, least_gain=1e-4)


def test_every_network_has_its_recipe_and_every_recipe_its_scenes() -> None:
    assert {row.recipe for row in NETWORKS.values()} == set(packaged_recipes())
    for name in packaged_recipes():
        load_recipe(load_training_recipe(name, name).draws.recipe)


def test_a_file_replaces_whole_tables_and_nothing_else(tmp_path: Path) -> None:
    own = load_training_recipe("rings", "rings")
    assert isinstance(own.schedule, OneCycle)
    path = tmp_path / "mine.toml"
    path.write_text("[length]\nbatch = 8\nepochs = 3\n")
    mine = load_training_recipe(str(path), "rings")
    assert mine == own.model_copy(update={"length": mine.length})
    assert mine.with_epochs(7).length.epochs == 7
    assert mine.with_epochs(7).length.batch == mine.length.batch == 8
    path.write_text('extends = "thesis"\n')
    assert load_training_recipe(str(path), "rings") == load_training_recipe("thesis", "rings")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[length]\nbatch = 8\n", "length.epochs: Field required"),
        ("[length]\nbatch = 0\nepochs = 1\n", "length.batch"),
        ('[schedule]\nname = "cosine"\n', "schedule: .*'plateau', 'one-cycle'"),
        ("surprise = 1\n", "surprise"),
        ('precision = "64"\n', "precision"),
        ("gradient_clip = nan\n", "gradient_clip"),
        ("[length\n", "not TOML"),
        ('extends = "nothing"\n', "unknown training recipe 'nothing': expected one of rings, thesis"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ThonringError, match=said):
        load_training_recipe(str(path), "rings")


def test_unknown_and_missing_recipes(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="unknown training recipe 'ring': expected one of rings, thesis"):
        load_training_recipe("ring", "rings")
    with pytest.raises(ThonringError, match=r"none\.toml: cannot be read"):
        load_training_recipe(str(tmp_path / "none.toml"), "rings")
