"""Defocus of other programs: each writes other units and names, one table comes out."""

import math
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import starfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thonring.ctf import to_vector
from thonring.errors import UnreadableTable
from thonring.formats.known_defocus import known_defocus
from thonring.records import KnownDefocus
from thonring.run.names import key_of

CTFFIND = """\
# Output from CTFFind version 4.1.14, run on 2024-02-29 12:00:00
# Input file: /data/Movies/mic_01_PS.mrc ; Number of micrographs: 1
# Pixel size: 1.400 Angstroms ; acceleration voltage: 300.0 keV ; spherical aberration: 2.70 mm
# Box size: 512 pixels ; min. res.: 30.0 Angstroms ; max. res.: 5.0 Angstroms
# Columns: #1 - micrograph number; #2 - defocus 1 [Angstroms]; #3 - defocus 2; #4 - azimuth; ...
1.000000 10865.006836 10571.461914 79.130180 1.570796 0.132045 4.841686
"""

CTFPARAM = """\
# XMIPP_STAR_1 *
#
data_fullMicrograph
 _ctfSamplingRate 1.237000
 _ctfVoltage 300.000000
 _ctfDefocusU 15376.100000
 _ctfDefocusV 14780.200000
 _ctfDefocusAngle -321.700000
 _ctfVPPphaseshift 90.000000
"""

XMD = """\
# XMIPP_STAR_1 *
#
data_noname
loop_
 _itemId
 _enabled
 _micrograph
 _ctfDefocusU
 _ctfDefocusV
 _ctfDefocusAngle
  1  1 'Runs/my mics/a.mrc' 20000 19000 30
  2 -1 Runs/b.mrc -999 -999 -999
  3  1 Runs/c.mrc 15000 15500 10
"""

CS_FIELDS = [
    ("uid", "<u8"),
    ("micrograph_blob/path", "S80"),
    ("ctf/df1_A", "<f4"),
    ("ctf/df2_A", "<f4"),
    ("ctf/df_angle_rad", "<f4"),
    ("ctf/phase_shift_rad", "<f4"),
]
CS_ROWS = [
    (1, b"J2/imported/012345678901234567890_a.mrc", 20000, 19000, 0.5, 0.25),
    (2, b"J2/imported/112345678901234567890_b.mrc", 12000, 11000, 2.0, 0),
]

defocus_A = st.floats(-5e3, 6e4).filter(lambda value: value != -999)


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def save_cs(path: Path, rows: npt.NDArray[np.void]) -> Path:
    with path.open("wb") as stream:
        np.save(stream, rows)
    return path


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Movies/a.mrc", "a"),
        ("a.mrcs", "a"),
        ("1@Movies/a.mrcs", "a"),
        ("CtfFind/job003/a_PS.ctf:mrc", "a"),
        ("a_PS.mrc", "a"),
        ("a_avrot.txt", "a"),
        ("a_ctf.ctfparam", "a"),
        ("a.mrc.bz2", "a"),
        ("a_noDW.MRC", "a"),
        ("May08_03.13.02.bin_avg.png", "May08_03.13.02.bin_avg"),
        ("a.b.mrc", "a.b"),
        (".mrc", ".mrc"),
        ("_ctf.mrc", "_ctf"),
        (Path("/x/a.tif"), "a"),
    ],
)
def test_keys(name: str | Path, key: str) -> None:
    assert key_of(name) == key


def test_ctffind_gives_radians(tmp_path: Path) -> None:
    known = known_defocus(write(tmp_path / "diagnostic.txt", CTFFIND))
    (found,) = known.values()
    assert list(known) == ["mic_01"]
    assert (found.defocus_u_A, found.defocus_v_A) == (10865.006836, 10571.461914)
    assert found.angle_deg == pytest.approx(79.13018)
    assert found.phase_shift_deg == pytest.approx(90, abs=1e-3)


def test_a_folder_of_single_answers(tmp_path: Path) -> None:
    write(tmp_path / "one.txt", CTFFIND)
    write(tmp_path / "one_avrot.txt", "curves")
    write(tmp_path / "two.txt", CTFFIND.replace("mic_01", "mic_02"))
    write(tmp_path / "three_ctf.ctfparam", CTFPARAM)
    assert set(known_defocus(tmp_path)) == {"mic_01", "mic_02", "three"}


def test_ctfparam_gives_degrees_and_any_turn(tmp_path: Path) -> None:
    known = known_defocus(write(tmp_path / "mic_ctf.ctfparam", CTFPARAM))
    (found,) = known.values()
    assert list(known) == ["mic"]
    assert found.angle_deg == pytest.approx(38.3)
    assert found.phase_shift_deg == 90
    named = known_defocus(write(tmp_path / "x.ctfparam", CTFPARAM + " _micrograph Runs/other.mrc\n"))
    assert list(named) == ["other"]


def test_xmd_skips_failures_and_puts_u_first(tmp_path: Path) -> None:
    known = known_defocus(write(tmp_path / "mics.xmd", XMD))
    assert set(known) == {"a", "c"}
    assert known["a"] == KnownDefocus(20000, 19000, 30)
    assert known["c"] == KnownDefocus(15500, 15000, -80)


def test_cryosparc_gives_radians_and_long_names(tmp_path: Path) -> None:
    known = known_defocus(save_cs(tmp_path / "exposures.cs", np.array(CS_ROWS, CS_FIELDS)))
    assert set(known) == {"a", "b", "012345678901234567890_a", "112345678901234567890_b"}
    assert known["a"] is known["012345678901234567890_a"]
    assert known["a"].angle_deg == pytest.approx(math.degrees(0.5))
    assert known["a"].phase_shift_deg == pytest.approx(math.degrees(0.25))
    assert known["b"].angle_deg == pytest.approx(math.degrees(2.0) - 180)


def test_endings_of_cryosparcs_motion_correction_are_not_part_of_the_name(tmp_path: Path) -> None:
    rows = np.array(CS_ROWS[:1], CS_FIELDS)
    name = b"J14/motioncorrected/012951868257382468663_14sep05c_02es.frames_patch_aligned_doseweighted.mrc"
    rows = rows.astype([(field, "S120" if kind == "S80" else kind) for field, kind in CS_FIELDS])
    rows["micrograph_blob/path"] = name
    known = known_defocus(save_cs(tmp_path / "exposures.cs", rows))
    assert known[key_of("MotionCorr/job002/14sep05c_02es.frames.mrc")].defocus_u_A == 20000


@pytest.mark.parametrize("field", ["micrograph_blob_non_dw/path", "movie_blob/path"])
def test_exposures_may_have_another_path(tmp_path: Path, field: str) -> None:
    rows = np.array(
        CS_ROWS, [(name.replace("micrograph_blob/path", field), kind) for name, kind in CS_FIELDS]
    )
    assert "a" in known_defocus(save_cs(tmp_path / "exposures.cs", rows))


def test_passthrough_files_beside_are_joined_by_uid(tmp_path: Path) -> None:
    """As a CTF job writes them: what it made, and in another order and number what went through."""
    rows = np.array(CS_ROWS, CS_FIELDS)
    names = rows[["uid", "micrograph_blob/path"]]
    more = np.concatenate([names[::-1], np.array([(7, b"J2/imported/c.mrc")], names.dtype)])
    made = rows[[name for name, _ in CS_FIELDS if name != "micrograph_blob/path"]]
    save_cs(tmp_path / "J5_passthrough_exposures_few.cs", names[:1])
    save_cs(tmp_path / "J5_passthrough_particles.cs", made[["uid"]])
    with pytest.raises(UnreadableTable, match="micrograph_blob/path are missing"):
        known_defocus(save_cs(tmp_path / "exposures_ctf_estimated.cs", made))
    save_cs(tmp_path / "J5_passthrough_exposures.cs", more)
    known = known_defocus(tmp_path / "exposures_ctf_estimated.cs")
    assert known == known_defocus(save_cs(tmp_path / "all.cs", rows))


def test_tables_with_thousands_of_fields_are_read(tmp_path: Path) -> None:
    fields = [*CS_FIELDS, *((f"class_{number}/posterior", "<f4") for number in range(1000))]
    rows = np.zeros(1, fields)
    for name, _ in CS_FIELDS:
        rows[name] = np.array(CS_ROWS[:1], CS_FIELDS)[name]
    assert known_defocus(save_cs(tmp_path / "exposures.cs", rows))["a"].defocus_u_A == 20000


@pytest.mark.slow
@pytest.mark.clients
def test_the_compressed_format_is_read_by_cryosparc_tools(tmp_path: Path) -> None:
    dataset = pytest.importorskip("cryosparc.dataset", reason="needs the package cryosparc-tools")
    rows = np.array(CS_ROWS, CS_FIELDS)
    path = tmp_path / "exposures.cs"
    dataset.Dataset(rows).save(path, format=dataset.CSDAT_FORMAT)
    assert path.read_bytes()[1:6] == b"CSDAT"
    assert known_defocus(path) == known_defocus(save_cs(tmp_path / "plain.cs", rows))


def test_without_cryosparc_tools_the_compressed_format_is_refused_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cryosparc.dataset", None)
    path = tmp_path / "a.cs"
    path.write_bytes(b"\x95CSDAT" + bytes(40))
    with pytest.raises(UnreadableTable, match=r"not installed: pip install 'thonring\[cryosparc\]'"):
        known_defocus(path)


def test_ambiguous_short_names_are_left_out(tmp_path: Path) -> None:
    rows = np.array(CS_ROWS, CS_FIELDS)
    rows["micrograph_blob/path"][1] = b"J2/imported/112345678901234567890_a.mrc"
    known = known_defocus(save_cs(tmp_path / "exposures.cs", rows))
    assert set(known) == {"012345678901234567890_a", "112345678901234567890_a"}


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(defocus_A, defocus_A, st.floats(-400, 400), st.floats(0, 180)).filter(
            lambda row: any(abs(value) > 1e-3 for value in row[:2])  # 0, 0 is no estimate
        ),
        min_size=1,
        max_size=4,
    ),
    optics_block=st.booleans(),
)
def test_star_files_of_an_independent_writer(
    tmp_path: Path, rows: list[tuple[float, float, float, float]], optics_block: bool
) -> None:
    labels = ["rlnDefocusU", "rlnDefocusV", "rlnDefocusAngle", "rlnPhaseShift"]
    table = pd.DataFrame(rows, columns=labels)
    table.insert(0, "rlnMicrographName", [f"M/mic{index}.mrc" for index in range(len(rows))])
    blocks = {"optics": pd.DataFrame({"rlnOpticsGroup": [1], "rlnVoltage": [300.0]})} if optics_block else {}
    starfile.write({**blocks, "micrographs": table}, tmp_path / "ctf.star", float_format="%.9g")
    known = known_defocus(tmp_path / "ctf.star")
    for index, (u_A, v_A, angle_deg, phase_deg) in enumerate(rows):
        found = known[f"mic{index}"]
        assert found.defocus_u_A >= found.defocus_v_A
        assert -90 < found.angle_deg <= 90
        assert found.phase_shift_deg == pytest.approx(phase_deg, abs=1e-5)
        vector = to_vector(found.defocus_u_A, found.defocus_v_A, found.angle_deg)
        assert vector == pytest.approx(to_vector(u_A, v_A, angle_deg), abs=0.01)


def star(*rows: str) -> str:
    labels = "_rlnMicrographName\n_rlnDefocusU\n_rlnDefocusV\n_rlnDefocusAngle\n"
    return f"data_\nloop_\n{labels}" + "\n".join(rows) + "\n"


def test_equal_rows_of_one_name_are_one_and_different_ones_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "a.star", star("x/a.mrc 2 1 0", "y/a.mrc 2 1 0"))
    assert list(known_defocus(path)) == ["a"]
    write(path, star("x/a.mrc 2 1 0", "y/a.mrc 3 1 0"))
    with pytest.raises(UnreadableTable, match="two different defocus values for the name 'a'"):
        known_defocus(path)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.star", "data_\nloop_\n_rlnMicrographName\na.mrc\n", "rlnDefocusU.*found '': rlnMicrographName"),
        ("a.star", star("a.mrc much 1 0"), "rlnDefocusU is 'much', expected a number"),
        ("a.star", star("a.mrc nan 1 0"), "expected finite numbers"),
        ("a.xmd", XMD.replace("_micrograph", "_other"), "3 rows without names.*micrograph or image"),
        ("a.ctfparam", CTFPARAM.replace("DefocusV", "Other"), "ctfDefocusV"),
        ("a.txt", "1 2 3 4 5 6 7\n", "Input file"),
        ("a.txt", CTFFIND + CTFFIND.splitlines()[-1], "found 2 rows"),
        ("a.txt", CTFFIND.replace("79.130180", "north"), "expected numbers"),
        ("a.txt", CTFFIND.replace("79.130180 1.570796 0.132045 4.841686", ""), "expected numbers"),
        ("a.csv", "x", r"found suffix '\.csv', expected one of \.star"),
        ("a.cs", "x", "expected a cryoSPARC table"),
    ],
)
def test_bad_tables(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(UnreadableTable, match=rf"{name}.*{said}"):
        known_defocus(write(tmp_path / name, text))


def test_bad_cryosparc_tables(tmp_path: Path) -> None:
    path = tmp_path / "a.cs"
    path.write_bytes(b"\x94CSDAT" + bytes(40))
    with pytest.raises(UnreadableTable, match="compressed format"):
        known_defocus(path)
    rows = np.array(CS_ROWS, CS_FIELDS)
    without_path = [name for name, _ in CS_FIELDS if name != "micrograph_blob/path"]
    with pytest.raises(UnreadableTable, match=r"micrograph_blob/path are missing; found uid.*passthrough"):
        known_defocus(save_cs(path, rows[without_path]))
    save_cs(path, rows)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(UnreadableTable, match="damaged"):
        known_defocus(path)


def test_missing_file_and_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(UnreadableTable, match="No such file"):
        known_defocus(tmp_path / "none.star")
    with pytest.raises(UnreadableTable, match="no CTFFIND text"):
        known_defocus(tmp_path)
