"""Exposures as a table with cryoSPARC's own field names: angles in radians, everything else in Å, kV and mm.

cryoSPARC joins by `uid`, which it gives itself: match rows by `micrograph_blob/path`. A figure that is not
finite is 0, and the resolution of such a fit 25 Å, as in the STAR files.
"""

import math

from thonring.records import Status
from thonring.results.csv_file import Cell, csv_line
from thonring.results.tables.listed import Fitted, Listed
from thonring.results.tables.optics_groups import microscope
from thonring.results.tables.overview import Overview
from thonring.results.tables.star import WORST_RESOLUTION_A
from thonring.results.tables.table_file import Table

_COLUMNS = (
    "micrograph_blob/path",
    "micrograph_blob/psize_A",
    "ctf/exp_group_id",
    "ctf/accel_kv",
    "ctf/cs_mm",
    "ctf/amp_contrast",
    "ctf/df1_A",
    "ctf/df2_A",
    "ctf/df_angle_rad",
    "ctf/phase_shift_rad",
    "ctf/cross_corr_ctffind4",
    "ctf/ctf_fit_to_A",
)


def _table(file: str, status: Status) -> Table:
    def row(seen: Overview, one: Listed) -> str:
        if one.fitted is None or one.outcome.status != status:
            return ""
        group = seen.groups[microscope(one.fitted.optics, one.outcome.pixel_A)]
        return csv_line((str(one.outcome.path), one.outcome.pixel_A, group, *_values(one.fitted)))

    return Table(file, lambda _: csv_line(_COLUMNS), row)


def _values(fitted: Fitted) -> tuple[Cell, ...]:
    fit, optics = fitted.fit, fitted.optics
    return (
        optics.voltage_kV,
        optics.cs_mm,
        fit.amplitude_contrast,
        fit.defocus_u_A,
        fit.defocus_v_A,
        math.radians(fit.angle_deg),
        math.radians(_finite(fit.phase_shift_deg, 0.0)),
        _finite(fit.score, 0.0),
        _finite(fit.fit_resolution_A, WORST_RESOLUTION_A),
    )


def _finite(value: float, missing: float) -> float:
    return value if math.isfinite(value) else missing


ACCEPTED_EXPOSURES = _table("exposures_ctf.csv", "accepted")
REJECTED_EXPOSURES = _table("rejected_exposures_ctf.csv", "rejected")
