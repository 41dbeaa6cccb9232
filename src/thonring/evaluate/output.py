"""An evaluation as text, JSON and an HTML page, and the folder with all three."""

import base64
import io
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from html import escape
from importlib import metadata, resources
from itertools import chain
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

import numpy as np
import rich.markup
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from thonring.errors import OutputError
from thonring.evaluate import figures, tables
from thonring.evaluate.accuracy import Coverage
from thonring.evaluate.matching import Pair
from thonring.evaluate.report import Report, RunReport
from thonring.evaluate.tables import Link, ReportTable
from thonring.evaluate.verdicts import Comparison, Confusion
from thonring.files.atomic import write_text

WIDTH = 150
"""Longest line of the text, in characters."""

Section = tuple[str, str]
"""Title and HTML."""

PROPERTIES: Mapping[type, tuple[str, ...]] = {
    Confusion: ("precision", "precision_interval", "recall", "recall_interval", "f1", "mcc", "mcc_interval"),
    Coverage: ("share", "interval"),
    Comparison: ("chance",),
}
"""Properties of a record that the JSON has in addition to its fields."""

PAIR_PROPERTIES = (
    *("kind", "positive", "right"),
    *("mean_error_A", "largest_error_A", "tolerance_A", "astigmatism_error_A"),
)


def write_evaluation(report: Report, folder: Path) -> tuple[Path, ...]:
    """Write evaluation.txt, evaluation.json and evaluation.html; the folder may exist.

    Raises
    ------
    OutputError
        If the folder cannot be created or a file cannot be written.
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


def as_text(report: Report) -> str:
    """Notes and all tables, in lines of at most `WIDTH` characters."""
    return text_of(report.notes, tables.report_tables(report))


def text_of(notes: Iterable[str], report_tables: Iterable[ReportTable]) -> str:
    """Notes, then tables, in lines of at most `WIDTH` characters."""
    stream = io.StringIO()
    console = Console(file=stream, width=WIDTH, color_system=None, highlight=False)
    for note in notes:
        console.print(f"note: {note}", markup=False)
    for table in report_tables:
        _print_table(table, console)
    return stream.getvalue()


def _print_table(table: ReportTable, console: Console) -> None:
    """Print one table with its title above and its caption below, without links."""
    columns = [
        column
        for column in range(len(table.header))
        if not any(isinstance(row[column], Link) for row in table.rows)
    ]
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    for column in columns:
        grid.add_column(
            rich.markup.escape(table.header[column]),
            justify="left" if column < table.texts else "right",
            no_wrap=table.header[column] != "reasons",
        )
    for row in table.rows:
        grid.add_row(*(rich.markup.escape(str(row[column])) for column in columns))
    console.print()
    console.print(table.title, style="bold", markup=False)
    if table.rows:
        console.print(grid)
    if table.caption:
        console.print(table.caption, style="dim", markup=False)


def as_json(report: Report) -> str:
    """All numbers of a report, and those of each micrograph in each run."""
    files = [pair.reference.file for pair in report.runs[0].pairs]
    content = {
        "thonring": metadata.version("thonring"),
        "question": _plain(report.request),
        "notes": list(report.notes),
        "runs": [_run(run) for run in report.runs],
        "comparisons": [
            _plain(comparison) | {"differing": [files[index] for index in comparison.differing]}
            for comparison in report.comparisons
        ],
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def _run(report: RunReport) -> dict[str, Any]:
    numbers = {
        entry.name: _plain(getattr(report, entry.name))
        for entry in fields(report)
        if entry.name not in {"run", "pairs", "to_review"}
    }
    return {
        "name": report.run.name,
        "path": str(report.run.path),
        "judges": report.run.judges,
        **numbers,
        "worth_a_look": [pair.reference.file for pair in report.to_review],
        "micrographs": [_micrograph(pair) for pair in report.pairs],
    }


def _micrograph(pair: Pair) -> dict[str, Any]:
    truth = pair.reference.truth
    return {
        "file": pair.reference.file,
        "usable": pair.reference.usable,
        "defect": None if truth is None else truth.defect,
        "status": pair.result.status,
        "failed_criteria": _plain(pair.result.failed),
        "estimate": _plain(pair.result.estimate),
        **{name: _plain(getattr(pair, name)) for name in PAIR_PROPERTIES},
    }


def _plain(value: object) -> Any:  # noqa: ANN401 - JSON has several types
    """The value in JSON's types; NaN and infinities become null."""
    if is_dataclass(value) and not isinstance(value, type):
        names = (*(entry.name for entry in fields(value)), *PROPERTIES.get(type(value), ()))
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, Path) else value


def as_page(report: Report, folder: Path) -> str:
    """The page; its links to pictures are relative to `folder`, in which it will be stored."""
    template = Template((resources.files("thonring.evaluate") / "page.html").read_text(encoding="utf-8"))
    parts = list(sections(report, folder))
    return template.substitute(
        title=escape("Evaluation of " + ", ".join(run.run.name for run in report.runs)),
        subtitle=escape(_subtitle(report)),
        notes="\n".join(f'<p class="note">{escape(note)}</p>' for note in report.notes),
        contents=" ".join(
            f'<a href="#s{number}">{escape(title)}</a>' for number, (title, _) in enumerate(parts)
        ),
        body="\n".join(
            f'<section id="s{number}"><h2>{escape(title)}</h2>\n{body}</section>'
            for number, (title, body) in enumerate(parts)
        ),
    )


def _subtitle(report: Report) -> str:
    request = report.request
    against = " and ".join(str(path) for path in (request.truth, request.labels) if path)
    return (
        f"{report.runs[0].confusion.total} micrographs compared with {against}; correct up to "
        f"{request.tolerance_resolution_A:g} Å; Thonring {metadata.version('thonring')}"
    )


def sections(report: Report, folder: Path) -> Iterator[Section]:
    """Tables and figures of the page, each below its title; links as in `as_page`."""
    for table in (tables.confusion_table(report), *tables.comparison_tables(report)):
        yield _section(table, folder)
    if report.has_truth:
        yield "Errors against the truth", _error_figures(report)
    for table in chain(
        tables.accuracy_tables(report), tables.group_tables(report), tables.criteria_tables(report)
    ):
        yield _section(table, folder)
    with_limits = [run for run in report.runs if run.curves]
    for run, table in zip(with_limits, tables.limits_tables(report), strict=True):
        title, body = _section(table, folder)
        yield title, _figure(figures.threshold_figure(run), f"limits of {run.run.name}", "") + body
    for table in chain(tables.review_tables(report), tables.differing_tables(report)):
        yield _section(table, folder)


def _error_figures(report: Report) -> str:
    errors = _figure(
        figures.error_figure(report),
        "errors",
        "Largest defocus error over all directions, in units of the tolerance; estimates above the dashed line are "
        "wrong. Micrographs without an estimate are not shown.",
    )
    bars = _figure(
        figures.calibration_figure(report),
        "error bars",
        "Errors of accepted estimates in units of their standard errors; values beyond 5 are drawn at 5.",
    )
    return errors + bars


def _figure(figure: Figure | None, name: str, caption: str) -> str:
    if figure is None:
        return ""
    svg = base64.b64encode(figures.as_svg(figure, name)).decode("ascii")
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f'<figure><img alt="{escape(name)}" src="data:image/svg+xml;base64,{svg}">{below}</figure>\n'


def _section(table: ReportTable, folder: Path) -> Section:
    caption = f'<p class="caption">{escape(table.caption)}</p>\n' if table.caption else ""
    if not table.rows:
        return table.title, caption
    head = "".join(
        f"<th{_class(table, column)}>{escape(name)}</th>" for column, name in enumerate(table.header)
    )
    rows = "\n".join(f"<tr>{''.join(_cells(table, row, folder))}</tr>" for row in table.rows)
    html = f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>"
    return table.title, f'<div class="scroll">{html}</div>\n{caption}'


def _cells(table: ReportTable, row: tuple[tables.Cell, ...], folder: Path) -> Iterator[str]:
    for column, cell in enumerate(row):
        content = _links(cell, folder) if isinstance(cell, Link) else escape(cell.strip())
        yield f"<td{_class(table, column, cell)}>{content}</td>"


def _class(table: ReportTable, column: int, cell: tables.Cell = "") -> str:
    """The `class` attribute of a cell, by the rules of page.html."""
    names = ["word"] if column < table.texts else []
    if table.header[column] == "reasons":
        names.append("reasons")
    if isinstance(cell, str) and cell in {"TP", "FP", "FN", "TN"}:
        names.append(cell)
    if isinstance(cell, str) and cell.startswith("  "):
        names.append("inner")
    return f' class="{" ".join(names)}"' if names else ""


def _links(link: Link, folder: Path) -> str:
    return " ".join(
        f'<a href="{escape(quote(_relative(path, folder)))}">{escape(_kind(path))}</a>' for path in link.files
    )


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path.absolute(), folder.absolute())).as_posix()


def _kind(path: Path) -> str:
    """What a picture shows, by the ending of its name."""
    return path.stem.rpartition("_")[2] if path.suffix == ".png" else f"spectrum ({path.suffix})"
