"""What a look at a folder sees."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from thonring.batch.folder_scan import FolderListing, FolderScanner, FoundFile, ScanPattern
from thonring.optics import PartialOptics
from thonring.read import sources
from thonring.run.open import STORE


def made(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"content")


def look(lookout: ScanPattern) -> FolderListing:
    return FolderScanner(lookout).scan()


def names(lookout: ScanPattern) -> list[str]:
    return sorted(os.path.relpath(path, lookout.folder) for path in look(lookout).files)


def test_files_at_any_depth_as_they_stand(tmp_path: Path) -> None:
    made(tmp_path, "a.mrc", "Images-Disc1/GridSquare_1/Data/b.mrc")
    os.utime(tmp_path / "a.mrc", ns=(5, 7))
    found = look(ScanPattern(tmp_path))
    assert found.files[str(tmp_path / "a.mrc")] == FoundFile(7, 7)
    assert names(ScanPattern(tmp_path)) == ["Images-Disc1/GridSquare_1/Data/b.mrc", "a.mrc"]
    assert not found.unreadable


@pytest.mark.parametrize(
    ("patterns", "ignored", "expected"),
    [
        (("*.mrc",), (), ["G1/Data/F_1.mrc", "G1/Data/F_1_Fractions.mrc", "G1/map.mrc"]),
        (("*.tif", "map*"), (), ["G1/Data/F_1_Fractions.tif", "G1/map.mrc"]),
        (("*/Data/*.mrc",), ("*_Fractions.mrc",), ["G1/Data/F_1.mrc"]),
        (("*",), ("*/Data/*",), ["G1/map.mrc"]),
        (("F_1.*",), (), ["G1/Data/F_1.jpg", "G1/Data/F_1.mrc"]),
        (("Data/*",), (), []),
    ],
)
def test_patterns(
    tmp_path: Path, patterns: tuple[str, ...], ignored: tuple[str, ...], expected: list[str]
) -> None:
    made(
        tmp_path,
        *(f"G1/Data/F_1{end}" for end in (".mrc", ".xml", ".jpg", "_Fractions.mrc", "_Fractions.tif")),
        "G1/map.mrc",
    )
    assert names(ScanPattern(tmp_path, patterns, ignored)) == expected


@pytest.mark.parametrize(
    "name", [".a.mrc", ".a.mrc.Xy12", "a.mrc.part", "a.mrc.TMP", "a.mrc~", ".rsync/a.mrc", "a.txt", "a"]
)
def test_hidden_and_half_written_names_and_other_files_are_passed_over(tmp_path: Path, name: str) -> None:
    made(tmp_path, name)
    assert names(ScanPattern(tmp_path, ("*",))) == []


def test_run_folders_are_passed_over(tmp_path: Path) -> None:
    made(tmp_path, "a.mrc", f"run/{STORE}", "run/spectra/b.mrc", "run/c.mrc")
    assert names(ScanPattern(tmp_path)) == ["a.mrc"]


def test_a_watched_folder_that_holds_the_run_itself(tmp_path: Path) -> None:
    made(tmp_path, "a.png", "Data/b.png", STORE, "plots/a_spectrum.png", "spectra/a.ctf")
    assert names(ScanPattern(tmp_path, ("*",))) == ["Data/b.png", "a.png"]


@pytest.mark.parametrize("folder", [".", "Data", "./Data", "Data/"])
def test_paths_are_those_of_estimate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    made(tmp_path, "a.mrc", "Data/b.mrc")
    monkeypatch.chdir(tmp_path)
    found = look(ScanPattern(Path(folder))).files
    assert "Data/b.mrc" in found
    assert {str(one.path) for one in sources([folder], PartialOptics(300, 2.7))} <= set(found)
    assert all(str(Path(path)) == path for path in found)


def test_what_is_no_file_is_passed_over(tmp_path: Path) -> None:
    made(tmp_path, "folder.mrc/inside.mrc", "a.mrc")
    os.mkfifo(tmp_path / "pipe.mrc")
    (tmp_path / "nowhere.mrc").symlink_to(tmp_path / "gone.mrc")
    (tmp_path / "circle").symlink_to(tmp_path)
    (tmp_path / "link.mrc").symlink_to(tmp_path / "a.mrc")
    assert names(ScanPattern(tmp_path)) == ["a.mrc", "folder.mrc/inside.mrc", "link.mrc"]


def test_metadata_beside_an_image_are_part_of_it(tmp_path: Path) -> None:
    made(tmp_path, "F_1_Fractions.mrc", "b.mrc")
    path = str(tmp_path / "F_1_Fractions.mrc")
    assert look(ScanPattern(tmp_path)).files[path].metadata is None
    made(tmp_path, "F_1.xml")
    os.utime(tmp_path / "F_1.xml", ns=(3, 3))
    found = look(ScanPattern(tmp_path)).files
    assert found[path].metadata == (7, 3)
    assert found[str(tmp_path / "b.mrc")].metadata is None
    assert look(ScanPattern(tmp_path, metadata=False)).files[path].metadata is None


def refusing(place: Path, problem: OSError) -> Callable[[str], object]:
    """`os.scandir`, which fails in one folder."""
    listed = os.scandir

    def scandir(folder: str) -> object:
        if folder == str(place):
            raise problem
        return listed(folder)

    return scandir


def test_a_folder_nobody_may_look_into_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path, "one/a.mrc", "two/b.mrc")
    monkeypatch.setattr(os, "scandir", refusing(tmp_path / "one", PermissionError(13, "Permission denied")))
    found = look(ScanPattern(tmp_path))
    assert list(found.files) == [str(tmp_path / "two/b.mrc")]
    assert found.unreadable == {str(tmp_path / "one"): "Permission denied"}


def test_a_folder_that_goes_while_it_is_looked_at_is_no_problem_but_the_watched_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path, "one/a.mrc", "two/b.mrc")
    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", refusing(tmp_path / "one", FileNotFoundError(2, "gone")))
        found = look(ScanPattern(tmp_path))
    assert list(found.files) == [str(tmp_path / "two/b.mrc")]
    assert not found.unreadable
    assert look(ScanPattern(tmp_path / "none")).unreadable == {
        str(tmp_path / "none"): "No such file or directory"
    }


def test_what_it_remembers_of_names_changes_no_later_look(tmp_path: Path) -> None:
    made(tmp_path, "F_1_Fractions.mrc", "F_1.xml", "a.txt")
    looker = FolderScanner(ScanPattern(tmp_path))
    for _ in range(2):
        assert looker.scan() == look(ScanPattern(tmp_path))
    (tmp_path / "F_1.xml").rename(tmp_path / "F_1_Fractions.xml")
    (tmp_path / "b.mrc").mkdir()
    (tmp_path / "a.txt").unlink()
    assert looker.scan() == look(ScanPattern(tmp_path))
    made(tmp_path, "b.mrc/c.mrc", "a.mrc")
    (tmp_path / "F_1_Fractions.xml").unlink()
    assert looker.scan() == look(ScanPattern(tmp_path))
