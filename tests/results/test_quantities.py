"""The table of the numbers of a fit: what is in it is everywhere, and a new number needs nothing else."""

import json
import math
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories.outcomes import make_fit
from thonring.run.open import open_run
from thonring.run.quantities import FIT_QUANTITIES, FitQuantity, page_quantities

HERE = Path(__file__).parent
DERIVED = [one for one in FIT_QUANTITIES if one.derive is not None]


@pytest.mark.slow
def test_a_new_number_is_found_everywhere_once_it_is_in_the_table(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    path = os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", "")])
    found = subprocess.run(
        [sys.executable, HERE / "adds_a_fit_number.py", run],
        env={**os.environ, "PYTHONPATH": path},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout) == {
        "database": [432.5],
        "results.csv": ["432.5", ""],
        "attempts.csv": True,
        "results.json": [432.5, None],
        "columns": [432.5],
        "page columns": [
            {
                "name": "thickness_A",
                "title": "Thickness",
                "unit": "Å",
                "kind": "number",
                "about": "Mean thickness of the specimen.",
            }
        ],
        "page rows": [432.5],
        "page answer": [432.5],
    }


def test_every_number_is_named_once_and_is_one_of_the_fit() -> None:
    names = [one.name for one in FIT_QUANTITIES]
    assert len(set(names)) == len(names)
    for one in FIT_QUANTITIES:
        assert isinstance(getattr(make_fit(), one.fit_attribute), float), one.name


def test_every_number_on_the_page_is_stored_or_can_be_derived() -> None:
    assert all(one.stored or one.derive is not None for one in page_quantities())
    assert not any(one.stored and one.derive is not None for one in FIT_QUANTITIES)


def test_stored_numbers_are_columns_of_the_database(tmp_path: Path) -> None:
    with open_run(tmp_path):
        pass
    connection = sqlite3.connect(tmp_path / "run.db")
    columns = {row[1] for row in connection.execute("PRAGMA table_info (attempt)")}
    connection.close()
    assert {one.stored_column for one in FIT_QUANTITIES if one.stored} <= columns


numbers = st.floats(-1e5, 1e5)
variances = st.floats(0.0, 1e6)


@pytest.mark.parametrize("quantity", DERIVED, ids=lambda one: one.name)
@given(defocus=st.tuples(numbers, numbers), variance=st.tuples(*[variances] * 5))
def test_derived_numbers_are_the_properties_of_the_fit(
    quantity: FitQuantity, defocus: tuple[float, float], variance: tuple[float, ...]
) -> None:
    one = make_fit(defocus_u_A=defocus[0], defocus_v_A=defocus[1], covariance=np.diag(variance))
    values = {name: np.array([getattr(one, name)]) for name in ("defocus_u_A", "defocus_v_A")}
    assert quantity.derive is not None
    (found,) = quantity.derive(values, np.array([variance]))
    assert math.isclose(found, getattr(one, quantity.fit_attribute), rel_tol=1e-12, abs_tol=1e-9)
