"""The run folder: created, checked, and its files replaced whole."""

import errno
import json
import math
import os
import tempfile
from pathlib import Path

import mrcfile
import numpy as np
import pytest

from factories.outcomes import OPTICS, make_accepted, make_failed, make_rejected
from factories.stores import write_tables
from thonring.errors import OutputError
from thonring.files.atomic import replacing, write_text
from thonring.formats.run_tables import prepare_run
from thonring.optics import PartialOptics
from thonring.run.ctf_image import write_ctf_image
from thonring.run.names import artefact_names, spectrum_path
from thonring.run.settings_file import write_settings
from thonring.settings import Limit, Settings

unprivileged = pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")


def test_the_folder_is_created_and_may_be_there_already(tmp_path: Path) -> None:
    run = tmp_path / "run"
    prepare_run(run)
    (run / "results.csv").write_text("old")
    prepare_run(run)
    assert {path.name for path in run.iterdir()} == {"results.csv", "spectra"}
    assert list((run / "spectra").iterdir()) == []


def test_a_relative_folder_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    prepare_run(Path("run"))
    assert (tmp_path / "run" / "spectra").is_dir()


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(OutputError, match=r"run: is a file, expected a folder"):
        prepare_run(tmp_path / "run")


def test_a_file_in_the_place_of_the_spectra_is_refused(tmp_path: Path) -> None:
    (tmp_path / "spectra").write_text("")
    with pytest.raises(OutputError, match=r"spectra: is a file"):
        prepare_run(tmp_path)


def test_a_missing_folder_above_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"missing, does not exist\. Create it"):
        prepare_run(tmp_path / "missing" / "run")
    assert list(tmp_path.iterdir()) == []


@unprivileged
def test_a_folder_without_permission_is_refused(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "spectra").mkdir(parents=True)
    closed.chmod(0o555)
    with pytest.raises(OutputError, match="cannot be written"):
        prepare_run(closed)
    with pytest.raises(OutputError, match="cannot be written"):
        prepare_run(closed / "run")


def test_a_folder_that_exists_but_takes_no_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(dir: Path) -> None:  # noqa: A002 - the name tempfile gives it
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(dir))

    monkeypatch.setattr(tempfile, "TemporaryFile", full_disk)
    with pytest.raises(OutputError, match=r"cannot be written \(No space left on device\)"):
        prepare_run(tmp_path)


def test_a_folder_that_takes_no_folders_is_refused() -> None:
    kernel = Path("/proc/self")
    if not kernel.is_dir():
        pytest.skip("needs /proc, which only Linux has")
    with pytest.raises(OutputError, match="cannot be written"):
        prepare_run(kernel / "run")


def test_a_name_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        prepare_run(tmp_path / ("x" * 300))


def test_the_tables_are_written_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_tables(tmp_path, [make_accepted(), make_rejected(), make_failed()])
    assert {path.name for path in tmp_path.iterdir()} == {
        "results.csv",
        "attempts.csv",
        "micrographs_ctf.star",
        "rejected_ctf.star",
        "micrographs.xmd",
    }


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    outcomes = [make_accepted(), make_rejected(), make_failed()]
    write_tables(tmp_path, outcomes)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write_tables(tmp_path, outcomes)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_tables_name_the_spectra_as_artefact_names_does(tmp_path: Path) -> None:
    paths = [Path("a/m.mrc"), Path("b/m.mrc")]
    write_tables(tmp_path, [make_accepted(path) for path in paths])
    text = (tmp_path / "micrographs_ctf.star").read_text()
    for name in artefact_names(paths).values():
        assert f"{spectrum_path(tmp_path, name)}:mrc" in text


def test_names_given_to_the_tables_are_used(tmp_path: Path) -> None:
    write_tables(tmp_path, [make_accepted("b/m.mrc")], {Path("b/m.mrc"): "b_m"})
    assert "/spectra/b_m.ctf:mrc" in (tmp_path / "micrographs_ctf.star").read_text()
    assert "/spectra/b_m.ctf:mrc" in (tmp_path / "micrographs.xmd").read_text()


def interrupted_write(path: Path) -> None:
    with replacing(path) as temporary:
        temporary.write_text("half of the n")
        raise KeyboardInterrupt


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    write_text(path, "old")
    with pytest.raises(KeyboardInterrupt):
        interrupted_write(path)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("results.csv", "old")]


def test_a_file_that_cannot_be_replaced_is_told(tmp_path: Path) -> None:
    (tmp_path / "results.csv").mkdir()
    with pytest.raises(OutputError, match=r"results\.csv: cannot be written"):
        write_tables(tmp_path, [make_accepted()])
    assert [path.name for path in tmp_path.iterdir()] == ["results.csv"]


def test_a_missing_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write_tables(tmp_path / "no" / "run", [make_accepted()])


def test_a_spectrum_comes_back(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).normal(size=(48, 64)).astype(np.float32)
    path = spectrum_path(tmp_path, "a b")
    write_ctf_image(path, picture, 1.75)
    assert mrcfile.validate(path)
    with mrcfile.open(path) as mrc:
        np.testing.assert_array_equal(mrc.data, picture)
        assert mrc.header.mode == 2
        assert mrc.voxel_size.x == pytest.approx(1.75)
        assert mrc.is_single_image()
    assert [file.name for file in path.parent.iterdir()] == ["a b.ctf"]


def test_a_spectrum_replaces_an_older_one(tmp_path: Path) -> None:
    path = tmp_path / "m.ctf"
    for value in (1.0, 2.0):
        write_ctf_image(path, np.full((16, 16), value, np.float32), 1.0)
    with mrcfile.open(path) as mrc:
        assert (mrc.data == 2.0).all()


def test_a_spectrum_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write_ctf_image(tmp_path / "no" / "spectra" / "m.ctf", np.zeros((8, 8), np.float32), 1.0)


def forbid(constant: str) -> None:
    raise AssertionError(constant)


def test_settings_say_how_the_run_was_made(tmp_path: Path) -> None:
    limit = Limit("ice", -math.inf, 1.03, "", "ice ring", "thesis")
    made = Settings(samplings_A=(1.75, None), limits=(limit,))
    write_settings(tmp_path, made, ["thonring", "estimate", "ä b.mrc"], PartialOptics(voltage_kV=300.0))
    content = json.loads((tmp_path / "settings.json").read_text(), parse_constant=forbid)
    assert content["command_line"] == ["thonring", "estimate", "ä b.mrc"]
    assert content["settings"]["samplings_A"] == [1.75, None]
    assert content["settings"]["limits"][0]["at_least"] is None
    assert content["settings"]["limits"][0]["at_most"] == 1.03
    assert set(content["settings"]) == set(Settings.__dataclass_fields__)
    assert content["optics"]["voltage_kV"] == 300.0
    assert content["written"].endswith("+00:00")
    assert content["numpy"] == np.__version__
    assert content["thonring"]


def test_settings_without_optics(tmp_path: Path) -> None:
    write_settings(tmp_path, Settings(), [])
    assert json.loads((tmp_path / "settings.json").read_text())["optics"] is None
    write_settings(tmp_path, Settings(), [], OPTICS)
    assert json.loads((tmp_path / "settings.json").read_text())["optics"]["cs_mm"] == 2.7
