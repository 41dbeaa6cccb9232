"""The criteria of a whole run as bytes, for a page that counts by itself."""

import json
import struct

import numpy as np

from thonring.results import RunColumns
from thonring.web.curation import fitted, judged_criteria

_BESIDE = ("defocus_A", "recorded_at")
"""What is plotted against criteria, and no criterion itself."""

_FITTED, _JUDGED = 4, 8
"""Bits of a micrograph's flags above the two of its status."""


def packed_values(columns: RunColumns, judged: set[int], revision: str) -> bytes:
    """Pack the values of all criteria, the numbers, and the flags of a run's micrographs; see GET curate/values.

    Float64, not 32: a value on the edge of a limit must fall on the same side in the page as in the grading.
    """
    names = [*judged_criteria(columns), *_BESIDE]
    recorded_at = np.where(columns.recorded_at > 0, columns.recorded_at, np.nan)
    values = {**columns.values, "recorded_at": recorded_at}
    head = json.dumps({"revision": revision, "count": len(columns), "columns": names}).encode()
    head += b" " * (-(4 + len(head)) % 8)
    by_people = np.isin(columns.number, list(judged))
    flags = columns.status.astype(np.uint8) + _FITTED * fitted(columns) + _JUDGED * by_people
    arrays = [*(values[name].astype("<f8") for name in names), columns.number.astype("<f8")]
    parts = [struct.pack("<I", len(head)), head, *(array.tobytes() for array in arrays)]
    return b"".join([*parts, flags.astype(np.uint8).tobytes()])
