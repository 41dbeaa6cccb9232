from pathlib import Path

import pytest
from correction_rows import numbered, row

from benchmarks.corrections.cache import MicrographRow
from benchmarks.corrections.configurations import BEFORE, CONFIGURATIONS, DEFAULT
from benchmarks.corrections.figure import write_figure
from benchmarks.corrections.tables import (
    Verdicts,
    _action,
    confusion,
    false_positives,
    print_confusions,
    print_wrong,
)
from benchmarks.corrections.verdict import judge
from thonring.settings import Limit

LIMITS = (Limit("score", 0.5, 2.0, "", "", ""),)


def _rows() -> list[MicrographRow]:
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
        one.name: [judge(row_, one, none if one.name == BEFORE else LIMITS) for row_ in _rows()]
        for one in CONFIGURATIONS
    }


def test_the_matrix_counts_every_micrograph_once(verdicts: Verdicts) -> None:
    matrix = confusion(verdicts[DEFAULT])
    assert (matrix.tp, matrix.fp, matrix.fn, matrix.tn) == (1, 2, 1, 1)


def test_false_positives_are_counted_by_cause(verdicts: Verdicts) -> None:
    assert false_positives(verdicts[DEFAULT]) == {"drift": 1, "wrong estimate": 1}


def test_actions_account_for_the_whole_difference(verdicts: Verdicts) -> None:
    rejected, now_correct, new, lost, now_wrong, gained, changes = _action(
        verdicts[BEFORE], verdicts[DEFAULT]
    )
    before, after = confusion(verdicts[BEFORE]), confusion(verdicts[DEFAULT])
    assert after.fp == before.fp - rejected - now_correct + new + now_wrong  # type: ignore[operator]
    assert after.tp == before.tp - lost - now_wrong + gained + now_correct  # type: ignore[operator]
    assert (rejected, lost, changes) == (1, 1, "drift -1")


def test_the_published_scores_are_printed_too(verdicts: Verdicts, capsys: pytest.CaptureFixture[str]) -> None:
    print_confusions(verdicts)
    text = capsys.readouterr().out
    for score in ("0.9248", "0.4990", "0.9969", "0.9672"):
        assert score in text


def test_wrong_verdicts_are_listed_with_their_scenes(
    verdicts: Verdicts, capsys: pytest.CaptureFixture[str]
) -> None:
    print_wrong(verdicts[DEFAULT], 2)
    text = capsys.readouterr().out
    assert "FALSE POSITIVE: 2" in text
    assert "FALSE NEGATIVE: 1" in text
    assert all(f"index {index}:" in text for index in (1, 2, 4))
    assert "index 0:" not in text


@pytest.mark.slow
def test_the_figure_is_drawn(verdicts: Verdicts, tmp_path: Path) -> None:
    assert write_figure(tmp_path / "new" / "corrections.png", verdicts).stat().st_size > 10_000
