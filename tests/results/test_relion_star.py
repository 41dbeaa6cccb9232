"""The RELION files, read back by gemmi and by starfile, and held against a file that RELION wrote."""

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import gemmi
import pytest
import starfile
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from factories.outcomes import (
    OPTICS,
    make_accepted,
    make_attempt,
    make_failed,
    make_fit,
    make_rejected,
    make_without_fit,
)
from factories.stores import write_tables
from thonring.errors import OutputError
from thonring.records import Outcome

TUTORIAL = Path(__file__).parents[2] / ".." / "shared" / "data" / "relion_tutorial" / "micrographs_ctf.star"
FILE_NAME = st.text(
    st.characters(codec="utf-8", exclude_characters="/", exclude_categories=("Cc", "Cs")),
    min_size=1,
    max_size=20,
).filter(lambda name: name not in {".", ".."})


def table(path: Path, block: str) -> list[dict[str, str]]:
    """Read one block by gemmi: a dictionary a row, without the labels' prefix _rln."""
    loop = next(item.loop for item in gemmi.cif.read(str(path)).find_block(block) if item.loop)
    tags = [tag.removeprefix("_rln") for tag in loop.tags]
    values = [gemmi.cif.as_string(value) for value in loop.values]
    rows = [values[start : start + len(tags)] for start in range(0, len(values), len(tags))]
    return [dict(zip(tags, row, strict=True)) for row in rows]


def written(run: Path, *outcomes: Outcome, name: str = "micrographs_ctf.star") -> list[dict[str, str]]:
    write_tables(run, outcomes)
    return table(run / name, "micrographs")


def test_accepted_and_rejected_part_and_the_rest_is_in_neither(tmp_path: Path) -> None:
    kept = written(
        tmp_path,
        make_accepted("a.mrc"),
        make_rejected("b.mrc"),
        make_without_fit("c.mrc"),
        make_failed("d.mrc"),
    )
    assert [row["MicrographName"] for row in kept] == ["a.mrc"]
    refused = table(tmp_path / "rejected_ctf.star", "micrographs")
    assert [row["MicrographName"] for row in refused] == ["b.mrc"]


def test_values_come_back(tmp_path: Path) -> None:
    (row,) = written(tmp_path, make_accepted("movies/m.mrc"))
    assert float(row["DefocusU"]) == 15200.25
    assert float(row["DefocusV"]) == 14800.75
    assert float(row["CtfAstigmatism"]) == 399.5
    assert float(row["DefocusAngle"]) == -37.5
    assert float(row["CtfFigureOfMerit"]) == 0.17
    assert float(row["CtfMaxResolution"]) == 3.6
    assert row["CtfImage"] == f"{tmp_path}/spectra/m.ctf:mrc"


def test_starfile_reads_the_same(tmp_path: Path) -> None:
    write_tables(tmp_path, [make_accepted(f"movies/m {index}#.mrc") for index in range(3)])
    blocks = starfile.read(tmp_path / "micrographs_ctf.star", always_dict=True)
    assert blocks["optics"]["rlnVoltage"].tolist() == [300.0]
    assert blocks["optics"]["rlnMicrographPixelSize"].tolist() == [0.7]
    names = [f"movies/m {index}#.mrc" for index in range(3)]
    assert blocks["micrographs"]["rlnMicrographName"].tolist() == names
    assert blocks["micrographs"]["rlnDefocusU"].tolist() == [15200.25] * 3


def test_no_accepted_micrograph_leaves_a_file_that_both_readers_take(tmp_path: Path) -> None:
    assert written(tmp_path, make_rejected("b.mrc"), make_failed()) == []
    blocks = starfile.read(tmp_path / "micrographs_ctf.star", always_dict=True)
    assert len(blocks["micrographs"]) == 0
    assert len(blocks["optics"]) == 1


def test_no_outcome_at_all_leaves_files_that_can_be_read(tmp_path: Path) -> None:
    assert written(tmp_path) == []
    assert table(tmp_path / "rejected_ctf.star", "optics") == []


def test_the_microscope_is_described_in_the_optics_block_only(tmp_path: Path) -> None:
    (row,) = written(tmp_path, make_accepted())
    (optics,) = table(tmp_path / "micrographs_ctf.star", "optics")
    for label in ("Voltage", "SphericalAberration", "AmplitudeContrast", "MicrographPixelSize"):
        assert label in optics
        assert label not in row


def test_one_optics_group_for_each_distinct_microscope(tmp_path: Path) -> None:
    other = replace(OPTICS, voltage_kV=200.0)
    same, hotter, finer = (
        make_accepted("a.mrc"),
        make_accepted("c.mrc", optics=other),
        make_accepted("d.mrc", pixel_A=0.5),
    )
    rows = written(tmp_path, same, make_accepted("b.mrc"), hotter, finer)
    assert [row["OpticsGroup"] for row in rows] == ["1", "1", "2", "3"]
    optics = table(tmp_path / "micrographs_ctf.star", "optics")
    assert [(float(o["Voltage"]), float(o["MicrographPixelSize"])) for o in optics] == [
        (300.0, 0.7),
        (200.0, 0.7),
        (300.0, 0.5),
    ]
    assert len({o["OpticsGroupName"] for o in optics}) == 3


def test_groups_are_numbered_alike_in_both_files(tmp_path: Path) -> None:
    written(tmp_path, make_accepted("a.mrc"), make_rejected("b.mrc", pixel_A=0.5))
    (refused,) = table(tmp_path / "rejected_ctf.star", "micrographs")
    optics = {o["OpticsGroup"]: o for o in table(tmp_path / "rejected_ctf.star", "optics")}
    assert float(optics[refused["OpticsGroup"]]["MicrographPixelSize"]) == 0.5


def test_a_refined_amplitude_contrast_does_not_split_the_group(tmp_path: Path) -> None:
    refined = [make_accepted(f"{value}.mrc", make_fit(amplitude_contrast=value)) for value in (0.06, 0.12)]
    assert {row["OpticsGroup"] for row in written(tmp_path, *refined)} == {"1"}


@pytest.mark.parametrize(
    ("resolution_A", "shown"), [(3.6, 3.6), (40.0, 25.0), (math.inf, 25.0), (math.nan, 25.0)]
)
def test_the_resolution_is_capped(tmp_path: Path, resolution_A: float, shown: float) -> None:
    (row,) = written(tmp_path, make_accepted(fit=make_fit(fit_resolution_A=resolution_A)))
    assert float(row["CtfMaxResolution"]) == shown


def test_neither_nan_nor_infinity_is_written(tmp_path: Path) -> None:
    written(
        tmp_path,
        make_accepted(fit=make_fit(score=math.nan, phase_shift_deg=math.nan, fit_resolution_A=math.inf)),
    )
    numbers = (tmp_path / "micrographs_ctf.star").read_text().split("CtfMaxResolution")[1]
    assert not re.search(r"\b(nan|inf)", numbers, re.IGNORECASE)


def test_a_fit_without_finite_defocus_is_no_fit(tmp_path: Path) -> None:
    assert written(tmp_path, make_accepted(fit=make_fit(defocus_u_A=math.nan))) == []


def test_phase_shift_is_written_in_degrees_and_only_where_there_is_one(tmp_path: Path) -> None:
    (row,) = written(tmp_path, make_accepted())
    assert "PhaseShift" not in row
    rows = written(tmp_path, make_accepted("a.mrc", make_fit(phase_shift_deg=90.0)), make_accepted("b.mrc"))
    assert [float(row["PhaseShift"]) for row in rows] == [90.0, 0.0]


def test_the_kept_attempt_is_written_not_the_last(tmp_path: Path) -> None:
    tries = (make_attempt(make_fit(defocus_u_A=20000.0)), make_attempt(make_fit(defocus_u_A=30000.0)))
    (row,) = written(tmp_path, make_accepted(attempts=tries, chosen=0))
    assert float(row["DefocusU"]) == 20000.0


def test_the_files_are_laid_out_as_relion_lays_them_out(tmp_path: Path) -> None:
    write_tables(tmp_path, [make_accepted()])
    content = (tmp_path / "micrographs_ctf.star").read_bytes()
    assert b"\r" not in content
    blocks = re.findall(rb"\n# version 30001\n\n(data_\w+)\n\nloop_\n", content)
    assert blocks == [b"data_optics", b"data_micrographs"]


def test_every_label_is_one_that_relion_writes(tmp_path: Path) -> None:
    if not TUTORIAL.exists():
        pytest.skip("needs ../shared/data/relion_tutorial, which is not part of the project")
    (row,) = written(tmp_path, make_accepted())
    (optics,) = table(tmp_path / "micrographs_ctf.star", "optics")
    assert set(row) == set(table(TUTORIAL, "micrographs")[0])
    assert set(optics) == set(table(TUTORIAL, "optics")[0]) - {"MtfFileName"}


def relion_tokens(line: str) -> list[str]:
    """Split as RELION does: a quoted value ends at its quote before a blank, a bare one at a blank."""
    found: list[tuple[str, str, str]] = re.findall(r"\"(.*?)\"(?=\s|$)|'(.*?)'(?=\s|$)|(\S+)", line, re.ASCII)
    return [double or single or bare for double, single, bare in found]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(name=FILE_NAME)
def test_any_file_name_comes_back_whole(tmp_path: Path, name: str) -> None:
    path = Path("a folder") / name
    try:
        (row,) = written(tmp_path, make_accepted(path))
    except OutputError as problem:
        assume('" ' not in name or "' " not in name)
        raise AssertionError from problem
    assert row["MicrographName"] == str(path)
    last = (tmp_path / "micrographs_ctf.star").read_text(encoding="utf-8").rstrip("\n").split("\n")[-1]
    assert relion_tokens(last)[0] == str(path)


@pytest.mark.parametrize(
    "name",
    ["it's.mrc", 'a "b" c.mrc', "#1.mrc", "_x.mrc", "loop_", "data_1.mrc", "$1", ";x", "a' b", "?", "."],
)
def test_awkward_names_come_back_whole(tmp_path: Path, name: str) -> None:
    (row,) = written(tmp_path, make_accepted(name))
    assert row["MicrographName"] == str(Path(name))


@pytest.mark.parametrize("name", ["two\nlines.mrc", "a\tb.mrc", "both' kinds\" of quotes"])
def test_names_that_no_star_file_can_hold_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match="Rename it"):
        write_tables(tmp_path, [make_accepted(name)])


def test_a_name_in_another_encoding_keeps_its_bytes(tmp_path: Path) -> None:
    write_tables(tmp_path, [make_accepted(Path("m\udce4.mrc"))])
    assert b"m\xe4.mrc" in (tmp_path / "micrographs_ctf.star").read_bytes()


def as_numbers(row: dict[str, str]) -> dict[str, Any]:
    return {label: float(value) for label, value in row.items() if label.startswith("Defocus")}


@given(
    u_A=st.floats(3000, 60000),
    astigmatism_A=st.floats(0, 3000),
    angle_deg=st.floats(-90, 90, exclude_min=True),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_defocus_comes_back_to_the_millionth(
    tmp_path: Path, u_A: float, astigmatism_A: float, angle_deg: float
) -> None:
    made = make_fit(defocus_u_A=u_A, defocus_v_A=u_A - astigmatism_A, angle_deg=angle_deg)
    (row,) = written(tmp_path, make_accepted(fit=made))
    expected = {"DefocusU": u_A, "DefocusV": u_A - astigmatism_A, "DefocusAngle": angle_deg}
    assert as_numbers(row) == pytest.approx(expected, abs=1e-6)
