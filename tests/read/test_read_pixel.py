"""Which pixel size holds."""

import math
from pathlib import Path

import mrcfile
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thonring import read
from thonring.errors import OpticsError
from thonring.optics import Optics
from thonring.read.image import resolve_pixel_size

PATH = Path("some/mic.mrc")
sizes_A = st.floats(0.1, 20).filter(lambda size: abs(size - 1) > 1e-3)


def optics(pixel_A: float | None) -> Optics:
    return Optics(300, 2.7, pixel_A=pixel_A)


@pytest.mark.parametrize("header_A", [None, 0.0, 1.0, 1.0 + 5e-7, -1.3, math.nan, math.inf])
def test_headers_that_say_nothing(header_A: float | None) -> None:
    with pytest.raises(OpticsError, match=r"mic\.mrc.*--pixel"):
        resolve_pixel_size(PATH, header_A, optics(None))
    assert resolve_pixel_size(PATH, header_A, optics(3.0)) == (3.0, ())


@given(header_A=sizes_A)
def test_the_header_holds_where_nothing_is_given(header_A: float) -> None:
    assert resolve_pixel_size(PATH, header_A, optics(None)) == (header_A, ())


@given(header_A=sizes_A, given_A=sizes_A)
def test_the_given_size_wins_and_a_difference_is_told(header_A: float, given_A: float) -> None:
    pixel_A, notes = resolve_pixel_size(PATH, header_A, optics(given_A))
    assert pixel_A == given_A
    assert bool(notes) == (abs(header_A / given_A - 1) > 0.02)
    assert all(note.kind == "pixel-size" and "mic.mrc" in note.text for note in notes)


@pytest.mark.parametrize(
    ("header_A", "given_A", "cause"),
    [(0.5, 1.0, "twice"), (0.51, 1.0, "twice"), (1.6, 0.8, "half"), (0.8, 1.2, "used.")],
)
def test_the_likely_cause_is_told(header_A: float, given_A: float, cause: str) -> None:
    _, (note,) = resolve_pixel_size(PATH, header_A, optics(given_A))
    assert cause in note.text
    assert f"{header_A:.4g}" in note.text
    assert f"{given_A:.4g}" in note.text
    assert ("binned" in note.text) == (cause != "used.")


@pytest.mark.parametrize("header_A", [0.0, 1.0, -2.0])
def test_through_a_file(tmp_path: Path, header_A: float) -> None:
    path = tmp_path / "a.mrc"
    mrcfile.write(path, np.ones((4, 4), np.float32), voxel_size=header_A)
    with pytest.raises(OpticsError, match=r"a\.mrc.*--pixel"):
        read.micrograph(path, optics(None))
    assert read.micrograph(path, optics(0.9)).pixel_A == 0.9
