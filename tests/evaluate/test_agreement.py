"""Two runs side by side without a truth: who belongs to whom, and how far they agree."""

import csv
import math
from pathlib import Path

import pytest

from factories.outcomes import make_failed
from factories.runs import make_close_fit, make_graded, make_unfitted, write_run
from thonring.errors import InputError, OutputError, SettingsError, UnreadableFile
from thonring.evaluate import tolerance_A
from thonring.evaluate.agreement import COLUMNS, Agreements, compare_runs, write_agreements
from thonring.evaluate.agreement_report import (
    agreement_figure,
    agreement_text,
    spread_of,
    write_agreement_figure,
)
from thonring.formats.ctffind import write_ctffind_text

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data" / "relion_tutorial"
RESOLUTIONS_A = (4.0, 3.0)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Accepted, accepted, rejected with a fit, without a fit, and failed."""
    outcomes = [
        make_graded("raw/a.mrc"),
        make_graded("raw/b.mrc"),
        make_graded("raw/c.mrc", values={"score": 0.0}),
        make_unfitted("raw/d.mrc"),
        make_failed("raw/e.mrc"),
    ]
    return write_run(tmp_path / "run", outcomes)


def shifted(by_A: float) -> dict[str, float]:
    return {"defocus_u_A": 15205.0 + by_A, "defocus_v_A": 14795.0 + by_A}


def compared(run: Path, other: Path) -> Agreements:
    (found,) = compare_runs(run, [other])
    return found


def test_a_run_agrees_with_itself_everywhere(run: Path) -> None:
    found = compared(run, run)
    assert [pair.result.file for pair in found.pairs] == ["raw/a.mrc", "raw/b.mrc", "raw/c.mrc"]
    assert [pair.accepted for pair in found.pairs] == [True, True, False]
    assert [pair.resolution_A for pair in found.pairs] == [0, 0, 0]
    assert (found.only_in_run, found.only_in_other, found.in_neither) == ((), (), 2)


def test_differences_are_the_first_minus_the_other(run: Path, tmp_path: Path) -> None:
    fits = [
        make_close_fit(**shifted(-100.0)),
        make_close_fit(angle_deg=-60.0),
        make_close_fit(phase_shift_deg=20.0),
    ]
    outcomes = [make_graded(f"raw/{name}.mrc", fit) for name, fit in zip("abc", fits, strict=True)]
    first, turned, phased = compared(run, write_run(tmp_path / "other", outcomes)).pairs
    assert first.mean_A == pytest.approx(100.0)
    assert first.astigmatism_length_A == pytest.approx(0.0, abs=1e-6)
    assert tolerance_A(first.wavelength_A, first.resolution_A) == pytest.approx(100.0)
    assert turned.mean_A == 0
    assert turned.astigmatism_A == pytest.approx((410.0, 410.0 * math.sqrt(3)))
    assert turned.angle_deg == 90.0
    assert tolerance_A(turned.wavelength_A, turned.resolution_A) == pytest.approx(410.0)
    assert phased.phase_shift_deg == pytest.approx(-20.0)
    assert phased.resolution_A == 0


def test_results_join_by_name_whatever_the_program_calls_them(run: Path, tmp_path: Path) -> None:
    for name in "abc":
        write_ctffind_text(
            tmp_path / "texts", make_graded(f"other/{name}.mrc", make_close_fit(**shifted(10.0)))
        )
    for other in (tmp_path / "texts", run / "micrographs.xmd", run / "results.csv"):
        found = compared(run, other)
        assert [pair.result.file for pair in found.pairs] == ["raw/a.mrc", "raw/b.mrc", "raw/c.mrc"]
    star = compared(run, run / "micrographs_ctf.star")
    assert [one.file for one in star.only_in_run] == ["raw/c.mrc"]
    backwards = compared(run / "micrographs_ctf.star", run)
    assert [one.file for one in backwards.only_in_other] == ["raw/c.mrc"]
    assert [pair.resolution_A for pair in backwards.pairs] == pytest.approx([0, 0], abs=0.01)


def test_one_text_of_xmipp_is_a_run_of_one(run: Path, tmp_path: Path) -> None:
    text = "data_fullMicrograph\n _ctfDefocusU 15205\n _ctfDefocusV 14795\n _ctfDefocusAngle 30\n"
    (tmp_path / "a.ctfparam").write_text(text)
    found = compared(run, tmp_path / "a.ctfparam")
    assert [pair.result.file for pair in found.pairs] == ["raw/a.mrc"]
    folder = tmp_path / "params"
    folder.mkdir()
    (folder / "b_ctf.ctfparam").write_text(text)
    assert [pair.result.file for pair in compared(run, folder).pairs] == ["raw/b.mrc"]


def test_what_cannot_be_compared_is_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nothing to compare with"):
        compare_runs(run, [])
    with pytest.raises(UnreadableFile, match="no such file or folder"):
        compare_runs(run, [tmp_path / "absent"])
    strangers = write_run(tmp_path / "strangers", [make_graded("x.mrc")])
    with pytest.raises(InputError, match=r"no micrograph with an estimate in both.*raw/a\.mrc.*x\.mrc"):
        compare_runs(run, [strangers])
    star = run / "micrographs_ctf.star"
    with pytest.raises(InputError, match="neither run states the voltage of a;"):
        compare_runs(star, [star])
    twice = write_run(tmp_path / "twice", [make_graded("x/a.mrc"), make_graded("y/a.mrc")])
    with pytest.raises(InputError, match=r"twice: the name 'a\.mrc' matches 2 files"):
        compare_runs(run, [twice])


def test_the_table_has_every_micrograph(run: Path, tmp_path: Path) -> None:
    other = write_run(
        tmp_path / "other",
        [make_graded("a.mrc", make_close_fit(**shifted(-100.0))), make_graded("extra.mrc")],
    )
    write_agreements(tmp_path / "table.csv", compare_runs(run, [other, run / "micrographs_ctf.star"]))
    with (tmp_path / "table.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == COLUMNS
    told = [(row["other"], row["in"], row["file"] or row["other_file"]) for row in rows]
    assert told == [
        ("other", "both", "raw/a.mrc"),
        ("other", "run", "raw/b.mrc"),
        ("other", "run", "raw/c.mrc"),
        ("other", "other", "extra.mrc"),
        ("micrographs_ctf.star", "both", "raw/a.mrc"),
        ("micrographs_ctf.star", "both", "raw/b.mrc"),
        ("micrographs_ctf.star", "run", "raw/c.mrc"),
    ]
    assert float(rows[0]["mean_difference_A"]) == 100
    assert float(rows[0]["other_defocus_u_A"]) == 15105
    assert rows[1]["agreement_resolution_A"] == rows[1]["other_defocus_u_A"] == ""


def test_the_text_counts_what_agrees(run: Path, tmp_path: Path) -> None:
    fits = [
        make_close_fit(**shifted(100.0)),
        make_close_fit(**shifted(300.0)),
        make_close_fit(**shifted(1000.0)),
    ]
    outcomes = [make_graded(f"{name}.mrc", fit) for name, fit in zip("abc", fits, strict=True)]
    found = compare_runs(run, [write_run(tmp_path / "other", outcomes)])
    lines = agreement_text(found, RESOLUTIONS_A).splitlines()
    counts = {" ".join(line.split()[:6]) for line in lines if " Å " in line and " of " not in line}
    assert "to 4 Å all 2 3" in counts
    assert "to 3 Å all 1 3" in counts
    assert any(line.split()[:4] == ["accepted", "2", "2", "100.0"] for line in lines)
    ranked = [line.split()[0] for line in lines if ".mrc" in line and "°" in line]
    assert ranked == ["c.mrc", "b.mrc", "a.mrc"]


def test_spread_needs_no_normal_distribution() -> None:
    told = spread_of([*range(-50, 51), 10_000.0, math.nan])
    assert (told.count, told.median, told.worst) == (102, 0.0, 10_000.0)
    assert told.spread == pytest.approx(34.0, abs=1.5)
    assert math.isnan(spread_of([math.nan]).median)
    assert spread_of([1.0, math.inf]).worst == math.inf


@pytest.mark.slow
def test_the_picture_shows_every_comparison(run: Path, tmp_path: Path) -> None:
    far = write_run(
        tmp_path / "far", [make_graded("a.mrc", make_close_fit(**shifted(20_000.0))), make_graded("c.mrc")]
    )
    found = compare_runs(run, [run, far])
    figure = agreement_figure(found, RESOLUTIONS_A)
    assert len(figure.axes) == 6
    assert figure.axes[0].get_yscale() == "linear"
    assert figure.axes[3].get_yscale() == "symlog"
    low, high = figure.axes[3].get_ylim()
    assert low < -20_000 < 0 < high
    texts = {text.get_text() for text in figure.axes[5].texts}
    assert texts == {"1 of 2"}
    write_agreement_figure(tmp_path / "agreement.png", found, RESOLUTIONS_A)
    assert (tmp_path / "agreement.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(OutputError, match=r"suffix '\.txt', expected that of a picture"):
        write_agreement_figure(tmp_path / "agreement.txt", found, RESOLUTIONS_A)


def test_the_published_star_file_meets_runs_of_the_same_micrographs(tmp_path: Path) -> None:
    star = SHARED / "micrographs_ctf.star"
    if not star.exists():
        pytest.skip("the reference data of RELION's tutorial are not beside the repository")
    outcomes = [
        make_graded(f"{name}.mrc", make_close_fit(**shifted(0.0)))
        for name in sorted(path.name.removesuffix("_PS.mrc") for path in SHARED.glob("*_PS.mrc"))
    ]
    found = compared(write_run(tmp_path / "run", outcomes), star)
    assert len(found.pairs) == 12
    assert all(pair.other.estimate and pair.other.estimate.defocus_u_A > 7500 for pair in found.pairs)
