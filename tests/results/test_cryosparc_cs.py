"""cryoSPARC exposures with our CTFs, read back by numpy and by cryosparc-tools."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thonring.errors import OutputError
from thonring.formats.cryosparc import FIELDS, ExposureCtf, with_ctf, write_exposures
from thonring.formats.known_defocus import known_defocus
from thonring.records import KnownDefocus

EXPOSURE = [
    ("uid", "<u8"),
    ("mscope_params/accel_kv", "<f4"),
    ("mscope_params/exp_group_id", "<u4"),
    ("micrograph_blob/path", "S64"),
    ("micrograph_blob/shape", "<u4", (2,)),
    ("micrograph_blob/psize_A", "<f4"),
]
"""The fields of an imported exposure, as far as they matter here."""

ESTIMATED = [
    ("ctf/type", "S6"),
    ("ctf/exp_group_id", "<u4"),
    ("ctf/df1_A", "<f4"),
    ("ctf/df2_A", "<f4"),
    ("ctf/df_angle_rad", "<f4"),
    ("ctf/cross_corr_ctffind4", "<f4"),
    ("ctf/ctf_fit_to_A", "<f4"),
    ("ctf/path", "S40"),
    ("ctf_stats/ctf_fit_to_A", "<f4"),
    ("ctf_stats/ice_thickness_rel", "<f4"),
]
"""Fields that cryoSPARC's patch CTF estimation adds."""


def exposures(count: int = 3, fields: list[Any] = EXPOSURE) -> npt.NDArray[np.void]:
    rows = np.zeros(count, fields)
    rows["uid"] = 2**63 + np.arange(count, dtype=np.uint64)
    rows["mscope_params/exp_group_id"] = 5
    rows["micrograph_blob/path"] = [f"J2/imported/{number:021d}_m{number}.mrc" for number in range(count)]
    rows["micrograph_blob/psize_A"] = 0.6575
    return rows


def ctf(**changes: Any) -> ExposureCtf:
    values: dict[str, Any] = {
        "defocus": KnownDefocus(15200.25, 14800.75, -37.5, 90.0),
        "voltage_kV": 300.0,
        "cs_mm": 2.7,
        "amplitude_contrast": 0.07,
        "score": 0.17,
        "fit_resolution_A": 3.6,
        "accepted": True,
    }
    return ExposureCtf(**values | changes)


def test_fields_are_added_with_their_types_and_units() -> None:
    rows = with_ctf(exposures(), {0: ctf(), 2: ctf()}, with_rejected=False)
    assert rows["uid"].tolist() == [2**63, 2**63 + 2]
    assert [name for name in rows.dtype.names or () if name.startswith("ctf/")] == [
        name for name, _, _ in FIELDS
    ]
    first = rows[0]
    assert first["ctf/type"] == b"imported"
    assert first["ctf/exp_group_id"] == 5
    assert (first["ctf/accel_kv"], first["ctf/scale"]) == (300, 1)
    assert (first["ctf/df1_A"], first["ctf/df2_A"]) == (15200.25, 14800.75)
    assert first["ctf/df_angle_rad"] == pytest.approx(math.radians(-37.5))
    assert first["ctf/phase_shift_rad"] == pytest.approx(math.pi / 2)
    assert (first["ctf/cs_mm"], first["ctf/amp_contrast"]) == pytest.approx((2.7, 0.07))
    assert first["ctf/tetra_A"].tolist() == [0, 0, 0, 0]
    assert first["micrograph_blob/psize_A"] == np.float32(0.6575)


def test_what_another_estimate_left_is_replaced_whole() -> None:
    given = exposures(1, [*EXPOSURE, *ESTIMATED])
    given["ctf/type"], given["ctf/path"], given["ctf/exp_group_id"] = b"spline", b"J3/ctf/spline.npy", 9
    given["ctf_stats/ctf_fit_to_A"], given["ctf_stats/ice_thickness_rel"] = 8.0, 1.04
    (row,) = with_ctf(given, {0: ctf()}, with_rejected=False)
    assert (row["ctf/type"], row["ctf/path"], row["ctf/exp_group_id"]) == (b"imported", b"", 9)
    assert row["ctf/cross_corr_ctffind4"] == np.float32(0.17)
    assert row["ctf/ctf_fit_to_A"] == row["ctf_stats/ctf_fit_to_A"] == np.float32(3.6)
    assert row["ctf_stats/ice_thickness_rel"] == np.float32(1.04)
    names = row.dtype.names or ()
    assert names[: len(given.dtype.names or ())] == given.dtype.names
    unknown = with_ctf(given, {0: ctf(score=math.nan, fit_resolution_A=math.inf)}, with_rejected=False)
    assert unknown["ctf/cross_corr_ctffind4"] == unknown["ctf/ctf_fit_to_A"] == 0
    assert given["ctf/type"] == b"spline"


def test_rejected_ones_are_left_out_or_flagged() -> None:
    found = {0: ctf(accepted=False), 1: ctf()}
    assert with_ctf(exposures(), found, with_rejected=False)["uid"].tolist() == [2**63 + 1]
    flagged = with_ctf(exposures(), found, with_rejected=True)
    assert flagged["thonring/accepted"].tolist() == [0, 1]
    again = with_ctf(flagged, {0: ctf(), 1: ctf()}, with_rejected=True)
    assert again["thonring/accepted"].tolist() == [1, 1]


def test_no_exposure_at_all_is_an_empty_table(tmp_path: Path) -> None:
    rows = with_ctf(exposures(), {}, with_rejected=False)
    write_exposures(tmp_path / "out.cs", rows)
    assert len(np.load(tmp_path / "out.cs")) == 0


@pytest.mark.slow
@pytest.mark.clients
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    u_A=st.floats(1, 6e4),
    astigmatism_A=st.floats(0, 3000),
    angle_deg=st.floats(-89.9, 90),
    phase_deg=st.floats(0, 179),
)
def test_our_reader_and_cryosparc_tools_read_the_same(
    tmp_path: Path, u_A: float, astigmatism_A: float, angle_deg: float, phase_deg: float
) -> None:
    dataset = pytest.importorskip("cryosparc.dataset", reason="needs the package cryosparc-tools")
    defocus = KnownDefocus(u_A, u_A - astigmatism_A, angle_deg, phase_deg)
    path = tmp_path / "out.cs"
    write_exposures(path, with_ctf(exposures(1), {0: ctf(defocus=defocus)}, with_rejected=True))
    found = known_defocus(path)["m0"]
    row = dataset.Dataset.load(path).rows()[0]
    assert (row["uid"], row["ctf/type"]) == (2**63, "imported")
    assert (row["ctf/df1_A"], row["ctf/df2_A"]) == pytest.approx((u_A, u_A - astigmatism_A), abs=0.01)
    assert found.defocus_u_A == pytest.approx(u_A, abs=0.01)
    assert found.defocus_v_A == pytest.approx(u_A - astigmatism_A, abs=0.01)
    assert math.cos(math.radians(2 * (found.angle_deg - angle_deg))) == pytest.approx(1) or astigmatism_A == 0
    assert found.phase_shift_deg == pytest.approx(phase_deg, abs=1e-4)


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write_exposures(tmp_path / "no" / "such" / "out.cs", exposures())
