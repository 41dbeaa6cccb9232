"""Help comes at once: no command loads a numerical library before it runs."""

import json
import subprocess
import sys

import pytest

COMMANDS = (
    "",
    "estimate",
    "watch",
    "export",
    "export-cs",
    "simulate",
    "evaluate",
    "compare",
    "dataset",
    "dataset build",
    "dataset simulate",
    "dataset info",
    "train",
    "train compare",
    "predict",
    "report",
    "serve",
)
HEAVY = (
    "numpy scipy matplotlib mrcfile tifffile imagecodecs gemmi onnxruntime h5py torch lightning "
    "fastapi uvicorn plotly dask distributed"
)

LOADED_BY_HELP = """
import contextlib, io, json, sys
import typer
from thonring.cli.app import app

def walk(command, path):
    yield path
    for name, child in getattr(command, "commands", {}).items():
        yield from walk(child, [*path, name])

loaded = {}
root = typer.main.get_command(app)
for path in list(walk(root, [])):
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        root.main([*path, "--help"], prog_name="thonring", standalone_mode=False)
    assert "Usage: thonring" in shown.getvalue(), path
    loaded[" ".join(path)] = sorted(set(sys.argv[1].split()) & set(sys.modules))
print(json.dumps(loaded))
"""


@pytest.fixture(scope="module")
def loaded() -> dict[str, list[str]]:
    """What a process has loaded once it has shown the help of a command, and of those before it."""
    child = subprocess.run(
        [sys.executable, "-c", LOADED_BY_HELP, HEAVY], capture_output=True, text=True, check=False
    )
    assert child.returncode == 0, child.stderr
    answer: dict[str, list[str]] = json.loads(child.stdout)
    return answer


def test_no_command_is_left_out(loaded: dict[str, list[str]]) -> None:
    assert set(loaded) == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_loads_nothing_heavy(loaded: dict[str, list[str]], command: str) -> None:
    assert loaded[command] == []


def test_help_of_the_ctffind_replacement_loads_nothing_heavy() -> None:
    code = (
        "import sys; from thonring.ctffind_cli import main\n"
        "heavy, sys.argv = sys.argv[1].split(), ['thonring-ctffind', '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('loaded', sorted(set(heavy) & set(sys.modules)))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code, HEAVY], capture_output=True, text=True, check=True
    ).stdout
    assert "--old-school-input" in shown
    assert shown.splitlines()[-1] == "loaded []"
