"""A cryoSPARC `.cs` file of exposures with our CTF in its `ctf/` fields.

Names, types and shapes of the fields are those in cryosparc-tools' own test data (tests/conftest.py, a T20S data set)
and in pyem's table of fields; `type` is `imported`, as cryoSPARC itself calls a CTF that came with imported data, the
scale 1, and all that we do not estimate 0. Angles are radians. Files of either program may lack some of the fields;
what the given file has stays in its place with its type.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thonring.records import KnownDefocus
from thonring.results.atomic import replacing

Exposures = npt.NDArray[np.void]
Field = tuple[str, Any, tuple[int, ...]]
"""Name, type and shape."""

PREFIX = "ctf/"
TYPE, GROUP = "ctf/type", "ctf/exp_group_id"
IMPORTED = b"imported"
ACCEPTED = "thonring/accepted"
"""1 or 0, where rejected exposures are kept."""

FIELDS: tuple[Field, ...] = (
    (TYPE, f"S{len(IMPORTED)}", ()),
    (GROUP, "<u4", ()),
    ("ctf/accel_kv", "<f4", ()),
    ("ctf/cs_mm", "<f4", ()),
    ("ctf/amp_contrast", "<f4", ()),
    ("ctf/df1_A", "<f4", ()),
    ("ctf/df2_A", "<f4", ()),
    ("ctf/df_angle_rad", "<f4", ()),
    ("ctf/phase_shift_rad", "<f4", ()),
    ("ctf/scale", "<f4", ()),
    ("ctf/scale_const", "<f4", ()),
    ("ctf/shift_A", "<f4", (2,)),
    ("ctf/tilt_A", "<f4", (2,)),
    ("ctf/trefoil_A", "<f4", (2,)),
    ("ctf/tetra_A", "<f4", (4,)),
    ("ctf/anisomag", "<f4", (4,)),
    ("ctf/bfactor", "<f4", ()),
)
FIT_RESOLUTION = ("ctf/ctf_fit_to_A", "ctf_stats/ctf_fit_to_A")
SCORE = "ctf/cross_corr_ctffind4"
GROUPS = (GROUP, "mscope_params/exp_group_id")


@dataclass(frozen=True, slots=True)
class ExposureCtf:
    """What is written of one exposure; score and resolution may be NaN and are 0 then."""

    defocus: KnownDefocus
    voltage_kV: float
    cs_mm: float
    amplitude_contrast: float
    score: float
    fit_resolution_A: float
    accepted: bool


def with_ctf(exposures: Exposures, found: Mapping[int, ExposureCtf], *, with_rejected: bool) -> Exposures:
    """The exposures that have a CTF, with it in place of what their `ctf/` fields held.

    Parameters
    ----------
    exposures
        (n,), as read from a `.cs` file; `uid` and every field outside `ctf/` is kept, but for the fit's resolution in
        `ctf_stats/`.
    found
        CTF by index of the exposure.
    with_rejected
        Keep rejected ones, told apart by the added field `thonring/accepted`; they are left out otherwise.

    Returns
    -------
    Exposures
        A new array, in the order of the given one.
    """
    kept = [place for place in sorted(found) if found[place].accepted or with_rejected]
    rows = np.zeros(len(kept), _dtype(exposures.dtype, flagged=with_rejected))
    given = exposures.dtype.names or ()
    for name in given:
        if not name.startswith(PREFIX):
            rows[name] = exposures[name][kept]
    group = next((name for name in GROUPS if name in given), None)
    if group is not None:
        rows[GROUP] = exposures[group][kept]
    for name, values in _columns([found[place] for place in kept]).items():
        if name in (rows.dtype.names or ()):
            rows[name] = values
    return rows


def write_exposures(path: Path, exposures: Exposures) -> None:
    """Write a `.cs` file in numpy's format, which every version of cryoSPARC reads.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    with replacing(path) as temporary, temporary.open("wb") as stream:
        np.save(stream, exposures, allow_pickle=False)


def _dtype(given: np.dtype[Any], *, flagged: bool) -> np.dtype[Any]:
    """The given fields, wide enough for our type, then those of a CTF that are missing, then the flag."""
    names = given.names or ()
    fields: list[Field] = [(name, given[name].base, given[name].shape) for name in names if name != TYPE]
    if TYPE in names:
        width = max(len(IMPORTED), given[TYPE].itemsize)
        fields.insert(names.index(TYPE), (TYPE, f"S{width}", ()))
    fields += [field for field in FIELDS if field[0] not in names]
    if flagged and ACCEPTED not in names:
        fields.append((ACCEPTED, "<u4", ()))
    return np.dtype(fields)


def _columns(found: list[ExposureCtf]) -> dict[str, npt.ArrayLike]:
    """Field to values, one an exposure."""
    columns: dict[str, npt.ArrayLike] = {
        TYPE: IMPORTED,
        "ctf/accel_kv": [one.voltage_kV for one in found],
        "ctf/cs_mm": [one.cs_mm for one in found],
        "ctf/amp_contrast": [one.amplitude_contrast for one in found],
        "ctf/df1_A": [one.defocus.defocus_u_A for one in found],
        "ctf/df2_A": [one.defocus.defocus_v_A for one in found],
        "ctf/df_angle_rad": [math.radians(one.defocus.angle_deg) for one in found],
        "ctf/phase_shift_rad": [math.radians(one.defocus.phase_shift_deg) for one in found],
        "ctf/scale": 1.0,
        SCORE: _known(one.score for one in found),
        ACCEPTED: [int(one.accepted) for one in found],
    }
    resolutions = _known(one.fit_resolution_A for one in found)
    return columns | dict.fromkeys(FIT_RESOLUTION, resolutions)


def _known(values: Iterable[float]) -> list[float]:
    return [value if math.isfinite(value) else 0.0 for value in values]
