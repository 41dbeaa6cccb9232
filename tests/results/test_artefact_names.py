"""What a micrograph's files are called."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thonring.errors import OutputError
from thonring.run.names import artefact_names

SEGMENT = st.sampled_from(["a", "b", "A", "m", "a_m", "m_2", "b_a_m"])
PATH = st.builds(
    lambda folders, name, suffix: Path(*folders, name + suffix),
    st.lists(SEGMENT, max_size=3),
    SEGMENT,
    st.sampled_from([".mrc", ".tif", ".mrc.gz", ""]),
)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("x/m.mrc", "m"),
        ("May08_03.13.02.bin_avg.png", "May08_03.13.02.bin_avg"),
        ("m.mrc.bz2", "m"),
        ("m.MRC.GZ", "m"),
        ("with blank.tif", "with blank"),
        ("bare", "bare"),
    ],
)
def test_the_suffix_goes_and_the_rest_stays(file: str, name: str) -> None:
    assert artefact_names([Path(file)]) == {Path(file): name}


def test_the_folders_tell_namesakes_apart() -> None:
    paths = [Path(text) for text in ("g/a/m.mrc", "g/b/m.mrc", "h/b/m.mrc", "m.mrc")]
    assert list(artefact_names(paths).values()) == ["m", "b_m", "h_b_m", "m_2"]


def test_two_formats_of_one_name_are_told_apart() -> None:
    names = artefact_names([Path("m.mrc"), Path("m.tif")])
    assert list(names.values()) == ["m", "m_2"]


def test_a_file_given_twice_is_one_file() -> None:
    assert artefact_names([Path("m.mrc"), Path("m.mrc")]) == {Path("m.mrc"): "m"}


@given(st.lists(PATH))
def test_no_two_files_share_a_name_even_where_case_is_ignored(paths: list[Path]) -> None:
    names = artefact_names(paths)
    assert set(names) == set(paths)
    assert len({name.casefold() for name in names.values()}) == len(names)


@given(st.lists(PATH), st.lists(PATH))
def test_more_inputs_change_no_earlier_name(paths: list[Path], more: list[Path]) -> None:
    before, after = artefact_names(paths), artefact_names(paths + more)
    assert {path: after[path] for path in before} == before


@pytest.mark.parametrize("file", ["two\nlines.mrc", "bad\x7f.mrc"])
def test_control_characters_are_refused_before_any_work_is_done(file: str) -> None:
    with pytest.raises(OutputError, match="control characters"):
        artefact_names([Path("fine.mrc"), Path(file)])
