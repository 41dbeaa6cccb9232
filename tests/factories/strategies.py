"""Any outcome there can be, as hypothesis draws it."""

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from thonring.optics import Optics
from thonring.records import Attempt, CriterionResult, CtfFit, Note, Outcome, Verdict
from thonring.run.rows import NO_CURVE

NUMBER = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from([-0.0, 5e-324, 1e308, 1 / 3])
TEXT = st.text(max_size=30)
NOTES = st.lists(st.builds(Note, TEXT, TEXT), max_size=2).map(tuple)
FILE_NAME = st.binary(min_size=1, max_size=20).filter(
    lambda name: not set(name) & set(b"\0\n\r/\x7f") and min(name) >= 32 and name not in {b".", b".."}
)
"""Names as a disk may hold them, valid UTF-8 or not; control characters are refused before any work."""

PATH = st.lists(FILE_NAME, min_size=1, max_size=3).map(lambda parts: Path(os.fsdecode(b"/".join(parts))))
OPTICS = st.builds(
    Optics,
    st.floats(10, 3000),
    st.just(0.0) | st.floats(0.01, 20),
    st.floats(0, 0.99),
    st.none() | st.floats(0.01, 99),
)
CRITERIA = st.lists(st.builds(CriterionResult, TEXT, NUMBER, st.booleans(), TEXT), max_size=4).map(tuple)
COVARIANCE = st.lists(NUMBER, min_size=25, max_size=25).map(lambda values: np.array(values).reshape(5, 5))


@st.composite
def fits(draw: st.DrawFn) -> CtfFit:
    numbers = {
        name: draw(NUMBER) for name, kind in CtfFit.__annotations__.items() if kind in (float, "float")
    }
    return CtfFit(
        **numbers,
        covariance=draw(COVARIANCE),
        resolution_range_A=draw(st.tuples(NUMBER, NUMBER)),
        curve=NO_CURVE,
        notes=draw(NOTES),
    )


ATTEMPT = st.builds(Attempt, NUMBER, st.builds(Verdict, TEXT, CRITERIA), st.none() | fits())


@st.composite
def outcomes(draw: st.DrawFn) -> Outcome:
    attempts = tuple(draw(st.lists(ATTEMPT, max_size=3)))
    return Outcome(
        path=draw(PATH),
        status=draw(st.sampled_from(["accepted", "rejected", "failed"])),
        reasons=tuple(draw(st.lists(TEXT, max_size=3))),
        optics=draw(st.none() | OPTICS),
        pixel_A=draw(NUMBER),
        shape=draw(st.tuples(st.integers(0, 100_000), st.integers(0, 100_000))),
        attempts=attempts,
        chosen=draw(st.none() | st.integers(0, len(attempts) - 1)) if attempts else None,
        notes=draw(NOTES),
        cpu_seconds=draw(NUMBER),
        content_hash=draw(st.sampled_from(["", "ab" * 32])),
    )


def exact(value: Any) -> Any:
    """The same for two values only if they cannot be told apart: NaN is NaN, and -0.0 is not 0.0."""
    if isinstance(value, float):
        return "nan" if math.isnan(value) else value.hex()
    if isinstance(value, np.ndarray):
        return (value.dtype.str, value.shape, [exact(float(item)) for item in value.ravel()])
    if isinstance(value, tuple):
        return tuple(exact(item) for item in value)
    if hasattr(value, "__dataclass_fields__"):
        return (type(value), *(exact(getattr(value, name)) for name in value.__dataclass_fields__))
    return (type(value), value)
