"""Defocus from cryoSPARC's exposure tables; all angles are in radians."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thonring.errors import UnreadableTable
from thonring.read.known.row import KnownRow

NUMPY_MAGIC = b"\x93NUMPY"
STREAM_MAGIC = b"\x94CSDAT"
NAME = "micrograph_blob/path"
DEFOCUS = ("ctf/df1_A", "ctf/df2_A", "ctf/df_angle_rad")
PHASE_SHIFT = "ctf/phase_shift_rad"


def read_cryosparc(path: Path) -> list[KnownRow]:
    """Rows of a `.cs` file of exposures, in numpy's format.

    Raises
    ------
    UnreadableTable
        If the file is of cryoSPARC's compressed format, no table, or lacks the paths or the defocus.
    """
    rows = _load(path)
    found = rows.dtype.names or ()
    missing = [field for field in (NAME, *DEFOCUS) if field not in found]
    if missing:
        raise UnreadableTable(
            f"{path}: lacks {', '.join(missing)}; found {', '.join(found) or 'no fields'}. cryoSPARC may "
            "keep paths and CTF apart, in a file and its 'passthrough' file: export the job's exposures as "
            "one group and give that."
        )
    phases = rows[PHASE_SHIFT] if PHASE_SHIFT in found else np.zeros(len(rows))
    columns = zip(*(rows[field] for field in (NAME, *DEFOCUS)), phases, strict=True)
    return [
        KnownRow(_text(name), float(u), float(v), math.degrees(angle), math.degrees(phase))
        for name, u, v, angle, phase in columns
    ]


def _load(path: Path) -> npt.NDArray[Any]:
    with path.open("rb") as stream:
        magic = stream.read(len(NUMPY_MAGIC))
    if magic == STREAM_MAGIC:
        raise UnreadableTable(
            f"{path}: found cryoSPARC's compressed format (CSDAT), expected numpy's. Save it in numpy's "
            "format with cryosparc-tools, or give a RELION STAR file made from it."
        )
    if magic != NUMPY_MAGIC:
        raise UnreadableTable(
            f"{path}: found {magic!r} at the start, expected a cryoSPARC table ({NUMPY_MAGIC!r})."
        )
    try:
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)  # whose size is held against the file's
        return np.atleast_1d(np.array(mapped))
    except (ValueError, OSError, EOFError, OverflowError) as problem:
        raise UnreadableTable(
            f"{path}: damaged cryoSPARC table ({problem}). Copy the file again."
        ) from problem


def _text(name: object) -> str:
    return name.decode("utf-8", errors="replace") if isinstance(name, bytes) else str(name)
