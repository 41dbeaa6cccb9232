"""A report as one page that needs nothing beside itself: no network, no script."""

import base64
import os
from collections.abc import Iterator
from html import escape
from importlib import resources
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from string import Template
from urllib.parse import quote

from matplotlib.figure import Figure

from thonring.evaluate import figures
from thonring.evaluate.accuracy_sheets import accuracy_sheets, wrong_sheets
from thonring.evaluate.comparison_sheets import comparison_sheets, differing_sheets
from thonring.evaluate.report import Report
from thonring.evaluate.sheet import Cell, Link, Sheet
from thonring.evaluate.verdict_sheets import confusion_sheet, criteria_sheets, group_sheets, limits_sheets

Section = tuple[str, str]
"""Title and HTML."""


def as_page(report: Report, folder: Path) -> str:
    """Write the page; links to pictures are relative to the folder where it will lie."""
    template = Template((resources.files("thonring.evaluate") / "page.html").read_text(encoding="utf-8"))
    parts = list(sections(report, folder))
    return template.substitute(
        title=escape("Evaluation of " + ", ".join(run.run.name for run in report.runs)),
        subtitle=escape(_subtitle(report)),
        notes="\n".join(f'<p class="note">{escape(note)}</p>' for note in report.notes),
        contents=" ".join(
            f'<a href="#s{place}">{escape(title)}</a>' for place, (title, _) in enumerate(parts)
        ),
        body="\n".join(
            f'<section id="s{place}"><h2>{escape(title)}</h2>\n{body}</section>'
            for place, (title, body) in enumerate(parts)
        ),
    )


def _subtitle(report: Report) -> str:
    question = report.question
    against = " and ".join(str(path) for path in (question.truth, question.labels) if path)
    return (
        f"{report.runs[0].confusion.total} micrographs against {against}; right up to "
        f"{question.tolerance_resolution_A:g} Å; Thonring {version('thonring')}"
    )


def sections(report: Report, folder: Path) -> Iterator[Section]:
    """Give what the page has below each of its headings; see `as_page`."""
    yield _section(confusion_sheet(report), folder)
    for sheet in comparison_sheets(report):
        yield _section(sheet, folder)
    if report.has_truth:
        yield "Errors against the truth", _errors_drawn(report)
    for sheet in chain(accuracy_sheets(report), group_sheets(report), criteria_sheets(report)):
        yield _section(sheet, folder)
    for run, sheet in zip([run for run in report.runs if run.curves], limits_sheets(report), strict=True):
        title, body = _section(sheet, folder)
        yield title, _figure(figures.threshold_figure(run), f"limits of {run.run.name}", "") + body
    for sheet in chain(wrong_sheets(report), differing_sheets(report)):
        yield _section(sheet, folder)


def _errors_drawn(report: Report) -> str:
    errors = _figure(
        figures.error_figure(report),
        "errors",
        "Largest error of the defocus over all directions, in units of the tolerance; above the dashed line an "
        "estimate is wrong. What has no estimate is not here.",
    )
    bars = _figure(
        figures.calibration_figure(report),
        "error bars",
        "Errors of accepted estimates in units of their own standard errors; those beyond 5 are drawn at 5.",
    )
    return errors + bars


def _figure(figure: Figure | None, name: str, caption: str) -> str:
    if figure is None:
        return ""
    drawn = base64.b64encode(figures.as_svg(figure, name)).decode("ascii")
    words = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f'<figure><img alt="{escape(name)}" src="data:image/svg+xml;base64,{drawn}">{words}</figure>\n'


def _section(sheet: Sheet, folder: Path) -> Section:
    caption = f'<p class="caption">{escape(sheet.caption)}</p>\n' if sheet.caption else ""
    if not sheet.rows:
        return sheet.title, caption
    head = "".join(
        f"<th{_class(sheet, place)}>{escape(name)}</th>" for place, name in enumerate(sheet.header)
    )
    rows = "\n".join(f"<tr>{''.join(_cells(sheet, row, folder))}</tr>" for row in sheet.rows)
    table = f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>"
    return sheet.title, f'<div class="scroll">{table}</div>\n{caption}'


def _cells(sheet: Sheet, row: tuple[Cell, ...], folder: Path) -> Iterator[str]:
    for place, cell in enumerate(row):
        content = _links(cell, folder) if isinstance(cell, Link) else escape(cell.strip())
        yield f"<td{_class(sheet, place, cell)}>{content}</td>"


def _class(sheet: Sheet, place: int, cell: Cell = "") -> str:
    words = ["word"] if place < sheet.texts else []
    if sheet.header[place] == "reasons":
        words.append("reasons")
    if isinstance(cell, str) and cell in {"TP", "FP", "FN", "TN"}:
        words.append(cell)
    if isinstance(cell, str) and cell.startswith("  "):
        words.append("inner")
    return f' class="{" ".join(words)}"' if words else ""


def _links(link: Link, folder: Path) -> str:
    return " ".join(
        f'<a href="{escape(quote(_relative(path, folder)))}">{escape(_kind(path))}</a>' for path in link.files
    )


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path.absolute(), folder.absolute())).as_posix()


def _kind(path: Path) -> str:
    """What a picture shows, from the end of its name."""
    return path.stem.rpartition("_")[2] if path.suffix == ".png" else f"spectrum ({path.suffix})"
