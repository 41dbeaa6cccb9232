"""Whether the integers of an MRC file are signed: its mode against IMOD's flag, the header's range and the values.

By the MRC2014 standard bytes (mode 0) and 16-bit integers of mode 1 are signed, those of mode 6 unsigned. Many programs
write unsigned bytes as mode 0, and counts above 32767 as mode 1. Read with the wrong sign, values on one side of the
middle are wrapped around by 256 or 65536, which spoils the image. Values that are the same either way need no decision.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thonring.records import Note

PLAUSIBLE_RATIO = 1.5
"""Standard deviation of one reading relative to the other from which the other is the plausible one: a choice. Wrapping
splits the histogram in two; 3 % of unsigned bytes wrapped already double a standard deviation of 25."""

MIN_WRAPPED_SHARE = 0.01
"""Share of the values on either side of the middle below which they tell nothing: hot or dead pixels, not counts."""

SAMPLED_VALUES = 1 << 20
"""Values that the standard deviations are computed from, taken at equal steps."""

SIGNED, UNSIGNED = "signed", "unsigned"


def resolve_sign(
    path: Path, pixels: npt.NDArray[Any], header_range: tuple[float, float], imod_sign: str | None = None
) -> tuple[npt.NDArray[Any], tuple[Note, ...]]:
    """The same bytes as signed or unsigned integers, and a note if that differs from what the mode says.

    IMOD's flag wins unless both the header's range and the values contradict it; without it the header's range wins,
    then the values, then the mode. Whatever contradicts the choice is in a note.

    Parameters
    ----------
    pixels
        In the type of the mode; other types than integers come back as they are.
    header_range
        Minimum and maximum that the header states.
    imod_sign
        What IMOD's flag says of bytes; None without one.
    """
    if pixels.dtype.kind not in "iu" or pixels.size == 0:
        return pixels, ()
    signed, unsigned = (
        pixels.view(np.dtype(f"{kind}{pixels.itemsize}").newbyteorder(pixels.dtype.byteorder))
        for kind in "iu"
    )
    if signed.min() >= 0:
        return pixels, ()
    stated = SIGNED if pixels.dtype.kind == "i" else UNSIGNED
    by_range = _sign_by_range(header_range, signed, unsigned)
    by_values = _sign_by_values(signed, unsigned)
    if imod_sign is None:
        chosen = by_range or by_values or stated
    else:
        contradicted = {by_range, by_values} == {UNSIGNED if imod_sign == SIGNED else SIGNED}
        chosen = (by_range or imod_sign) if contradicted else imod_sign
    result = signed if chosen == SIGNED else unsigned
    evidence = {
        f"the header's range is {header_range[0]:g} to {header_range[1]:g}": by_range,
        f"read as {by_values} the values scatter less": by_values,
        f"IMOD's flag says {imod_sign}": imod_sign,
        f"the mode says {stated}": None if imod_sign else stated,
    }
    return result, _notes(path, chosen, evidence)


def _sign_by_range(
    header_range: tuple[float, float], signed: npt.NDArray[Any], unsigned: npt.NDArray[Any]
) -> str | None:
    """The reading whose limits the header's minimum and maximum respect; None if both, or neither."""
    low, high = header_range
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        return None
    limits_signed, limits_unsigned = np.iinfo(signed.dtype), np.iinfo(unsigned.dtype)
    fits_signed = limits_signed.min <= low and high <= limits_signed.max
    fits_unsigned = low >= 0 and high <= limits_unsigned.max
    if fits_signed == fits_unsigned:
        return None
    return SIGNED if fits_signed else UNSIGNED


def _sign_by_values(signed: npt.NDArray[Any], unsigned: npt.NDArray[Any]) -> str | None:
    """The reading with the clearly narrower distribution; None if neither is."""
    step = max(1, signed.size // SAMPLED_VALUES)
    sampled, sampled_unsigned = signed.reshape(-1)[::step], unsigned.reshape(-1)[::step]
    wrapped = float(np.mean(sampled < 0))
    if not MIN_WRAPPED_SHARE <= wrapped <= 1.0 - MIN_WRAPPED_SHARE:
        return None
    signed_std, unsigned_std = (float(one.std(dtype=np.float64)) for one in (sampled, sampled_unsigned))
    if signed_std > PLAUSIBLE_RATIO * unsigned_std:
        return UNSIGNED
    return SIGNED if unsigned_std > PLAUSIBLE_RATIO * signed_std else None


def _notes(path: Path, chosen: str, evidence: dict[str, str | None]) -> tuple[Note, ...]:
    """A note if anything contradicts the choice."""
    against = [text for text, sign in evidence.items() if sign not in {None, chosen}]
    if not against:
        return ()
    pro = [text for text, sign in evidence.items() if sign == chosen]
    text = f"{path}: integers were read as {chosen}, since {' and '.join(pro)}, although {' and '.join(against)}."
    return (Note("integer-sign", text),)
