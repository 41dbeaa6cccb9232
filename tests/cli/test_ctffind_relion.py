"""RELION runs our program in CTFFIND's place, on images made from the example, and lists our values."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import gemmi
import mrcfile
import numpy as np
import pytest

import thonring
from thonring import read
from thonring.formats.known_defocus import known_defocus
from thonring.optics import Optics

pytestmark = [pytest.mark.slow, pytest.mark.clients]

EXAMPLE = Path(__file__).parents[2] / "examples" / "data" / "apoferritin_crop.tif"
LAUNCHER = (
    f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c "from thonring.ctffind_cli import main; main()" "$@"\n'
)
PIXEL_A = 0.66655

needs_relion = pytest.mark.skipif(
    any(shutil.which(name) is None for name in ("relion_run_ctffind", "csh")),
    reason="RELION and csh are not installed (Debian: apt-get install relion csh; .ci/install-peers does it)",
)
STAR = f"""
# version 30001

data_optics

loop_
_rlnOpticsGroupName #1
_rlnOpticsGroup #2
_rlnMicrographOriginalPixelSize #3
_rlnVoltage #4
_rlnSphericalAberration #5
_rlnAmplitudeContrast #6
_rlnMicrographPixelSize #7
opticsGroup1 1 {PIXEL_A} 300.0 2.7 0.1 {PIXEL_A}


# version 30001

data_micrographs

loop_
_rlnMicrographName #1
_rlnOpticsGroup #2
raw/whole.mrc 1
raw/half.mrc 1

"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of RELION with two micrographs, and the log of its job."""
    project = tmp_path_factory.mktemp("relion")
    (project / "raw").mkdir()
    pixels = read.micrograph(EXAMPLE, Optics(300, 2.7)).pixels.astype(np.float32)
    for name, part in (("whole", pixels), ("half", pixels[:, :1024])):
        with mrcfile.new(project / "raw" / f"{name}.mrc", data=part) as mrc:
            mrc.voxel_size = PIXEL_A
    (project / "micrographs.star").write_text(STAR)
    program = project / "thonring-ctffind"
    program.write_text(LAUNCHER)
    program.chmod(0o755)
    options = (
        "--i micrographs.star --o CtfFind/ --is_ctffind4 --Box 512 --ResMin 30 --ResMax 5 "
        "--dFMin 5000 --dFMax 50000 --FStep 500 --dAst 100"
    )
    done = subprocess.run(
        ["relion_run_ctffind", *options.split(), "--ctffind_exe", str(program)],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING: skipping" not in done.stderr
    return project


@needs_relion
def test_relion_lists_our_values(project: Path) -> None:
    table = gemmi.cif.read(str(project / "CtfFind" / "micrographs_ctf.star")).find_block("micrographs")
    labels = ["MicrographName", "CtfImage", "DefocusU", "DefocusV", "DefocusAngle", "CtfFigureOfMerit"]
    rows = list(table.find("_rln", [*labels, "CtfMaxResolution"]))
    assert [row[0] for row in rows] == ["raw/whole.mrc", "raw/half.mrc"]
    for row in rows:
        name = Path(row[0]).stem
        text = (project / "CtfFind" / "raw" / f"{name}.txt").read_text().splitlines()[-1]
        _, u, v, angle_deg, _, score, resolution_A = (float(word) for word in text.split())
        written = [float(value) for value in list(row)[2:]]
        np.testing.assert_allclose(written, [u, v, angle_deg, score, resolution_A], rtol=1e-6, atol=1e-4)
        assert row[1] == f"CtfFind/raw/{name}.ctf:mrc"


@needs_relion
def test_they_are_those_of_the_library(project: Path) -> None:
    settings = thonring.Settings(defocus_range_A=(5000, 50000), resolution_range_A=(30, 5))
    optics = Optics(300.0, 2.7, 0.1, PIXEL_A)
    outcome = thonring.estimate(project / "raw" / "whole.mrc", optics, settings)
    (listed,) = known_defocus(project / "CtfFind" / "raw" / "whole.txt").values()
    assert outcome.fit is not None
    found = (outcome.fit.defocus_u_A, outcome.fit.defocus_v_A, outcome.fit.angle_deg)
    np.testing.assert_allclose((listed.defocus_u_A, listed.defocus_v_A, listed.angle_deg), found, rtol=1e-5)


@needs_relion
def test_relion_takes_the_picture(project: Path) -> None:
    """RELION's own reader finds its size and its pixel, that of the fit."""
    done = subprocess.run(
        ["relion_image_handler", "--i", "CtfFind/raw/whole.ctf:mrc", "--stats"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "(x,y,z,n)= 512 x 512 x 1 x 1" in done.stdout
    assert "angpix = 1.4008" in done.stdout
