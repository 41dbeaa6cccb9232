"""What a user of `thonring train` gives and gets."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from factories import networks as tiny
from thonring.cli.app import app
from thonring.learn.networks import NETWORKS
from thonring.learn.training.train import last_checkpoint


@pytest.fixture(autouse=True)
def tiny_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(NETWORKS, tiny.POLAR.name, tiny.POLAR)


def told(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["train", *map(str, arguments)])


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(tiny.RECIPE.format(epochs=1), encoding="utf-8")
    return path


@pytest.mark.slow
@pytest.mark.training
def test_train_go_on_and_compare(tmp_path: Path, recipe: Path) -> None:
    data, out = tiny.make_set(tmp_path / "set.h5"), tmp_path / "out"
    asked = ("--network", "tiny-polar", "--data", data, "--out", out)
    first = told(*asked, "--recipe", recipe, "--quiet")
    assert (first.exit_code, first.output) == (0, "")
    again = told(*asked, "--recipe", recipe)
    assert again.exit_code == 2
    assert f"--resume {last_checkpoint(out)}" in again.output
    resumed = told("--resume", last_checkpoint(out))
    assert resumed.exit_code == 0, resumed.output
    assert "200 kV" in resumed.output or "300 kV" in resumed.output
    figure = tmp_path / "both.png"
    compared = told("compare", out, out / "tiny-polar.onnx", "--out", figure)
    assert compared.exit_code == 0, compared.output
    assert compared.output.count("tiny-polar (out)") == 2
    assert figure.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "missing --network, --data, --out"),
        (("--network", "rings", "--data", "simulated"), "missing --out"),
        (("--network", "ring", "--data", "simulated", "--out", "x"), "'ring' is unknown"),
        (("--network", "thesis1", "--data", "simulated", "--out", "x"), "thonring dataset simulate"),
        (("--network", "rings", "--data", "none.h5", "--out", "x", "--quiet"), "none.h5: not found"),
        (("--network", "rings", "--data", "simulated", "--data", "a", "--out", "x"), "cannot be combined"),
        (("--network", "rings", "--data", "simulated", "--out", "x", "--devices", "0"), "--devices 0"),
        (("--resume", "none.ckpt"), "none.ckpt: cannot be read"),
        (("--resume", "none.ckpt", "--seed", "1", "--out", "x"), "drop --out, --seed"),
        (("compare", "none"), "none.toml: cannot be read"),
    ],
)
def test_wrong_use_says_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = told(*arguments)
    assert result.exit_code == 2
    assert said in result.output
    assert not (tmp_path / "x" / "checkpoints").exists()


def test_a_missing_extra_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        "thonring.learn.model_card.find_spec", lambda name: None if name == "torch" else found(name)
    )
    result = told("--network", "rings", "--data", "simulated", "--out", "x")
    assert result.exit_code == 2
    assert result.output.strip().endswith("lacks: pip install 'thonring[train]'.")


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from thonring.cli.app import app\n"
        "try: app(['train', '--help'])\n"
        "except SystemExit: pass\n"
        "print('loaded', sorted({'torch', 'lightning', 'numpy', 'matplotlib'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines()[-1] == "loaded []"
