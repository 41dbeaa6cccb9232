"""docs/simulate.md against the program: its tables, options, columns and example are the current ones."""

import re
import runpy
from pathlib import Path

from factories.commands import help_of
from thonring.simulate import load_recipe
from thonring.simulate.truth import COLUMNS

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "simulate.md").read_text(encoding="utf-8")
WRITE_ANEW = "docs/simulate.md is out of date: run python docs/simulate_tables.py"


def test_the_script_would_change_nothing() -> None:
    now = runpy.run_path(str(DOCS / "simulate_tables.py"))["rewritten"](PAGE)
    assert now == PAGE, f"{WRITE_ANEW}\n{now}"


def test_every_column_of_the_truth_is_explained_in_order() -> None:
    table = PAGE.split("<!-- columns -->\n")[1].split("<!-- end of columns -->")[0]
    cells = [line.split("|")[1] for line in table.splitlines()[2:]]
    assert re.findall(r"`(\w+)`", "".join(cells)) == list(COLUMNS)


def test_every_option_is_explained_and_no_other() -> None:
    offered = set(re.findall(r"--[a-z]+", help_of("simulate"))) - {"--help"}
    section = PAGE.split("## The command")[1].split("\nExit codes")[0]
    table = [line for line in section.splitlines() if line.startswith("|")]
    assert {word for line in table for word in re.findall(r"^\| `(--[a-z]+)", line)} == offered


def test_the_example_recipe_is_valid_and_differs_where_it_says(tmp_path: Path) -> None:
    example = PAGE.split("```toml\n")[1].split("```")[0]
    path = tmp_path / "facility.toml"
    path.write_text(example, encoding="utf-8")
    recipe = load_recipe(str(path))
    assert recipe.defective_share == 0.2
    assert recipe.specimen.particle_radius_A == (60, 60)
    assert recipe.defects["drift"].weight == 5.0
    assert recipe.exposure == load_recipe().exposure
