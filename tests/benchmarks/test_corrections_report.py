from pathlib import Path

import pytest
from made_rows import numbered, row

from corrections_configurations import BEFORE, CONFIGURATIONS, DEFAULT
from corrections_figure import write_figure
from corrections_record import Row
from corrections_tables import Verdicts, _action, confusion, false_positives, print_confusions, print_wrong
from corrections_verdict import judged
from thonring.settings import Limit

LIMITS = (Limit("score", 0.5, 2.0, "", "", ""),)


def _rows() -> list[Row]:
    """Good, wrongly estimated, unusable accepted, unusable rejected, good rejected."""
    return [
        row(numbered(0)),
        row(numbered(1), error_A=900.0),
        row(numbered(2, usable=False)),
        row(numbered(3, usable=False), value=9.0),
        row(numbered(4), value=9.0),
    ]


@pytest.fixture
def verdicts() -> Verdicts:
    none: tuple[Limit, ...] = ()
    return {
        one.name: [judged(row_, one, none if one.name == BEFORE else LIMITS) for row_ in _rows()]
        for one in CONFIGURATIONS
    }


def test_the_matrix_counts_every_micrograph_once(verdicts: Verdicts) -> None:
    matrix = confusion(verdicts[DEFAULT])
    assert (matrix.tp, matrix.fp, matrix.fn, matrix.tn) == (1, 2, 1, 1)


def test_false_positives_are_told_by_what_was_wrong(verdicts: Verdicts) -> None:
    assert false_positives(verdicts[DEFAULT]) == {"drift": 1, "wrong estimate": 1}


def test_actions_explain_the_whole_difference(verdicts: Verdicts) -> None:
    rejected, now_right, new, lost, now_wrong, gained, told = _action(verdicts[BEFORE], verdicts[DEFAULT])
    before, after = confusion(verdicts[BEFORE]), confusion(verdicts[DEFAULT])
    assert after.fp == before.fp - rejected - now_right + new + now_wrong  # type: ignore[operator]
    assert after.tp == before.tp - lost - now_wrong + gained + now_right  # type: ignore[operator]
    assert (rejected, lost, told) == (1, 1, "drift -1")


def test_the_published_scores_stand_beside(verdicts: Verdicts, capsys: pytest.CaptureFixture[str]) -> None:
    print_confusions(verdicts)
    text = capsys.readouterr().out
    for score in ("0.9248", "0.4990", "0.9969", "0.9672"):
        assert score in text


def test_wrong_ones_can_be_made_again(verdicts: Verdicts, capsys: pytest.CaptureFixture[str]) -> None:
    print_wrong(verdicts[DEFAULT], 2)
    text = capsys.readouterr().out
    assert "FALSE POSITIVE: 2" in text
    assert "FALSE NEGATIVE: 1" in text
    assert all(f"index {index}:" in text for index in (1, 2, 4))
    assert "index 0:" not in text


def test_the_figure_is_drawn(verdicts: Verdicts, tmp_path: Path) -> None:
    assert write_figure(tmp_path / "new" / "corrections.png", verdicts).stat().st_size > 10_000
