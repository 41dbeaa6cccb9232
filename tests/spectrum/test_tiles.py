"""Tiles cover the image, and say how much of it they hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thonring.spectrum.tiles import Tiling, independent_values, taper, tiling, whole

LENGTHS = st.integers(128, 3000)


def covered(tiles: Tiling, shape: tuple[int, int]) -> bool:
    rows, columns = np.zeros(shape[0], bool), np.zeros(shape[1], bool)
    for start in tiles.rows:
        rows[start : start + tiles.height] = True
    for start in tiles.columns:
        columns[start : start + tiles.width] = True
    return bool(rows.all() and columns.all())


@pytest.mark.slow
@given(height=LENGTHS, width=LENGTHS, share=st.floats(0.1, 1.0))
def test_tiles_lie_inside_and_leave_no_gap(height: int, width: int, share: float) -> None:
    wanted = max(1, round(share * min(height, width)))
    tiles = tiling((height, width), wanted)
    assert tiles.height == tiles.width
    assert tiles.height % 2 == 0
    assert min(tiles.rows) >= 0
    assert max(tiles.rows) + tiles.height <= height
    assert max(tiles.columns) + tiles.width <= width
    if len(tiles.rows) > 1 and len(tiles.columns) > 1:
        assert covered(tiles, (height, width))


@given(height=LENGTHS, width=LENGTHS)
def test_the_whole_is_one_even_tile_of_nearly_everything(height: int, width: int) -> None:
    tiles = whole((height, width))
    assert (len(tiles.rows), len(tiles.columns)) == (1, 1)
    assert tiles.height % 2 == tiles.width % 2 == 0
    assert 0.9 * height < tiles.rows[0] + tiles.height <= height
    assert 0.9 * width < tiles.columns[0] + tiles.width <= width


@pytest.mark.parametrize("shape", [(1024, 1024), (2000, 1400), (1999, 997)])
def test_overlapping_tapers_add_to_one_in_power(shape: tuple[int, int]) -> None:
    tiles = tiling(shape, 300)
    added = np.zeros(shape[0])
    for start in tiles.rows:
        added[start : start + tiles.height] += tiles.window_y.astype(float) ** 2
    edge = tiles.rows[0] + tiles.height // 4
    inner = added[edge : tiles.rows[-1] + 3 * tiles.height // 4]
    assert inner.min() > 0.95
    assert inner.max() < 1.05


@given(size=st.integers(128, 2000))
def test_a_taper_is_symmetric_and_flat_in_the_middle(size: int) -> None:
    window = taper(size, (0,))
    np.testing.assert_allclose(window, window[::-1], atol=1e-6)
    assert 0 < window[0] < 0.5
    assert window[size // 2] == 1
    assert np.all(np.diff(window[: size // 2]) >= 0)


@given(length=LENGTHS, share=st.floats(0.2, 1.0))
def test_tiles_never_hold_more_than_the_image(length: int, share: float) -> None:
    tiles = tiling((length, length), max(1, round(share * length)))
    values = independent_values(length, tiles.rows, tiles.height)
    assert 0.5 * length < values <= length
    assert tiles.independent_values((length, length)) == pytest.approx(values**2)
