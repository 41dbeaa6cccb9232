"""`.ctfparam`, read back by gemmi and by our own reader of other programs' files."""

from pathlib import Path

import gemmi
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factories.outcomes import (
    make_accepted,
    make_attempt,
    make_failed,
    make_fit,
    make_rejected,
    make_without_fit,
)
from thonring.ctf import canonical, to_vector
from thonring.formats.known_defocus import known_defocus
from thonring.formats.xmipp import ctfparam_text
from thonring.records import CriterionResult, Outcome


def values(outcome: Outcome) -> dict[str, str]:
    text = ctfparam_text(outcome)
    assert text is not None
    block = gemmi.cif.read_string(text).find_block("fullMicrograph")
    return dict(item.pair for item in block if item.pair)


def test_values_stand_under_the_labels_of_xmipp_in_its_layout() -> None:
    text = ctfparam_text(make_accepted())
    assert text is not None
    assert text.splitlines()[:4] == [
        "# XMIPP_STAR_1 * ",
        "# ",
        "data_fullMicrograph",
        " _ctfSamplingRate 0.700000",
    ]
    found = {label: float(value) for label, value in values(make_accepted()).items()}
    assert found == {
        "_ctfSamplingRate": 0.7,
        "_ctfVoltage": 300.0,
        "_ctfDefocusU": 15200.25,
        "_ctfDefocusV": 14800.75,
        "_ctfDefocusAngle": -37.5,
        "_ctfSphericalAberration": 2.7,
        "_ctfQ0": 0.1,
        "_ctfK": 1.0,
        "_CtfDownsampleFactor": 2.0,
    }


def test_phase_shift_and_criteria_come_where_they_are_known() -> None:
    criteria = (CriterionResult("xmipp_iceness", 0.9, passed=True),)
    found = values(make_accepted(attempts=(make_attempt(make_fit(phase_shift_deg=90.0), criteria),)))
    assert (float(found["_ctfVPPphaseshift"]), float(found["_ctfVPPRadius"])) == (90.0, 0.005)
    assert float(found["_ctfCritIceness"]) == 0.9


def test_no_fit_is_no_file() -> None:
    assert ctfparam_text(make_failed()) is None
    assert ctfparam_text(make_without_fit()) is None
    assert ctfparam_text(make_rejected()) is not None


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    u_A=st.floats(1000, 6e4),
    astigmatism_A=st.floats(0, 3000),
    angle_deg=st.floats(-89.9, 90),
    phase_deg=st.floats(0, 179),
)
def test_our_reader_gets_the_same_defocus_back(
    tmp_path: Path, u_A: float, astigmatism_A: float, angle_deg: float, phase_deg: float
) -> None:
    u_A, v_A, angle_deg = canonical(u_A, u_A - astigmatism_A, angle_deg)
    made = make_fit(defocus_u_A=u_A, defocus_v_A=v_A, angle_deg=angle_deg, phase_shift_deg=phase_deg)
    text = ctfparam_text(make_accepted("movies/mic.mrc", made))
    assert text is not None
    (tmp_path / "mic.ctfparam").write_text(text)
    found = known_defocus(tmp_path / "mic.ctfparam")["mic"]
    vector = to_vector(found.defocus_u_A, found.defocus_v_A, found.angle_deg)
    assert vector == pytest.approx(to_vector(u_A, v_A, angle_deg), abs=0.01)
    assert found.phase_shift_deg == pytest.approx(phase_deg, abs=1e-5)
