"""What a worker says that does not find what the command has: the same function, given what is elsewhere."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from thonring.batch.executors.worker_check import Environment, Sample, environment_mismatch, environment_of
from thonring.errors import OutputError


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    (folder / "a.mrc").write_bytes(b"12345")
    (folder / "b.mrc").write_bytes(b"123")
    return folder


@pytest.fixture
def ground(tmp_path: Path, raw: Path) -> Iterator[Environment]:
    (tmp_path / "run").mkdir()
    with environment_of(tmp_path / "run", [raw / "gone.mrc", raw / "a.mrc", raw / "b.mrc", raw]) as ground:
        yield ground


def test_all_is_right_where_the_command_was_given(ground: Environment, raw: Path) -> None:
    assert environment_mismatch(ground) == ""
    assert ground.folder is None
    assert ground.samples == (Sample(raw / "a.mrc", 5), Sample(raw, None))


def test_another_version_is_named(ground: Environment) -> None:
    other = replace(ground, versions=(*ground.versions, ("mrcfile", "0.0.1"), ("no-such-package", "1.0")))
    assert "has mrcfile " in environment_mismatch(other)
    assert ", expected 0.0.1 as on this machine" in environment_mismatch(other)
    missing = replace(ground, versions=(("no-such-package", "1.0"),))
    assert environment_mismatch(missing).startswith("does not have no-such-package, expected 1.0")


def test_a_run_folder_of_the_same_name_that_is_another_is_found_out(
    ground: Environment, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    assert "does not see the same" in environment_mismatch(replace(ground, run=tmp_path / "other"))
    assert "--out must be on a file system shared by all of them" in environment_mismatch(
        replace(ground, run=tmp_path / "none")
    )
    (ground.run / ground.mark).write_text("of another run", encoding="utf-8")
    assert "its content is different" in environment_mismatch(ground)


def test_a_missing_folder_of_the_command_is_told_with_what_to_do(ground: Environment, tmp_path: Path) -> None:
    assert "give all files and --out as absolute paths" in environment_mismatch(
        replace(ground, folder=tmp_path / "none")
    )


def test_relative_paths_are_looked_for_from_the_folder_of_the_command(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run").mkdir()
    monkeypatch.chdir(tmp_path)
    with environment_of(Path("run"), [Path("raw/a.mrc")]) as ground:
        monkeypatch.chdir(raw)
        assert ground.folder == tmp_path
        assert environment_mismatch(ground) == ""


def test_inputs_that_are_not_there_or_others_are_told(ground: Environment, raw: Path) -> None:
    (raw / "a.mrc").write_bytes(b"1234567")
    assert f"sees {raw / 'a.mrc'} with 7 bytes, expected 5" in environment_mismatch(ground)
    (raw / "a.mrc").unlink()
    assert f"cannot find {raw / 'a.mrc'} (No such file or directory)" in environment_mismatch(ground)


def test_a_run_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="none"), environment_of(tmp_path / "none", []):
        pass
