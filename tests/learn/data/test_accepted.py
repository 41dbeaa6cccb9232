"""What a run accepted is read from its table; what the table cannot say is refused."""

import json
from pathlib import Path

import pytest

from thonring.errors import UnreadableFile, UnreadableTable
from thonring.learn.dataset.example import accepted_of

HEAD = "file,status,reasons,defocus_A,phase_shift_deg,voltage_kV,cs_mm,amplitude_contrast,pixel_A"


def run_of(folder: Path, *rows: str, words: tuple[str, ...] = ("estimate", "x.mrc")) -> Path:
    (folder / "results.csv").write_text("\n".join([HEAD, *rows, ""]), encoding="utf-8")
    (folder / "settings.json").write_text(json.dumps({"command_line": words}), encoding="utf-8")
    return folder


def test_accepted_ones_only_with_their_optics(tmp_path: Path) -> None:
    rows = (
        "a.mrc,accepted,,15000.5,0,300,2.7,0.1,1.06",
        "b.mrc,rejected,No rings.,9000,0,300,2.7,0.1,1.06",
        "c.mrc,failed,truncated,,,300,2.7,,",
        "/raw/d.mrc,accepted,,8000,2,200,0.01,0.07,0.8",
    )
    first, second = accepted_of(run_of(tmp_path, *rows))
    assert (first.path, second.path) == (Path("a.mrc").resolve(), Path("/raw/d.mrc"))
    assert first.defocus_A == 15000.5
    assert (second.optics.voltage_kV, second.optics.cs_mm) == (200.0, 0.01)
    assert (second.optics.amplitude_contrast, second.optics.pixel_A) == (0.07, 0.8)
    assert second.phase_shift_deg == 2.0
    assert second.spectrum_kind is None


def test_a_link_is_the_file_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "raw.mrc").touch()
    (tmp_path / "link.mrc").symlink_to(tmp_path / "raw.mrc")
    (found,) = accepted_of(run_of(tmp_path, f"{tmp_path / 'link.mrc'},accepted,,15000,0,300,2.7,0.1,1"))
    assert found.path == (tmp_path / "raw.mrc").resolve()


@pytest.mark.parametrize("words", [("--spectrum", "power"), ("--spectrum=power",)])
def test_spectra_are_known_by_the_command_line(tmp_path: Path, words: tuple[str, ...]) -> None:
    row = "a.mrc,accepted,,15000,0,300,2.7,0.1,1"
    (found,) = accepted_of(run_of(tmp_path, row, words=("estimate", "a.mrc", *words, "--out", "run")))
    assert found.spectrum_kind == "power"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("a.mrc,accepted,,x,0,300,2.7,0.1,1", "line 2: could not convert"),
        ("a.mrc,accepted,,nan,0,300,2.7,0.1,1", "line 2: defocus_A is nan"),
        ("a.mrc,accepted,,15000,0,300000,2.7,0.1,1", "looks like volts"),
    ],
)
def test_impossible_values_are_told_by_line(tmp_path: Path, row: str, said: str) -> None:
    with pytest.raises(UnreadableTable, match=said):
        accepted_of(run_of(tmp_path, row))


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"settings\.json"):
        accepted_of(tmp_path)
    run_of(tmp_path).joinpath("results.csv").write_text("file,status\n", encoding="utf-8")
    with pytest.raises(UnreadableTable, match="lacks the columns defocus_A"):
        accepted_of(tmp_path)
    (tmp_path / "settings.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UnreadableFile, match="command line"):
        accepted_of(tmp_path)
