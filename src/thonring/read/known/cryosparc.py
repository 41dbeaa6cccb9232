"""Defocus from cryoSPARC's exposure tables; all angles are in radians."""

import math
import os
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from thonring.errors import UnreadableTable
from thonring.read.known.row import KnownRow

NUMPY_MAGIC = b"\x93NUMPY"
STREAM_MAGIC = b"\x94CSDAT"
NAME = "micrograph_blob/path"
DEFOCUS = ("ctf/df1_A", "ctf/df2_A", "ctf/df_angle_rad")
PHASE_SHIFT = "ctf/phase_shift_rad"
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


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
        stream.seek(0)
        try:
            return _rows(stream)
        except Exception as problem:
            raise UnreadableTable(
                f"{path}: damaged cryoSPARC table ({problem}). Copy the file again."
            ) from problem


def _rows(stream: IO[bytes]) -> npt.NDArray[Any]:
    """The rows that the header states, once it is known that the file has as many bytes."""
    version = np.lib.format.read_magic(stream)
    if version not in HEADERS:
        raise ValueError(f"format {version} of numpy is not known")
    shape, _, kind = HEADERS[version](stream)
    stated, found = math.prod(shape) * kind.itemsize, os.fstat(stream.fileno()).st_size - stream.tell()
    if kind.names is None or kind.hasobject or len(shape) > 1:
        raise ValueError(f"found {shape} values of type {kind}, expected rows with named fields")
    if not 0 <= stated <= found:
        raise ValueError(f"its header states {stated} bytes of rows, it has {found}")
    rows = np.frombuffer(stream.read(stated), np.uint8)
    return np.atleast_1d(rows.view(kind).reshape(shape)) if stated else np.zeros(0, kind)


def _text(name: object) -> str:
    return name.decode("utf-8", errors="replace") if isinstance(name, bytes) else str(name)
