"""Labels of a person, as CSV and STAR."""

from pathlib import Path

import pytest

from thonring.errors import UnreadableFile, UnreadableTable
from thonring.evaluate.labels import BAD_WORDS, USABLE_WORDS, read_labels


def labels_in(path: Path, text: str) -> dict[str, bool]:
    path.write_text(text, encoding="utf-8")
    return {label.file: label.usable for label in read_labels(path)}


@pytest.mark.parametrize("separator", [",", ";", "\t", ", "])
def test_a_table_of_two_columns_is_read_whatever_parts_it(tmp_path: Path, separator: str) -> None:
    text = "file,label\na.mrc,good\nb.mrc,bad\n".replace(",", separator)
    assert labels_in(tmp_path / "l.csv", text) == {"a.mrc": True, "b.mrc": False}


@pytest.mark.parametrize("word", USABLE_WORDS)
def test_words_for_usable(tmp_path: Path, word: str) -> None:
    assert labels_in(tmp_path / "l.csv", f"file,label\na.mrc,{word.upper()} \n") == {"a.mrc": True}


@pytest.mark.parametrize("word", BAD_WORDS)
def test_words_for_bad(tmp_path: Path, word: str) -> None:
    assert labels_in(tmp_path / "l.csv", f"file,label\na.mrc,{word}\n") == {"a.mrc": False}


def test_other_columns_quotes_blank_lines_and_a_mark_of_utf8_do_no_harm(tmp_path: Path) -> None:
    text = '\ufeffusable,who,micrograph\r\n1,Ann,"a, b.mrc"\r\n\r\n0,Bob,c.mrc\r\n'
    assert labels_in(tmp_path / "l.csv", text) == {"a, b.mrc": True, "c.mrc": False}


def star(*columns: str, rows: str) -> str:
    head = "\n".join(f"_{name} #{place}" for place, name in enumerate(columns, start=1))
    return f"data_micrographs\n\nloop_\n{head}\n{rows}\n"


@pytest.mark.parametrize(
    ("columns", "no"), [(("rlnMicrographName", "rlnSelected"), "0"), (("micrograph", "enabled"), "-1")]
)
def test_selections_of_relion_and_xmipp_are_labels(tmp_path: Path, columns: tuple[str, ...], no: str) -> None:
    text = star(*columns, rows=f"M/a.mrc 1\nM/b.mrc {no}")
    assert labels_in(tmp_path / "l.star", text) == {"M/a.mrc": True, "M/b.mrc": False}


def test_files_are_sought_beside_the_table_and_above_it(tmp_path: Path) -> None:
    (tmp_path / "Select" / "job1").mkdir(parents=True)
    (tmp_path / "M").mkdir()
    (tmp_path / "M" / "a.mrc").touch()
    path = tmp_path / "Select" / "job1" / "l.star"
    path.write_text(star("rlnMicrographName", "rlnSelected", rows="M/a.mrc 1\nM/gone.mrc 1"))
    found, gone = read_labels(path)
    assert found.path == (tmp_path / "M" / "a.mrc").resolve()
    assert gone.path == (path.parent / "M" / "gone.mrc").resolve()


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        (
            "l.csv",
            "file,label\na.mrc,perhaps\n",
            "line 2: unknown label 'perhaps', expected one of usable",
        ),
        ("l.csv", "file,label\na.mrc,\n", "line 2: unknown label ''"),
        ("l.csv", "file,label\na.mrc\n", "line 2: found 1 values, expected 2"),
        ("l.csv", "a.mrc,good\n", "no column file or micrograph"),
        ("l.csv", "file,defocus\na.mrc,1\n", "no column label or usable"),
        ("l.csv", "", "found nothing"),
        ("l.csv", "file,label\n", "no rows"),
        ("l.csv", "file,label\na.mrc,1\na.mrc,0\n", "a.mrc has two labels"),
        (
            "l.star",
            star("rlnMicrographName", "rlnDefocusU", rows="a.mrc 1"),
            "no table with rlnMicrographName and",
        ),
        (
            "l.star",
            star("rlnMicrographName", "rlnSelected", rows="a.mrc 2"),
            "row 1: unknown label '2'",
        ),
        ("l.star", "nothing of the kind", "cannot be read as a STAR file"),
    ],
)
def test_labels_that_cannot_be_understood_are_refused(
    tmp_path: Path, name: str, text: str, told: str
) -> None:
    with pytest.raises(UnreadableTable, match=told) as caught:
        labels_in(tmp_path / name, text)
    assert str(tmp_path / name) in str(caught.value)


def test_what_is_no_table_of_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="no such file"):
        read_labels(tmp_path / "absent.csv")
    (tmp_path / "labels.xlsx").touch()
    with pytest.raises(UnreadableFile, match=r"suffix '\.xlsx'"):
        read_labels(tmp_path / "labels.xlsx")
