"""micrographs_ctf.star as RELION 2, 3.0 and 3.1 and later lay it out: one defocus, one microscope."""

from pathlib import Path

import pytest

from thonring import read
from thonring.formats.known_defocus import known_defocus
from thonring.optics import Optics, PartialOptics
from thonring.records import KnownDefocus

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data" / "relion_tutorial" / "micrographs_ctf.star"

VERSION_2 = """
data_

loop_
_rlnMicrographName #1
_rlnCtfImage #2
_rlnDefocusU #3
_rlnDefocusV #4
_rlnDefocusAngle #5
_rlnVoltage #6
_rlnSphericalAberration #7
_rlnAmplitudeContrast #8
_rlnMagnification #9
_rlnDetectorPixelSize #10
_rlnCtfFigureOfMerit #11
_rlnCtfMaxResolution #12
Micrographs/mic_01.mrc CtfFind/job003/Micrographs/mic_01.ctf:mrc 10865.006836 10571.461914    79.130180   200.000000     1.400000     0.100000 50000.000000     4.425000     0.132045     4.841686
Micrographs/mic_02.mrc CtfFind/job003/Micrographs/mic_02.ctf:mrc  9839.161133  9586.385742    70.592163   200.000000     1.400000     0.100000 50000.000000     4.425000     0.168128     3.565023

"""  # noqa: E501

VERSION_3_0 = """
# RELION; version 3.0.8

data_

loop_
_rlnMicrographName #1
_rlnMicrographMetadata #2
_rlnCtfImage #3
_rlnDefocusU #4
_rlnDefocusV #5
_rlnCtfAstigmatism #6
_rlnDefocusAngle #7
_rlnVoltage #8
_rlnSphericalAberration #9
_rlnAmplitudeContrast #10
_rlnMagnification #11
_rlnDetectorPixelSize #12
_rlnCtfFigureOfMerit #13
_rlnCtfMaxResolution #14
MotionCorr/job002/Micrographs/mic_01.mrc MotionCorr/job002/Micrographs/mic_01.star CtfFind/job003/Micrographs/mic_01.ctf:mrc 10865.006836 10571.461914   293.544922    79.130180   200.000000     1.400000     0.100000 10000.000000     0.885000     0.132045     4.841686
MotionCorr/job002/Micrographs/mic_02.mrc MotionCorr/job002/Micrographs/mic_02.star CtfFind/job003/Micrographs/mic_02.ctf:mrc  9839.161133  9586.385742   252.775391    70.592163   200.000000     1.400000     0.100000 10000.000000     0.885000     0.168128     3.565023

"""  # noqa: E501

VERSION_3_1 = """
# version 30001

data_optics

loop_
_rlnOpticsGroupName #1
_rlnOpticsGroup #2
_rlnMtfFileName #3
_rlnMicrographOriginalPixelSize #4
_rlnVoltage #5
_rlnSphericalAberration #6
_rlnAmplitudeContrast #7
_rlnMicrographPixelSize #8
opticsGroup1            1 mtf_k2_200kV.star     0.885000   200.000000     1.400000     0.100000     0.885000


# version 30001

data_micrographs

loop_
_rlnMicrographName #1
_rlnOpticsGroup #2
_rlnCtfImage #3
_rlnDefocusU #4
_rlnDefocusV #5
_rlnCtfAstigmatism #6
_rlnDefocusAngle #7
_rlnCtfFigureOfMerit #8
_rlnCtfMaxResolution #9
MotionCorr/job002/Movies/mic_01.mrc            1 CtfFind/job003/Movies/mic_01_PS.ctf:mrc 10865.006836 10571.461914   293.544922    79.130180     0.132045     4.841686
MotionCorr/job002/Movies/mic_02.mrc            1 CtfFind/job003/Movies/mic_02_PS.ctf:mrc  9839.161133  9586.385742   252.775391    70.592163     0.168128     3.565023

"""  # noqa: E501

WITH_PHASE_PLATE = (
    VERSION_3_1.replace("MaxResolution #9\n", "MaxResolution #9\n_rlnPhaseShift #10\n")
    .replace("841686\n", "841686 90.0\n")
    .replace("565023\n", "565023 45.0\n")
)

STYLES = {"2": VERSION_2, "3.0": VERSION_3_0, "3.1": VERSION_3_1}


def write(path: Path, text: str) -> Path:
    """Write as RELION does, with a blank at the end of each line of a loop and a line of one blank after it."""
    path.write_text("\n".join(f"{line} " for line in text.splitlines()) + "\n")
    return path


@pytest.fixture(params=STYLES)
def star(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write(tmp_path / "micrographs_ctf.star", STYLES[request.param])


def test_every_style_gives_the_same_defocus(star: Path) -> None:
    assert known_defocus(star) == {
        "mic_01": KnownDefocus(10865.006836, 10571.461914, 79.13018),
        "mic_02": KnownDefocus(9839.161133, 9586.385742, 70.592163),
    }


def test_every_style_gives_the_same_microscope(star: Path) -> None:
    listed = read.sources([str(star)], PartialOptics())
    assert [source.path.name for source in listed] == ["mic_01.mrc", "mic_02.mrc"]
    for source in listed:
        optics = source.optics
        assert (optics.voltage_kV, optics.cs_mm, optics.amplitude_contrast) == (200, 1.4, 0.1)
        assert optics.pixel_A == pytest.approx(0.885)


def test_phase_shifts_are_degrees(tmp_path: Path) -> None:
    known = known_defocus(write(tmp_path / "plate.star", WITH_PHASE_PLATE))
    assert [known[name].phase_shift_deg for name in ("mic_01", "mic_02")] == [90.0, 45.0]


def test_the_tutorials_own_file_is_of_the_latest_style() -> None:
    if not SHARED.exists():
        pytest.skip("the reference data of RELION's tutorial are not beside the repository")
    known = known_defocus(SHARED)
    found = known["20170629_00021_frameImage"]
    assert found == KnownDefocus(10865.006836, 10571.461914, pytest.approx(79.13018))
    assert {source.optics for source in read.sources([str(SHARED)], PartialOptics())} == {
        Optics(200, 1.4, 0.1, 0.885)
    }
