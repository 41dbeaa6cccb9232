"""Axes of dates have few ticks, whether a run took seconds or years."""

import pytest
from matplotlib.figure import Figure

from thonring.web.report.pictures import date_axis

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
