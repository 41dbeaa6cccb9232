"""Our Xmipp files through the package `xmipp_metadata`, which Scipion's programs read them with.

The package is no dependency: it is under the GPL and pins older versions of numpy and pandas. These tests run where it
is installed, in an environment of its own.
"""

import math
import shutil
from pathlib import Path
from typing import Any

import pytest

from factories.outcomes import make_accepted, make_attempt, make_fit, make_rejected
from factories.stores import write_tables
from thonring.formats.known_defocus import known_defocus
from thonring.formats.xmipp import ctfparam_text
from thonring.records import CriterionResult

pytestmark = [pytest.mark.slow, pytest.mark.clients, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def metadata() -> Any:
    reason = "the package xmipp_metadata is not installed"
    return pytest.importorskip("xmipp_metadata.metadata", reason=reason).XmippMetaData


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """An accepted micrograph with a phase shift and a criterion of Xmipp's, and a rejected one."""
    criteria = (CriterionResult("xmipp_first_zero_ratio", 1.05, passed=True),)
    first = make_accepted("movies/a.mrc", attempts=(make_attempt(make_fit(phase_shift_deg=90.0), criteria),))
    write_tables(tmp_path, [first, make_rejected("movies/b.mrc", make_fit(angle_deg=60.0))])
    return tmp_path


def test_the_package_reads_our_xmd(metadata: Any, run: Path) -> None:
    table = metadata(str(run / "micrographs.xmd")).table
    assert table["enabled"].tolist() == [1, -1]
    assert table["micrograph"].tolist() == ["movies/a.mrc", "movies/b.mrc"]
    assert table["ctfDefocusU"].tolist() == [15200.25, 15200.25]
    assert table["ctfDefocusAngle"].tolist() == [-37.5, 60.0]
    assert table["ctfVPPphaseshift"].tolist() == [90.0, 0.0]
    assert table["ctfCritfirstZeroRatio"].tolist() == [1.05, 1000.0]
    assert table["ctfSamplingRate"].tolist() == [0.7, 0.7]


def test_what_the_package_writes_again_we_read_the_same(metadata: Any, run: Path) -> None:
    metadata(str(run / "micrographs.xmd")).write(str(run / "again.xmd"))
    assert known_defocus(run / "again.xmd") == known_defocus(run / "micrographs.xmd")


def test_the_package_reads_our_ctfparam(metadata: Any, tmp_path: Path) -> None:
    """As a table of one row, which it takes by the suffix .xmd alone."""
    text = ctfparam_text(make_accepted())
    assert text is not None
    (tmp_path / "a.ctfparam").write_text(text)
    shutil.copy(tmp_path / "a.ctfparam", tmp_path / "a.xmd")
    table = metadata(str(tmp_path / "a.xmd"), readFrom="EMTable").table
    assert len(table) == 1
    assert table["ctfDefocusV"][0] == 14800.75
    assert math.isclose(table["ctfSphericalAberration"][0], 2.7)
