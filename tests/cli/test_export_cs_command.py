"""`thonring export-cs` from its words to its file and exit codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from factories.commands import Command

FIELDS = [("uid", "<u8"), ("micrograph_blob/path", "S64")]


pytestmark = pytest.mark.usefixtures("broken_micrograph")


@pytest.fixture
def exposures(tmp_path: Path) -> Path:
    """Exposures of all but the first, as cryoSPARC names imported ones, and one that the run has not."""
    names = ["extra", "c", "b_poor", "d_broken"]
    rows = [
        (10 + number, f"J2/imported/{number:021d}_{name}.mrc".encode()) for number, name in enumerate(names)
    ]
    with (tmp_path / "exposures.cs").open("wb") as stream:
        np.save(stream, np.array(rows, FIELDS))
    return tmp_path / "exposures.cs"


def test_exposures_get_the_ctfs_of_the_run(
    command: Command, run: Path, exposures: Path, tmp_path: Path
) -> None:
    result = command("export-cs", run, exposures, "--out", tmp_path / "out.cs")
    assert result.exit_code == 0, result.output
    rows = np.load(tmp_path / "out.cs")
    assert rows["uid"].tolist() == [11]
    assert rows["ctf/df1_A"].tolist() == [15300]
    assert (rows["ctf/accel_kv"][0], rows["ctf/cs_mm"][0]) == pytest.approx((300, 2.7))
    lines = result.stdout.splitlines()
    assert lines[0].startswith("1 of 4 exposures written")
    assert lines[1:3] == ["rejected and left out: 1", "without a fit: 1"]
    assert lines[3].startswith("not in the run: 1 (J2/imported/000000000000000000000_extra.mrc")


def test_rejected_ones_are_kept_if_asked(
    command: Command, run: Path, exposures: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.cs"
    result = command("export-cs", run, exposures, "--out", out, "--with-rejected", "--quiet")
    assert (result.exit_code, result.output) == (0, "")
    rows = np.load(out)
    assert rows["uid"].tolist() == [11, 12]
    assert rows["thonring/accepted"].tolist() == [1, 0]


def test_what_was_written_agrees_with_the_run(
    command: Command, run: Path, exposures: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.cs"
    command("export-cs", run, exposures, "--out", out, "--with-rejected")
    result = command("compare", run, out)
    assert result.exit_code == 0, result.output
    assert "2 micrographs in both" in result.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["{run}", "{run}/absent.cs", "--out", "{run}/o.cs"], "absent.cs: cannot be read"),
        (["{run}", "{run}/results.csv", "--out", "{run}/o.cs"], "expected a cryoSPARC table"),
        (["{run}/absent", "{cs}", "--out", "{run}/o.cs"], "run.db: not found"),
        (["{run}", "{cs}", "--out", "{run}/o.star"], "suffix '.star', expected .cs"),
        (["{run}", "{strange}", "--out", "{run}/o.cs"], "none of its exposures"),
        (["{run}", "{cs}"], "Missing option '--out'"),
    ],
)
def test_wrong_use_is_told(
    command: Command, run: Path, exposures: Path, tmp_path: Path, words: list[str], told: str
) -> None:
    strange = tmp_path / "strange.cs"
    with strange.open("wb") as stream:
        np.save(stream, np.array([(1, b"other.mrc")], FIELDS))
    result = command("export-cs", *(word.format(run=run, cs=exposures, strange=strange) for word in words))
    assert result.exit_code == 2
    assert told in " ".join(result.stderr.replace("│", " ").split())
    assert not (run / "o.cs").exists()
