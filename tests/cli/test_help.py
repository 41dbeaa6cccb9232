"""Help comes at once: no command loads numpy or any other large library to show it."""

import subprocess
import sys

import pytest
import typer

from thonring.cli.app import app

HEAVY = {"numpy", "scipy", "matplotlib", "torch", "onnxruntime", "uvicorn", "distributed"}
CODE = """
import sys
from thonring.cli.app import app
try:
    app(sys.argv[1:])
finally:
    print("\\nloaded", *sorted(sys.modules))
"""


def commands() -> list[tuple[str, ...]]:
    """Every command, and every command of a group."""
    whole = typer.main.get_group(app)
    words: list[tuple[str, ...]] = [()]
    for name, command in whole.commands.items():
        words.append((name,))
        words += [(name, inner) for inner in getattr(command, "commands", {})]
    return words


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_help_loads_nothing_large(words: tuple[str, ...]) -> None:
    shown = subprocess.run(
        [sys.executable, "-c", CODE, *words, "--help"], capture_output=True, text=True, check=True
    )
    text, _, loaded = shown.stdout.rpartition("\nloaded ")
    assert "Usage: " in text
    assert "thonring.cli.app" in loaded.split()
    assert not HEAVY & set(loaded.split())
