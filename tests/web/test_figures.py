"""Figures show what the columns hold: every micrograph counted, every limit where the profile has it."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories.outcomes import make_failed
from factories.stores import LIMITS, make_graded, make_plain_fit, make_run, make_session
from thonring.records import Outcome
from thonring.run.columns import STATUSES, RunColumns, read_columns
from thonring.run.open import decide_in, read_run
from thonring.run.summary import summary
from thonring.settings import Limit
from thonring.web.figures import Figure, Findings, findings, plotly_figures
from thonring.web.figures.astigmatism import astigmatism_vectors
from thonring.web.figures.downsampling import MAX_POINTS, bands, point_counts

COLOURS = {"accepted", "rejected", "failed", "limit", "text", "soft", "grid", "card", "accepted@48"}


def columns_of(run: Path) -> RunColumns:
    with read_run(run) as store:
        return read_columns(store)


def seen(
    folder: Path, outcomes: list[Outcome], limits: tuple[Limit, ...] = LIMITS
) -> tuple[RunColumns, Findings, dict[str, Figure]]:
    columns = columns_of(make_run(folder / "run", outcomes))
    found = findings(columns, limits)
    return columns, found, {one.name: one for one in plotly_figures(found, columns)}


def test_every_micrograph_is_counted_once_in_every_histogram(tmp_path: Path) -> None:
    columns, found, _ = seen(tmp_path, make_session(400))
    judged_ = columns.status != STATUSES.index("failed")
    for series in found.time_series:
        assert series.counts.sum() + series.off_axis + series.missing == judged_.sum(), series.quantity.name
        for row, status in enumerate(STATUSES[:2]):
            values = series.quantity.scale * columns.values[series.quantity.column][columns.status == row]
            inside = (values >= series.view[0]) & (values <= series.view[1])
            assert series.counts[row].sum() == inside.sum(), status


def test_reasons_are_counted_as_the_summary_of_the_store_counts_them(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", make_session(300))
    with decide_in(run) as decisions:
        decisions.judge([1], "rejected", "Ana")
        decisions.judge([2], "accepted", "Ana")
    with read_run(run) as store:
        counted = summary(one.outcome for one in store)
        found = findings(read_columns(store), LIMITS)
    by_criterion = {one.criterion: one.micrographs for one in found.rejections.reasons}
    assert by_criterion == dict(counted.rejected_by)
    assert found.progress is not None
    assert found.progress.finished.sum(axis=1).tolist() == [
        counted.accepted,
        counted.rejected,
        counted.failed,
    ]


def test_a_micrograph_with_two_reasons_counts_under_both_and_alone_under_none(tmp_path: Path) -> None:
    both = make_graded("both.mrc", make_plain_fit(astigmatism_A=4000.0), ice_ring=2.0)
    _, found, _ = seen(tmp_path, [both, make_graded("icy.mrc", ice_ring=2.0), make_graded("good.mrc")])
    counts = {one.criterion: (one.micrographs, one.alone) for one in found.rejections.reasons}
    assert counts == {"ice_ring": (2, 1), "astigmatism": (1, 0)}


def test_every_limit_is_drawn_where_the_profile_has_it(tmp_path: Path) -> None:
    _, found, figures = seen(tmp_path, make_session(300))
    by_criterion = {limit.criterion: limit for limit in LIMITS}
    drawn = 0
    for series in found.time_series:
        limit = by_criterion.get(series.quantity.criterion)
        layout = figures[series.quantity.name].layout
        lines = [shape["y0"] for shape in layout["shapes"] if shape["type"] == "line"]
        expected = (
            [] if limit is None else [one for one in (limit.at_least, limit.at_most) if math.isfinite(one)]
        )
        assert [bound.value for bound in series.bounds] == expected
        assert lines == [value for value in expected if series.view[0] <= value <= series.view[1]]
        assert len(layout["annotations"]) == len(expected)
        drawn += len(expected)
    assert drawn == 4


def test_a_limit_far_from_all_values_is_told_and_does_not_squeeze_them(tmp_path: Path) -> None:
    outcomes = [make_graded(f"{n}.mrc", make_plain_fit(astigmatism_A=100.0 + n)) for n in range(40)]
    _, found, figures = seen(tmp_path, outcomes)
    (series,) = (one for one in found.time_series if one.quantity.name == "astigmatism")
    assert series.view[1] < 3000.0
    (words,) = figures["astigmatism"].layout["annotations"]
    assert words["text"] == "limit ≤ 3000 ↑"
    assert "Limit ≤ 3000 Å, off this axis" in figures["astigmatism"].caption


def test_few_micrographs_are_all_drawn_and_named_by_their_number(tmp_path: Path) -> None:
    columns, _, figures = seen(tmp_path, make_session(60))
    for name in ("defocus", "astigmatism-vectors"):
        for trace, code in zip(
            (one for one in figures[name].data if "customdata" in one), (0, 1), strict=True
        ):
            assert trace["customdata"] == columns.number[columns.status == code].tolist()


@pytest.mark.slow
def test_many_micrographs_are_a_band_and_few_points(tmp_path: Path) -> None:
    count = MAX_POINTS + 300
    outcomes = [
        make_graded(f"{n}.mrc", make_plain_fit(10000.0 + n % 7), ice_ring=2.0 if n % 10 == 0 else 1.0)
        for n in range(count)
    ]
    _, found, figures = seen(tmp_path, outcomes)
    series = found.time_series[0]
    assert series.accepted.row.size + series.rejected.row.size <= MAX_POINTS
    (band,) = series.bands
    assert np.all((band.low <= band.median) & (band.median <= band.high))
    assert np.all((band.low >= 1.0) & (band.high <= 1.0006))
    assert f"{MAX_POINTS:,} shown as points" in figures["defocus"].caption


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_points_are_never_too_many_and_never_more_than_there_are(accepted: int, rejected: int) -> None:
    of_accepted, of_rejected = point_counts(accepted, rejected)
    assert 0 <= of_accepted <= accepted
    assert 0 <= of_rejected <= rejected
    assert of_accepted + of_rejected == min(accepted + rejected, MAX_POINTS)


def test_a_night_without_work_breaks_the_band() -> None:
    x = np.concatenate([np.arange(500.0), 5000.0 + np.arange(500.0)])
    before, after = bands(x, np.ones(1000))
    assert before.x.max() < 500.0
    assert after.x.min() >= 5000.0


@pytest.mark.parametrize(("gap_s", "timed"), [(6.0, True), (0.01, False)])
def test_times_of_copied_files_are_no_times_of_recording(
    tmp_path: Path, gap_s: float, *, timed: bool
) -> None:
    columns = columns_of(make_run(tmp_path / "run", make_session(50), gap_s=gap_s))
    assert findings(columns, LIMITS).time_series[0].order.timed is timed


@pytest.mark.slow
@given(st.lists(st.tuples(st.floats(1.0, 3000.0), st.floats(-89.9, 90.0)), min_size=1, max_size=30))
def test_the_mean_astigmatism_is_that_of_the_vectors(pairs: list[tuple[float, float]]) -> None:
    astigmatism_A, angle_deg = np.array(pairs).T
    status = np.zeros(len(pairs), dtype=np.int8)
    found = astigmatism_vectors(_columns(astigmatism_A, angle_deg, status), LIMITS)
    doubled = np.radians(2.0 * angle_deg)
    expected = complex(np.mean(astigmatism_A * np.cos(doubled)), np.mean(astigmatism_A * np.sin(doubled)))
    assert found.mean_A == pytest.approx(abs(expected), abs=1e-6)
    again = found.mean_A * np.exp(2j * np.radians(found.mean_angle_deg))
    assert abs(again - expected) < 1e-6 * max(1.0, found.mean_A)


def _columns(astigmatism_A: np.ndarray, angle_deg: np.ndarray, status: np.ndarray) -> RunColumns:
    count = len(status)
    nothing = np.zeros(count, dtype=bool)
    values = {"astigmatism_A": astigmatism_A, "angle_deg": angle_deg}
    names = tuple("ab"[:1] * count)
    return RunColumns(
        None, np.arange(count), names, names, status, np.zeros(count), nothing, nothing, values, {}
    )  # type: ignore[arg-type]


def test_the_rate_is_that_of_the_clock(tmp_path: Path) -> None:
    _, found, _ = seen(tmp_path, [make_graded(f"{n}.mrc") for n in range(721)])
    assert found.progress is not None
    assert found.progress.latest_per_hour == pytest.approx(360.0)
    assert found.progress.per_hour.sum(axis=0)[1:-1] == pytest.approx(360.0, rel=0.05)
    assert found.progress.total[:, -1].tolist() == [721, 0, 0]


def test_values_that_are_no_numbers_are_left_out_and_told(tmp_path: Path) -> None:
    lost = make_graded("lost.mrc", replace(make_plain_fit(), fit_resolution_A=math.inf))
    unknown = make_graded("unknown.mrc", ice_ring=math.nan)
    _, found, figures = seen(tmp_path, [make_graded("a.mrc"), make_graded("b.mrc"), lost, unknown])
    missing = {one.quantity.name: one.missing for one in found.time_series}
    assert missing == {"defocus": 0, "resolution": 1, "astigmatism": 0, "ice": 1, "score": 0}
    assert "1 without a value" in figures["resolution"].caption
    for figure in figures.values():
        json.dumps([figure.data, figure.layout], allow_nan=False)


def test_figures_of_nothing_and_of_failures_alone_are_few(tmp_path: Path) -> None:
    _, found, figures = seen(tmp_path / "empty", [])
    assert figures == {}
    assert found.rejections.reasons == ()
    _, _, figures = seen(tmp_path / "failed", [make_failed("a.mrc"), make_failed("b.mrc")])
    assert list(figures) == ["progress"]


def test_a_single_micrograph_is_drawn(tmp_path: Path) -> None:
    _, found, figures = seen(tmp_path, [make_graded("one.mrc")])
    assert set(figures) == {
        "progress",
        "defocus",
        "resolution",
        "astigmatism",
        "astigmatism-vectors",
        "ice",
        "score",
    }
    for series in found.time_series:
        assert series.counts.sum() == 1
        assert series.view[0] < series.view[1]


def test_titles_have_units_and_colours_are_names(tmp_path: Path) -> None:
    _, _, figures = seen(tmp_path, make_session(200))
    for figure in figures.values():
        assert "(" in figure.title or "micrographs" in figure.title, figure.title
        assert set(_colours([figure.data, figure.layout])) <= COLOURS


def _colours(value: object) -> list[str]:
    if isinstance(value, list):
        return [colour for item in value for colour in _colours(item)]
    if not isinstance(value, dict):
        return []
    own = [item for key, item in value.items() if key.endswith(("color", "colour")) and isinstance(item, str)]
    return own + [colour for item in value.values() for colour in _colours(item)]


def test_names_of_files_are_text_to_plotly_not_tags(tmp_path: Path) -> None:
    hostile = '<a href="javascript:x">x<b>&amp;.mrc'
    _, _, figures = seen(tmp_path, [make_graded(hostile), make_graded("fine.mrc")])
    text = json.dumps([one.data for one in figures.values()])
    assert "<a " not in text
    assert "&lt;a href=" in text
