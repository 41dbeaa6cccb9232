"""Views in 16 bits: log10 of the power over its mean, which noise of a few per cent outlives."""

import numpy as np
import numpy.typing as npt

from thonring.learn.seen.views import Stack

Packed = npt.NDArray[np.float16]

DECADES = 7.0
_NEARLY_ZERO = np.finfo(np.float16).smallest_subnormal


def packed(power: Stack) -> Packed:
    """log10(power / mean known power of its view), (views, rows, columns); exactly 0 where nothing is known.

    What is not known is where `power` is 0. Values are kept within 7 decades of the mean.
    """
    return np.stack([_packed(view) for view in power])


def _packed(power: npt.NDArray[np.float32]) -> Packed:
    known = power > 0
    result: Packed = np.zeros(power.shape, np.float16)
    if known.any():
        relative = power[known] / power[known].mean(dtype=np.float64)
        values = np.clip(np.log10(relative), -DECADES, DECADES).astype(np.float16)
        values[values == 0] = _NEARLY_ZERO
        result[known] = values
    return result


def unpacked(stored: Packed) -> Stack:
    """Power over the mean of its view, 0 where nothing is known."""
    log_power = stored.astype(np.float32)
    power: Stack = np.power(np.float32(10), log_power)
    power[log_power == 0] = 0
    return power
