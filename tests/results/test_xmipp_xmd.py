"""micrographs.xmd, read back by gemmi."""

import math
from pathlib import Path

import gemmi
import pytest

from factories.outcomes import (
    PASSED,
    make_accepted,
    make_attempt,
    make_failed,
    make_fit,
    make_rejected,
    make_without_fit,
)
from factories.stores import write_tables
from thonring.records import CriterionResult, Outcome

LABELS = {
    "xmipp_iceness": "ctfCritIceness",
    "xmipp_psd_correlation_90": "ctfCritPsdCorr90",
    "xmipp_first_zero": "ctfCritFirstZero",
    "xmipp_maximum_frequency": "ctfCritMaxFreq",
    "xmipp_first_zero_ratio": "ctfCritfirstZeroRatio",
    "xmipp_first_minimum_ratio": "ctfCritFirstMinFirstZeroRatio",
    "xmipp_correlation_1_3": "ctfCritCorr13",
    "xmipp_ctf_margin": "ctfCritCtfMargin",
    "xmipp_non_astigmatic_validity": "ctfCritNonAstigmaticValidty",
    "xmipp_background_sigma": "ctfBgGaussianSigmaU",
}


def rows(run: Path, *outcomes: Outcome) -> list[dict[str, str]]:
    write_tables(run, outcomes)
    block = gemmi.cif.read(str(run / "micrographs.xmd")).find_block("noname")
    loop = next(item.loop for item in block if item.loop)
    tags = [tag.removeprefix("_") for tag in loop.tags]
    values = [gemmi.cif.as_string(value) for value in loop.values]
    return [
        dict(zip(tags, values[start : start + len(tags)], strict=True))
        for start in range(0, len(values), len(tags))
    ]


def judged(path: str, **values: float) -> Outcome:
    criteria = [CriterionResult(name, value, passed=True) for name, value in values.items()]
    return make_accepted(path, attempts=(make_attempt(make_fit(), criteria),))


def test_the_file_begins_as_xmipp_expects(tmp_path: Path) -> None:
    write_tables(tmp_path, [make_accepted()])
    lines = (tmp_path / "micrographs.xmd").read_text().splitlines()
    assert lines[0] == "# XMIPP_STAR_1 * "
    assert lines[2:5] == ["data_noname", "loop_", " _enabled"]
    assert b"\r" not in (tmp_path / "micrographs.xmd").read_bytes()


def test_rejected_micrographs_stay_but_are_disabled(tmp_path: Path) -> None:
    found = rows(
        tmp_path,
        make_accepted("a.mrc"),
        make_rejected("b.mrc"),
        make_without_fit("c.mrc"),
        make_failed("d.mrc"),
    )
    assert [(row["micrograph"], row["enabled"]) for row in found] == [("a.mrc", "1"), ("b.mrc", "-1")]


def test_values_come_back(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, make_accepted("x/a b.mrc", make_fit(amplitude_contrast=0.07)))
    assert row["micrograph"] == "x/a b.mrc"
    assert row["psd"] == f"{tmp_path}/spectra/a b.ctf:mrc"
    numbers = {label: float(value) for label, value in row.items() if label not in {"micrograph", "psd"}}
    assert numbers == {
        "enabled": 1,
        "ctfSamplingRate": 0.7,
        "ctfVoltage": 300.0,
        "ctfDefocusU": 15200.25,
        "ctfDefocusV": 14800.75,
        "ctfDefocusAngle": -37.5,
        "ctfSphericalAberration": 2.7,
        "ctfQ0": 0.07,
        "ctfK": 1.0,
        "CtfDownsampleFactor": 2.0,
    }


def test_criteria_stand_under_the_labels_of_xmipp(tmp_path: Path) -> None:
    values = {name: 0.5 + index for index, name in enumerate(LABELS)}
    (row,) = rows(tmp_path, judged("a.mrc", **values))
    assert {label: float(row[label]) for label in LABELS.values()} == {
        LABELS[name]: value for name, value in values.items()
    }


def test_criteria_that_xmipp_does_not_know_are_left_out(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, make_accepted(attempts=(make_attempt(make_fit(), (PASSED,)),)))
    assert not [label for label in row if "Crit" in label or PASSED.name in label]


REFUSED_BY_XMIPP = {
    "ctfCritIceness": lambda value: value == -1,
    "ctfCritPsdCorr90": lambda value: value < 0.1,
    "ctfCritFirstZero": lambda value: value < 5,
    "ctfCritMaxFreq": lambda value: value > 20,
    "ctfCritfirstZeroRatio": lambda value: value > 1.1,
    "ctfCritFirstMinFirstZeroRatio": lambda value: value > 10,
    "ctfCritCorr13": lambda value: value < 0,
    "ctfCritCtfMargin": lambda value: value < 0,
    "ctfCritNonAstigmaticValidty": lambda value: value < 0,
    "ctfBgGaussianSigmaU": lambda value: value < 1000,
}


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("name", LABELS)
def test_a_criterion_that_could_not_be_computed_never_looks_good(
    tmp_path: Path, name: str, value: float
) -> None:
    absent, unknown = rows(tmp_path, judged("a.mrc"), judged("b.mrc", **{name: value}))
    label = LABELS[name]
    assert absent[label] == unknown[label]
    assert REFUSED_BY_XMIPP[label](float(unknown[label]))


def test_a_phase_shift_comes_with_the_radius_without_which_xmipp_ignores_it(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, make_accepted())
    assert "ctfVPPphaseshift" not in row
    plate, plain = rows(
        tmp_path, make_accepted("a.mrc", make_fit(phase_shift_deg=90.0)), make_accepted("b.mrc")
    )
    assert (float(plate["ctfVPPphaseshift"]), float(plate["ctfVPPRadius"])) == (90.0, 0.005)
    assert (float(plain["ctfVPPphaseshift"]), float(plain["ctfVPPRadius"])) == (0.0, 0.0)


def test_the_phase_shift_criterion_adds_no_second_column(tmp_path: Path) -> None:
    judgement = CriterionResult("xmipp_phase_shift", 90.0, passed=True)
    made = make_attempt(make_fit(phase_shift_deg=90.0), (judgement,))
    (row,) = rows(tmp_path, make_accepted(attempts=(made,)))
    assert float(row["ctfVPPphaseshift"]) == 90.0


def test_no_fit_at_all_leaves_an_empty_table(tmp_path: Path) -> None:
    assert rows(tmp_path, make_failed(), make_without_fit()) == []
