"""CTFFIND 3's lines, as `--old-school-input` takes them."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories.ctffind_sessions import REFERENCE, files
from thonring.ctffind_cli.old_school import read_old_school
from thonring.ctffind_cli.questions import Answers
from thonring.errors import AnswerError

MICROSCOPE, SEARCH = "2.7, 300, 0.1, 10000, 0.66655", "512, 30, 5, 5000, 50000, 500, 100"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return files(tmp_path_factory.mktemp("old")) / "image.mrc"


def read(lines: list[str], told: list[str] | None = None, *, of_ctffind4: bool = False) -> Answers:
    return read_old_school(iter(lines), ([] if told is None else told).append, of_ctffind4=of_ctffind4)


def test_the_values_are_where_ctffind_has_them(image: Path) -> None:
    told: list[str] = []
    found = read([str(image), "out.mrc", MICROSCOPE, SEARCH], told)
    assert (found.image, found.diagnostic, found.frames_averaged) == (image, Path("out.mrc"), None)
    assert found.microscope.pixel_A == pytest.approx(0.66655)
    assert (found.microscope.voltage_kV, found.microscope.cs_mm) == (300, 2.7)
    assert found.search.box_px == 512
    assert (found.search.resolution_range_A, found.search.defocus_range_A) == ((30, 5), (5000, 50000))
    assert (found.search.defocus_step_A, found.astigmatism.tolerated_A) == (500, 100)
    recorded = (REFERENCE / "old_school.out").read_text()
    assert "\n".join(told) + "\n" == recorded[: recorded.index("File name")]


def test_the_pixel_follows_from_detector_and_magnification(image: Path) -> None:
    found = read([str(image), "out.mrc", "2.0 120 0.07 20000 14", SEARCH])
    assert found.microscope.pixel_A == pytest.approx(7.0)


@given(st.sampled_from([",", ", ", " ", "  ", " , ", "\t"]))
def test_commas_and_blanks_separate(image: Path, separator: str) -> None:
    lines = [separator.join(line.split(", ")) for line in (MICROSCOPE, SEARCH)]
    names = [str(image), "out.mrc"]
    assert read([*names, *lines]) == read([*names, MICROSCOPE, SEARCH])


def test_two_lines_more_for_movies_and_phase_shifts(image: Path) -> None:
    lines = [str(image), "out.mrc", MICROSCOPE, SEARCH]
    plain = read([*lines, " 0  1", " 0, 0, 3.15, 0.2"], of_ctffind4=True)
    assert (plain.frames_averaged, plain.phase_shift) == (None, None)
    both = read([*lines, "1, 4", "1, 0, 3.15, 0.2"], of_ctffind4=True)
    assert both.frames_averaged == 4
    assert both.phase_shift is not None
    assert both.phase_shift.highest_rad == pytest.approx(math.pi, abs=0.01)


WRONG = {
    "an end": (["MICROSCOPE"], "line 4 of the input: the input ended, expected 7 numbers: box, ResMin"),
    "six values": (["MICROSCOPE", "512, 30, 5, 5000, 50000, 500"], "line 4 of the input: found '512, 30"),
    "a word": (
        ["2.7, 300, x, 10000, 1"],
        "line 3 of the input: found '2.7, 300, x, 10000, 1', expected 5 numbers",
    ),
    "no magnification": (["2.7, 300, 0.1, 0, 14"], "found an XMAG of 0, expected more than 0"),
    "part of a pixel": (["MICROSCOPE", "51.2, 30, 5, 5000, 50000, 500, 0"], "found a box of 51.2"),
    "a blank": ([" "], "line 3 of the input: found a blank line, expected 5 numbers: Cs mm"),
}


@pytest.mark.parametrize(("lines", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_line_is_named(image: Path, lines: list[str], message: str) -> None:
    with pytest.raises(AnswerError, match=message):
        read([str(image), "out.mrc", *(MICROSCOPE if line == "MICROSCOPE" else line for line in lines)])


def test_a_missing_image_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        AnswerError, match=r"line 1 of the input: found .*none\.mrc.*expected the name of an existing file"
    ):
        read([str(tmp_path / "none.mrc"), "out.mrc", MICROSCOPE, SEARCH])


def test_half_a_frame_is_refused(image: Path) -> None:
    with pytest.raises(AnswerError, match=r"line 5 of the input: found 1.5 frames"):
        read([str(image), "out.mrc", MICROSCOPE, SEARCH, "1, 1.5", "0,0,3,1"], of_ctffind4=True)


def test_lines_that_would_be_left_out_are_refused(image: Path) -> None:
    lines = [str(image), "out.mrc", MICROSCOPE, SEARCH]
    with pytest.raises(AnswerError, match=r"line 4 .* 2 more follow: 0 1 \| 1, 0, 3.15, 0.2\. .*-ctffind4"):
        read([*lines, "0 1", "1, 0, 3.15, 0.2"])
    with pytest.raises(AnswerError, match=r"line 6 .* 1 more follow: no\.$"):
        read([*lines, "0 1", "0, 0, 3.15, 0.2", "no"], of_ctffind4=True)
    assert read([*lines, "", " EOF"]) == read(lines)
