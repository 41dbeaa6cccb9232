"""CTFFIND-style text, by a plain parse, and held against a file that CTFFIND 4.1.14 wrote."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from factories.outcomes import make_accepted, make_curve, make_failed, make_fit, make_without_fit
from thonring.formats.ctffind import write_ctffind_text

# What CTFFIND 4.1.14 wrote for a micrograph, its header as it stands, first line and input file shortened.
BY_CTFFIND = """\
# Output from CTFFind version 4.1.14, run on 2026-01-01 00:00:00
# Input file: example.mrc ; Number of micrographs: 1
# Pixel size: 0.667 Angstroms ; acceleration voltage: 300.0 keV ; spherical aberration: 2.70 mm ; \
amplitude contrast: 0.10
# Box size: 512 pixels ; min. res.: 30.0 Angstroms ; max. res.: 5.0 Angstroms ; min. def.: 5000.0 um; \
max. def. 50000.0 um
# Columns: #1 - micrograph number; #2 - defocus 1 [Angstroms]; #3 - defocus 2; #4 - azimuth of astigmatism; \
#5 - additional phase shift [radians]; #6 - cross correlation; \
#7 - spacing (in Angstroms) up to which CTF rings were fit successfully
1.000000 27301.882812 27160.242188 84.978698 0.000000 0.164023 3.481591
"""


def parsed(text: str) -> tuple[list[str], list[list[float]]]:
    lines = text.splitlines()
    header = [line for line in lines if line.startswith("#")]
    return header, [[float(value) for value in line.split()] for line in lines[len(header) :]]


def test_the_result_line_is_that_of_ctffind_for_the_same_values(tmp_path: Path) -> None:
    made = make_fit(
        defocus_u_A=27301.882812,
        defocus_v_A=27160.242188,
        angle_deg=84.978698,
        score=0.164023,
        fit_resolution_A=3.481591,
    )
    write_ctffind_text(tmp_path, make_accepted("example.mrc", made, pixel_A=0.66655))
    text = (tmp_path / "example.txt").read_text()
    assert text.splitlines()[-1] == BY_CTFFIND.splitlines()[-1]
    for line in (1, 2, 4):
        assert text.splitlines()[line] == BY_CTFFIND.splitlines()[line]
    assert len(parsed(text)[0]) == len(parsed(BY_CTFFIND)[0])


def test_the_phase_shift_is_in_radians(tmp_path: Path) -> None:
    write_ctffind_text(tmp_path, make_accepted("m.mrc", make_fit(phase_shift_deg=90.0)))
    _, ((*_, phase_shift_rad, _, _),) = parsed((tmp_path / "m.txt").read_text())
    assert phase_shift_rad == pytest.approx(math.pi / 2, abs=1e-6)


def test_the_profile_has_six_rows_that_describe_the_fit(tmp_path: Path) -> None:
    write_ctffind_text(tmp_path, make_accepted("m.mrc"))
    header, rows = parsed((tmp_path / "m_avrot.txt").read_text())
    assert len(header) == 5
    frequency_per_A, power, average, model, quality, noise = np.array(rows)
    made = make_curve()
    np.testing.assert_allclose(frequency_per_A, made.frequency_per_A, atol=1e-6)
    np.testing.assert_allclose(power, made.power, atol=1e-6)
    np.testing.assert_allclose(
        average, model, atol=2e-6, err_msg="a measurement that is the model lies on it"
    )
    np.testing.assert_allclose(quality, made.agreement, atol=1e-6)
    assert model[0] == pytest.approx(0.01), "the amplitude contrast, squared"
    assert ((noise > 0) & (noise <= 1)).all()
    assert noise[-1] > noise[10], "rings grow narrower outwards, and fewer points say less"


def test_nothing_that_is_not_finite_is_written(tmp_path: Path) -> None:
    broken = replace(make_curve(), ring_power=np.zeros(128), agreement=np.full(128, np.nan))
    write_ctffind_text(
        tmp_path, make_accepted("m.mrc", make_fit(curve=broken, score=math.nan, fit_resolution_A=math.inf))
    )
    _, rows = parsed((tmp_path / "m_avrot.txt").read_text())
    assert np.isfinite(rows).all()
    _, ((*_, score, resolution_A),) = parsed((tmp_path / "m.txt").read_text())
    assert (score, resolution_A) == (0.0, 30.0)


@pytest.mark.parametrize("points", [0, 1, 2])
def test_a_curve_of_few_points_is_written(tmp_path: Path, points: int) -> None:
    made = make_curve()
    short = replace(made, **{name: getattr(made, name)[:points] for name in made.__dataclass_fields__})
    write_ctffind_text(tmp_path, make_accepted("m.mrc", make_fit(curve=short)))
    lines = (tmp_path / "m_avrot.txt").read_text().splitlines()
    assert [len(line.split()) for line in lines[5:]] == [points] * 6


def test_a_given_name_is_used(tmp_path: Path) -> None:
    write_ctffind_text(tmp_path / "text", make_accepted("m.mrc"), "other_m")
    assert {path.name for path in (tmp_path / "text").iterdir()} == {"other_m.txt", "other_m_avrot.txt"}


def test_without_a_fit_nothing_is_written(tmp_path: Path) -> None:
    write_ctffind_text(tmp_path, make_failed())
    write_ctffind_text(tmp_path, make_without_fit())
    assert list(tmp_path.iterdir()) == []


def test_a_name_of_several_lines_stays_in_the_header(tmp_path: Path) -> None:
    write_ctffind_text(tmp_path, make_accepted("two\n1.0 lines.mrc"), "m")
    header, rows = parsed((tmp_path / "m.txt").read_text())
    assert (len(header), len(rows)) == (5, 1)
