"""The files of an evaluation."""

import base64
import io
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from html import escape
from importlib import resources
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.markup import escape as escape_markup
from rich.table import Table

from thonring.errors import OutputError
from thonring.evaluate import figures
from thonring.evaluate.accuracy import Coverage
from thonring.evaluate.agreement import Comparison
from thonring.evaluate.matching import Pair
from thonring.evaluate.report import Report, RunReport
from thonring.evaluate.tables import (
    Cell,
    Link,
    ReportTable,
    accuracy_sheets,
    comparison_sheets,
    confusion_sheet,
    criteria_sheets,
    differing_sheets,
    group_sheets,
    limits_sheets,
    wrong_sheets,
)
from thonring.evaluate.verdicts import Confusion
from thonring.files.atomic import write_text

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


def _section(sheet: ReportTable, folder: Path) -> Section:
    caption = f'<p class="caption">{escape(sheet.caption)}</p>\n' if sheet.caption else ""
    if not sheet.rows:
        return sheet.title, caption
    head = "".join(
        f"<th{_class(sheet, place)}>{escape(name)}</th>" for place, name in enumerate(sheet.header)
    )
    rows = "\n".join(f"<tr>{''.join(_cells(sheet, row, folder))}</tr>" for row in sheet.rows)
    table = f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>"
    return sheet.title, f'<div class="scroll">{table}</div>\n{caption}'


def _cells(sheet: ReportTable, row: tuple[Cell, ...], folder: Path) -> Iterator[str]:
    for place, cell in enumerate(row):
        content = _links(cell, folder) if isinstance(cell, Link) else escape(cell.strip())
        yield f"<td{_class(sheet, place, cell)}>{content}</td>"


def _class(sheet: ReportTable, place: int, cell: Cell = "") -> str:
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


DERIVED: Mapping[type, tuple[str, ...]] = {
    Confusion: ("precision", "precision_interval", "recall", "recall_interval", "f1", "mcc", "mcc_interval"),
    Coverage: ("share", "interval"),
    Comparison: ("chance",),
}
"""Properties that are written beside the fields of a record."""

PAIR = ("kind", "positive", "right", "mean_error_A", "largest_error_A", "tolerance_A", "astigmatism_error_A")


def as_json(report: Report) -> str:
    """All numbers of a report, and those of each micrograph in each run."""
    content = {
        "thonring": version("thonring"),
        "question": _plain(report.question),
        "notes": list(report.notes),
        "runs": [_run(run) for run in report.runs],
        "comparisons": [
            _plain(one) | {"differing": [report.runs[0].pairs[place].subject.file for place in one.differing]}
            for one in report.comparisons
        ],
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def _run(report: RunReport) -> dict[str, Any]:
    left_out = {"run", "pairs", "worth_a_look"}
    found = {
        entry.name: _plain(getattr(report, entry.name))
        for entry in fields(report)
        if entry.name not in left_out
    }
    return {
        "name": report.run.name,
        "path": str(report.run.path),
        "judges": report.run.judges,
        **found,
        "worth_a_look": [pair.subject.file for pair in report.worth_a_look],
        "micrographs": [_pair(pair) for pair in report.pairs],
    }


def _pair(pair: Pair) -> dict[str, Any]:
    truth = pair.subject.truth
    return {
        "file": pair.subject.file,
        "usable": pair.subject.usable,
        "defect": None if truth is None else truth.defect,
        "status": pair.result.status,
        "failed_criteria": _plain(pair.result.failed),
        "estimate": _plain(pair.result.estimate),
        **{name: _plain(getattr(pair, name)) for name in PAIR},
    }


def _plain(value: object) -> Any:  # noqa: ANN401 - JSON is any of its kinds
    if is_dataclass(value) and not isinstance(value, type):
        names = (*(entry.name for entry in fields(value)), *DERIVED.get(type(value), ()))
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, Path) else value


WIDTH = 150


def sheets(report: Report) -> Iterator[ReportTable]:
    """Every table of a report, in the order in which it is read."""
    yield confusion_sheet(report)
    yield from chain(
        comparison_sheets(report),
        accuracy_sheets(report),
        group_sheets(report),
        criteria_sheets(report),
        limits_sheets(report),
        wrong_sheets(report),
        differing_sheets(report),
    )


def as_text(report: Report) -> str:
    """Notes and all tables, in lines of at most `WIDTH` characters."""
    return printed(report.notes, sheets(report))


def printed(notes: Iterable[str], tables: Iterable[ReportTable]) -> str:
    """Notes, then tables, in lines of at most `WIDTH` characters."""
    stream = io.StringIO()
    console = Console(file=stream, width=WIDTH, color_system=None, highlight=False)
    for note in notes:
        console.print(f"note: {note}", markup=False)
    for sheet in tables:
        print_sheet(sheet, console)
    return stream.getvalue()


def print_sheet(sheet: ReportTable, console: Console) -> None:
    """Print one table with its title above and its caption below; links are for the page only."""
    columns = [
        column
        for column in range(len(sheet.header))
        if not any(isinstance(row[column], Link) for row in sheet.rows)
    ]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    for column in columns:
        table.add_column(
            escape_markup(sheet.header[column]),
            justify="left" if column < sheet.texts else "right",
            no_wrap=sheet.header[column] != "reasons",
        )
    for row in sheet.rows:
        table.add_row(*(escape_markup(str(row[column])) for column in columns))
    console.print()
    console.print(sheet.title, style="bold", markup=False)
    if sheet.rows:
        console.print(table)
    if sheet.caption:
        console.print(sheet.caption, style="dim", markup=False)


def write_evaluation(report: Report, folder: Path) -> tuple[Path, ...]:
    """Write evaluation.txt, evaluation.json and evaluation.html; a folder that exists is used as it is.

    Raises
    ------
    OutputError
        If the folder cannot be made or a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise OutputError(
            f"{folder}: cannot be created ({problem.strerror or problem}). Choose another folder with --out."
        ) from problem
    contents = {
        "evaluation.txt": as_text(report),
        "evaluation.json": as_json(report),
        "evaluation.html": as_page(report, folder),
    }
    for name, text in contents.items():
        write_text(folder / name, text)
    return tuple(folder / name for name in contents)
