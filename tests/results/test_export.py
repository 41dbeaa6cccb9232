"""Exports from the store: what they hold, and that they need nothing else."""

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest

from factories.outcomes import (
    REFUSED,
    make_accepted,
    make_attempt,
    make_failed,
    make_fit,
    make_rejected,
    make_without_fit,
)
from factories.stores import make_provenance, write_tables
from thonring.errors import OutputError
from thonring.formats.ctffind import write_ctffind_text
from thonring.formats.known_defocus import known_defocus
from thonring.formats.run_tables import CTFFIND, TABLES, export
from thonring.records import Note
from thonring.run.open import open_run, read_run

MADE = (
    make_accepted(
        "raw/a.mrc", make_fit(phase_shift_deg=90.0, amplitude_contrast=0.12), notes=(Note("k", "ä"),)
    ),
    make_rejected(
        "raw/b.mrc", attempts=(make_attempt(make_fit()), make_attempt(make_fit(), (REFUSED,))), chosen=1
    ),
    make_without_fit("raw/c.mrc"),
    make_failed("raw/d.mrc"),
    make_accepted(
        "raw/e.mrc", make_fit(score=math.nan, fit_resolution_A=math.inf, defocus_u_A=16000.0), pixel_A=1.1
    ),
)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    with open_run(folder) as store:
        store.register([outcome.path for outcome in MADE])
        for outcome in MADE:
            store.add(outcome, make_provenance())
    return folder


def exported(run: Path, *formats: str) -> Path:
    folder = run.parent / "exported"
    folder.mkdir()
    with read_run(run) as store:
        written = export(store, formats, folder)
    assert all(path.is_file() for path in written.tables)
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as table:
        return list(csv.DictReader(table))


def test_the_tables_of_a_run_are_the_same_in_another_folder(run: Path) -> None:
    folder = exported(run, "star", "xmd", "csv")
    write_tables(run, MADE)
    names = {"results.csv", "attempts.csv", "micrographs_ctf.star", "rejected_ctf.star", "micrographs.xmd"}
    assert {path.name for path in folder.iterdir()} == names
    assert {name: (folder / name).read_bytes() for name in names} == {
        name: (run / name).read_bytes() for name in names
    }


def test_ctffind_texts_are_those_that_the_run_writes(run: Path) -> None:
    folder = exported(run, "ctffind") / "ctffind"
    assert sorted(path.name for path in folder.iterdir()) == ["a.txt", "b.txt", "e.txt"]
    for outcome in (MADE[0], MADE[1], MADE[4]):
        write_ctffind_text(run / "ctffind", outcome)
        assert (folder / f"{outcome.path.stem}.txt").read_bytes() == (
            run / "ctffind" / f"{outcome.path.stem}.txt"
        ).read_bytes()


def test_cryosparc_columns_are_in_its_units(run: Path) -> None:
    folder = exported(run, "cryosparc-csv")
    first, second = rows(folder / "exposures_ctf.csv")
    assert first["micrograph_blob/path"] == "raw/a.mrc"
    assert float(first["ctf/df1_A"]) == 15200.25
    assert float(first["ctf/df_angle_rad"]) == pytest.approx(math.radians(-37.5))
    assert float(first["ctf/phase_shift_rad"]) == pytest.approx(math.pi / 2)
    assert float(first["ctf/amp_contrast"]) == 0.12
    assert (float(first["ctf/accel_kv"]), float(first["ctf/cs_mm"])) == (300.0, 2.7)
    assert (float(second["ctf/cross_corr_ctffind4"]), float(second["ctf/ctf_fit_to_A"])) == (0.0, 25.0)
    assert [row["ctf/exp_group_id"] for row in (first, second)] == ["1", "2"]
    (refused,) = rows(folder / "rejected_exposures_ctf.csv")
    assert refused["micrograph_blob/path"] == "raw/b.mrc"


def forbid(constant: str) -> None:
    raise AssertionError(constant)


def test_json_holds_every_attempt_of_every_input(run: Path) -> None:
    content = json.loads(
        (exported(run, "json") / "results.json").read_text(encoding="utf-8"), parse_constant=forbid
    )
    found = content["micrographs"]
    assert [one["file"] for one in found] == [str(outcome.path) for outcome in MADE]
    assert [one["status"] for one in found] == [outcome.status for outcome in MADE]
    assert [len(one["attempts"]) for one in found] == [1, 2, 1, 0, 1]
    kept = found[1]["attempts"][found[1]["chosen"]]
    assert kept["criteria"] == [{"name": "ice", "value": 1.5, "passed": False, "reason": REFUSED.reason}]
    values = found[0]["attempts"][0]["fit"]
    assert values["defocus_u_A"] == 15200.25
    assert values["defocus_sigma_A"] == 3.0
    assert np.array(values["covariance"]).tolist() == make_fit().covariance.tolist()
    assert found[4]["attempts"][0]["fit"]["score"] is None
    assert found[0]["spectrum"] == f"{run.as_posix()}/spectra/a.ctf"
    assert found[3]["optics"] is found[3]["spectrum"] is None


def test_an_empty_run_gives_empty_tables(tmp_path: Path) -> None:
    with open_run(tmp_path):
        pass
    folder = tmp_path.parent / "empty"
    folder.mkdir()
    with read_run(tmp_path) as store:
        export(store, [*TABLES, CTFFIND], folder)
    assert json.loads((folder / "results.json").read_text(encoding="utf-8"))["micrographs"] == []
    assert rows(folder / "results.csv") == rows(folder / "exposures_ctf.csv") == []


def test_exported_texts_are_read_as_known_defoci(run: Path) -> None:
    folder = exported(run, "ctffind", "star")
    for place in (folder / "ctffind", folder / "micrographs_ctf.star"):
        known = known_defocus(place)
        assert known["e"].defocus_u_A == 16000.0
        assert known["a"].phase_shift_deg == pytest.approx(90.0, abs=1e-3)


def test_a_folder_that_cannot_be_written_is_told(run: Path) -> None:
    (run / "results.json").mkdir()
    with read_run(run) as store, pytest.raises(OutputError, match=r"results\.json: cannot be written"):
        export(store, ["json"], run)
