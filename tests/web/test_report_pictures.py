"""Pictures show what the page shows under the same titles; axes of dates have few ticks, in seconds or years."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from factories.stores import LIMITS, make_run, make_session
from thonring.run.columns import read_columns
from thonring.run.open import read_run
from thonring.web.figures import findings, plotly_figures
from thonring.web.report.pictures import date_axis, pictures

HOUR = 1 / 24


@pytest.mark.parametrize(
    "days", [30 / 86400, 0.1 * HOUR, HOUR, 5 * HOUR, 11 * HOUR, 1.7, 2.9, 3.6, 12.0, 45.0, 200.0, 900.0]
)
def test_dates_have_two_to_nine_ticks_and_no_complaint(days: float) -> None:
    axes = Figure(figsize=(4.8, 2.9)).subplots()
    axes.plot([20_000.3, 20_000.3 + days], [0.0, 1.0])
    date_axis(axes)
    low, high = axes.get_xlim()
    ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
    assert 2 <= len(ticks) <= 9
    assert all(axes.xaxis.get_major_formatter().format_ticks(ticks))


@pytest.mark.slow
def test_pictures_have_the_names_and_titles_of_the_figures_on_the_page(tmp_path: Path) -> None:
    with read_run(make_run(tmp_path / "run", make_session(60))) as store:
        columns = read_columns(store)
    found = findings(columns, LIMITS)
    titles = {one.name: one.title for one in plotly_figures(found, columns)}
    drawn = dict(pictures(found))
    assert list(drawn) == list(titles)
    for name, picture in drawn.items():
        texts = [picture.get_suptitle(), *(axes.get_title("left") for axes in picture.axes)]
        assert any(text.startswith(titles[name]) for text in texts), name
