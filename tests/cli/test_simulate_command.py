"""What a user of `thonring simulate` gives and gets."""

import hashlib
import tomllib
from pathlib import Path

import pytest

from factories.commands import Command, help_of
from thonring.cli.progress import StatusLine
from thonring.optics import PartialOptics
from thonring.read import micrograph, sources
from thonring.simulate import known_recipes, load_recipe, read_truth

SMALL = """
size = 128
defective_share = 0.5
[usable]
rings = 0
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """Scenes too small for rings, half of them spoiled."""
    path = tmp_path / "small.toml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def plain(text: str) -> str:
    """The words without the box that usage errors are drawn in."""
    return " ".join(text.replace("│", " ").split())


def test_a_set_is_made_and_can_be_estimated_from(command: Command, recipe: Path, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    result = command("simulate", "--count", 3, "--recipe", recipe, "--seed", 1, "--out", folder)
    assert result.exit_code == 0, result.output
    assert "[3/3] mic_000002.mrc " in result.stdout
    assert "thonring estimate" in result.stdout
    rows = read_truth(folder / "truth.csv")
    inputs = sources([str(folder / "micrographs.star")], PartialOptics())
    assert len(inputs) == len(rows) == 3
    for row, source in zip(rows, inputs, strict=True):
        image = micrograph(source.path, source.optics)
        assert source.path == folder / row.file
        assert image.pixels.shape == (128, 128)
        assert image.pixel_A == pytest.approx(row.pixel_A, abs=1e-6)
        assert image.notes == ()
        assert image.optics.voltage_kV == row.voltage_kV


def test_the_set_holds_the_recipe_that_makes_it_again(command: Command, recipe: Path, tmp_path: Path) -> None:
    first, again = tmp_path / "first", tmp_path / "again"
    words = ("simulate", "--count", 2, "--seed", 5, "--quiet")
    assert command(*words, "--recipe", recipe, "--size", 96, "--out", first).exit_code == 0
    kept = first / "recipe.toml"
    assert load_recipe(str(kept)) == load_recipe(str(recipe)).model_copy(update={"size": 96})
    assert "--count 2 --size 96 --seed 5" in kept.read_text(encoding="utf-8")
    recipe.unlink()
    assert command(*words, "--recipe", kept, "--out", again).exit_code == 0
    assert hashes(again) == hashes(first)


@pytest.mark.parametrize("name", known_recipes())
def test_packaged_recipes_survive_being_written(name: str, tmp_path: Path) -> None:
    from thonring.simulate.output import recipe_text

    whole = load_recipe(name)
    text = recipe_text(whole.model_dump(), [])
    (tmp_path / "r.toml").write_text(text, encoding="utf-8")
    back = load_recipe(str(tmp_path / "r.toml"))
    assert back == whole
    assert list(back.defects) == list(whole.defects)
    assert tomllib.loads(text).keys() == whole.model_dump().keys()


@pytest.mark.slow
def test_the_same_command_again_changes_nothing(command: Command, recipe: Path, tmp_path: Path) -> None:
    words = ("simulate", "--count", 2, "--recipe", recipe, "--out", tmp_path / "set", "--quiet")
    assert command(*words).exit_code == 0
    before = hashes(tmp_path / "set")
    again = command(*words, "--workers", 2)
    assert (again.exit_code, again.output) == (0, "")
    assert hashes(tmp_path / "set") == before


def test_the_summary_counts_labels_and_defects(command: Command, recipe: Path, tmp_path: Path) -> None:
    result = command("simulate", "--count", 8, "--recipe", recipe, "--out", tmp_path / "set")
    rows = read_truth(tmp_path / "set" / "truth.csv")
    lines = [line.split() for line in result.stdout.splitlines()]
    usable = sum(row.usable for row in rows)
    assert 0 < usable < 8
    assert [str(usable), "usable"] in lines
    assert [str(8 - usable), "spoiled,", "by"] in lines
    for defect in {row.defect for row in rows if not row.usable}:
        count = sum(row.defect == defect for row in rows)
        assert [str(count), "×", defect] in lines


def test_one_that_fails_is_1_and_named(
    command: Command, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from thonring.batch import simulation

    whole = simulation.micrograph

    def unlucky(scene: object) -> object:
        if len(list((tmp_path / "set").glob("mic_*"))) == 1:
            (tmp_path / "set" / "mic_000001.mrc").mkdir()
        return whole(scene)  # type: ignore[arg-type]

    monkeypatch.setattr(simulation, "micrograph", unlucky)
    result = command("simulate", "--count", 2, "--recipe", recipe, "--out", tmp_path / "set")
    assert result.exit_code == 1, result.output
    assert "mic_000001.mrc failed: " in result.stdout
    assert ["1", "failed"] in [line.split() for line in result.stdout.splitlines()]
    assert [row.file for row in read_truth(tmp_path / "set" / "truth.csv")] == ["mic_000000.mrc"]


def test_interrupted_is_130(
    command: Command, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: object) -> StatusLine:
        raise KeyboardInterrupt

    monkeypatch.setattr("thonring.cli.simulate._status_line", interrupt)
    result = command("simulate", "--count", 3, "--recipe", recipe, "--out", tmp_path / "set")
    assert result.exit_code == 130
    assert "Interrupted: 1 of 3 micrographs are finished and in the tables" in result.stdout
    assert len(read_truth(tmp_path / "set" / "truth.csv")) == 1


WRONG = {
    "no count": (("--out", "{set}"), "--count"),
    "none": (("--count", 0, "--out", "{set}"), "--count"),
    "no folder": (("--count", 1), "--out"),
    "tiny": (("--count", 1, "--size", 8, "--out", "{set}"), "--size"),
    "seed": (("--count", 1, "--seed", -1, "--out", "{set}"), "--seed"),
    "workers": (("--count", 1, "--workers", 0, "--out", "{set}"), "--workers"),
    "unknown recipe": (("--count", 1, "--recipe", "soup", "--out", "{set}"), "unknown recipe 'soup'"),
    "no such recipe": (("--count", 1, "--recipe", "nowhere.toml", "--out", "{set}"), "nowhere.toml"),
    "no rings": (("--count", 1, "--recipe", "{blind}", "--out", "{set}"), "visible rings was found in"),
    "impossible": (("--count", 1, "--recipe", "{impossible}", "--out", "{set}"), "pixel_A"),
    "parent": (("--count", 1, "--out", "{set}/deeper"), "its parent folder"),
    "other content": (("--count", 1, "--out", "{here}"), "expected an empty folder or a new name"),
}


@pytest.mark.slow
@pytest.mark.parametrize("words_and_message", WRONG.values(), ids=WRONG.keys())
def test_wrong_use_is_2_in_plain_words(
    command: Command, tmp_path: Path, words_and_message: tuple[tuple[object, ...], str]
) -> None:
    words, message = words_and_message
    blind, impossible = tmp_path / "blind.toml", tmp_path / "impossible.toml"
    blind.write_text("size = 64\n[usable]\nrings = 20\nsignificance = 1e9\n", encoding="utf-8")
    impossible.write_text("[microscope]\npixel_A = [-1, 2]\n", encoding="utf-8")
    places = {"set": tmp_path / "set", "blind": blind, "impossible": impossible, "here": tmp_path}
    result = command("simulate", *(str(word).format(**places) for word in words))
    assert result.exit_code == 2
    assert message in plain(result.stderr)
    assert result.stdout == ""
    assert "Traceback" not in result.output
    assert not (tmp_path / "set").exists()


def test_another_set_in_the_folder_is_told(command: Command, recipe: Path, tmp_path: Path) -> None:
    words = ("simulate", "--count", 1, "--recipe", recipe, "--out", tmp_path / "set", "--quiet")
    assert command(*words).exit_code == 0
    before = hashes(tmp_path / "set")
    other = command(*words, "--seed", 9)
    assert other.exit_code == 2
    assert "contains a set made with other options" in other.stderr
    assert hashes(tmp_path / "set") == before


def test_help_names_the_packaged_recipes() -> None:
    shown = help_of("simulate")
    assert known_recipes()
    assert all(name in shown for name in known_recipes())
