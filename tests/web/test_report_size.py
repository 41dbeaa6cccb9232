"""A report of a large run can be sent by mail."""

from pathlib import Path

import pytest

from factories.stores import make_graded, make_run, make_session, write_spectra
from thonring.run.names import spectrum_path
from thonring.web.contact_sheet import MICROGRAPHS_PER_SHEET
from thonring.web.figures.downsampling import MAX_POINTS
from thonring.web.report.files import write_report
from thonring.web.report.page import thumbnail

LARGEST_BYTES = 10_000_000


@pytest.mark.slow
def test_ten_thousand_micrographs_are_less_than_ten_megabytes(tmp_path: Path) -> None:
    """Beyond MAX_POINTS a page does not grow, and pictures of noise are the largest there are."""
    run = make_run(tmp_path / "run", make_session(2 * MAX_POINTS))
    page = write_report(run, tmp_path / "out")[0]
    text = page.read_text(encoding="utf-8")
    assert "plotly.js v" in text
    assert "</script" not in text.partition("<script>")[2].partition("</script>")[0]
    noise = [make_graded("noise.mrc")]
    write_spectra(tmp_path, noise, 512)
    picture = thumbnail(spectrum_path(tmp_path, "noise"))
    assert picture.startswith("data:image/jpeg;base64,")
    assert page.stat().st_size + 3 * MICROGRAPHS_PER_SHEET * len(picture) < LARGEST_BYTES
