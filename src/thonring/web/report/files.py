"""The files of a report."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from thonring.errors import OutputError
from thonring.evaluate.figures import as_svg
from thonring.evaluate.output import sections
from thonring.evaluate.report import EvaluationRequest, evaluate
from thonring.files.atomic import replacing, write_text
from thonring.plot.style import house_style
from thonring.web.report.data import gather
from thonring.web.report.page import Section, as_page
from thonring.web.report.pictures import pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOTS_PER_INCH = 220


def write_report(run: Path, folder: Path, question: EvaluationRequest | None = None) -> tuple[Path, ...]:
    """Write report.html, and every figure in `folder`/figures as PNG and SVG.

    Raises
    ------
    ThonringError
        If the run cannot be read, the question not be answered, or a file not be written.
    """
    evaluation = () if question is None else tuple(_evaluation(question, folder))
    seen = gather(run)
    _create(folder / "figures")
    drawn: dict[str, bytes] = {}
    written: list[Path] = []
    for name, figure in pictures(seen.findings):
        drawn[name] = as_svg(figure, name)
        written += _write_figure(figure, drawn[name], folder / "figures" / name)
    page = folder / "report.html"
    write_text(page, as_page(seen, drawn, evaluation))
    return page, *written


def _evaluation(question: EvaluationRequest, folder: Path) -> Iterator[Section]:
    report = evaluate(question)
    yield from sections(report, folder)


def _create(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise OutputError(
            f"{folder}: cannot be created ({problem.strerror or problem}). Choose another folder with --out."
        ) from problem


def _write_figure(figure: "Figure", svg: bytes, stem: Path) -> Iterator[Path]:
    as_vector, as_pixels = stem.with_suffix(".svg"), stem.with_suffix(".png")
    with replacing(as_vector) as temporary:
        temporary.write_bytes(svg)
    with replacing(as_pixels) as temporary, house_style():
        figure.savefig(temporary, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    yield as_vector
    yield as_pixels
