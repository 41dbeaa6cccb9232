"""Sixteen bits lose less than the noise, and what is not known stays so."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from thonring.learn.dataset.hdf5 import DECADES, decode_power, encode_power


@given(scale=st.floats(1e-6, 1e6), shape=st.floats(0.5, 50), seed=st.integers(0, 1000))
def test_power_over_its_mean_comes_back_to_half_a_per_cent(scale: float, shape: float, seed: int) -> None:
    power = np.random.default_rng(seed).gamma(shape, scale, (2, 20, 11)).astype(np.float32) + np.float32(
        1e-30
    )
    relative = power / power.mean(axis=(1, 2), dtype=np.float64, keepdims=True)
    seen = relative > 1e-6
    assert_allclose(decode_power(encode_power(power))[seen], relative[seen], rtol=5e-3)


def test_what_is_unknown_stays_zero_and_what_is_known_never_becomes_it() -> None:
    power = np.ones((1, 8, 5), np.float32)
    power[0, 2:4] = 0.0
    stored = encode_power(power)
    assert np.array_equal(stored == 0, power == 0)
    assert_allclose(decode_power(stored), power, rtol=1e-6)


def test_a_view_of_nothing_is_nothing() -> None:
    assert not decode_power(encode_power(np.zeros((3, 8, 5), np.float32))).any()


def test_the_faintest_value_is_kept_within_reach() -> None:
    power = np.array([[[1e-30, 1.0, 1e3]]], np.float32)
    assert encode_power(power).min() == -DECADES


def test_scale_changes_nothing() -> None:
    power = np.random.default_rng(1).gamma(2.0, 1.0, (3, 16, 9)).astype(np.float32)
    assert np.array_equal(encode_power(power), encode_power(16 * power))
