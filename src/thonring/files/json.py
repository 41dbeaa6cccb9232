"""Values as standard JSON, which has neither NaN nor infinities."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

from thonring.files.atomic import write_text

Json = str | float | bool | list["Json"] | dict[str, "Json"] | None

_INFINITIES = {math.inf: "inf", -math.inf: "-inf"}


def plain(value: object) -> Json:
    """Turn tuples into lists, NaN and infinities into null, and types that JSON lacks into strings."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return str(value)


def write_json(path: Path, value: object) -> None:
    """Replace a file by a `plain` value, indented for people to read.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    write_text(path, json.dumps(plain(value), indent=2, allow_nan=False) + "\n")


def compact(value: object) -> str:
    """Write a value on one line without blanks, keys sorted, so that equal values are equal texts."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True, allow_nan=False)


def finite(number: float) -> float | str | None:
    """Write a number as JSON can hold it: NaN as null, infinities as "inf" and "-inf"."""
    return number if math.isfinite(number) else _INFINITIES.get(number)


def number_of(value: float | str | None) -> float:
    """Read what `finite` wrote."""
    return math.nan if value is None else float(value)


def finite_rows(rows: Sequence[Sequence[float]]) -> list[list[float | str | None]]:
    """Write a matrix as rows of `finite` numbers."""
    return [[finite(number) for number in row] for row in rows]
