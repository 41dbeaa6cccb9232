"""The files of a report: report.html, and its figures as PNG and SVG."""

from collections.abc import Iterator
from pathlib import Path

from matplotlib.figure import Figure

from thonring.errors import OutputError
from thonring.evaluate.figures import as_svg
from thonring.evaluate.output import sections
from thonring.evaluate.report import EvaluationRequest, evaluate
from thonring.files.atomic import replacing, write_text
from thonring.plot.style import house_style
from thonring.web.report.data import read_report_data
from thonring.web.report.page import as_page
from thonring.web.report.pictures import pictures

DOTS_PER_INCH = 220


def write_report(run: Path, folder: Path, question: EvaluationRequest | None = None) -> tuple[Path, ...]:
    """Write report.html, and every figure in `folder`/figures as PNG and SVG; return their paths, the page first.

    Raises
    ------
    ThonringError
        If the run cannot be read, the evaluation is impossible, or a file cannot be written.
    """
    evaluation = () if question is None else tuple(sections(evaluate(question), folder))
    data = read_report_data(run)
    _create(folder / "figures")
    svgs: dict[str, bytes] = {}
    written: list[Path] = []
    for name, figure in pictures(data.findings):
        svgs[name] = as_svg(figure, name)
        written += _write_figure(figure, svgs[name], folder / "figures" / name)
    page = folder / "report.html"
    write_text(page, as_page(data, svgs, evaluation))
    return page, *written


def _create(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise OutputError(
            f"{folder}: cannot be created ({problem.strerror or problem}). Choose another folder with --out."
        ) from problem


def _write_figure(figure: Figure, svg: bytes, stem: Path) -> Iterator[Path]:
    svg_path, png_path = stem.with_suffix(".svg"), stem.with_suffix(".png")
    with replacing(svg_path) as temporary:
        temporary.write_bytes(svg)
    with replacing(png_path) as temporary, house_style():
        figure.savefig(temporary, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    yield svg_path
    yield png_path
