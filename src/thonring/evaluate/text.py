"""A report as text: the same tables for the terminal and for evaluation.txt."""

import io
from collections.abc import Iterable, Iterator
from itertools import chain

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from thonring.evaluate.accuracy_sheets import accuracy_sheets, wrong_sheets
from thonring.evaluate.comparison_sheets import comparison_sheets, differing_sheets
from thonring.evaluate.report import Report
from thonring.evaluate.sheet import Link, Sheet
from thonring.evaluate.verdict_sheets import confusion_sheet, criteria_sheets, group_sheets, limits_sheets

WIDTH = 150


def sheets(report: Report) -> Iterator[Sheet]:
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


def printed(notes: Iterable[str], tables: Iterable[Sheet]) -> str:
    """Notes, then tables, in lines of at most `WIDTH` characters."""
    stream = io.StringIO()
    console = Console(file=stream, width=WIDTH, color_system=None, highlight=False)
    for note in notes:
        console.print(f"note: {note}", markup=False)
    for sheet in tables:
        print_sheet(sheet, console)
    return stream.getvalue()


def print_sheet(sheet: Sheet, console: Console) -> None:
    """Print one table with its title above and its caption below; links are for the page only."""
    columns = [
        column
        for column in range(len(sheet.header))
        if not any(isinstance(row[column], Link) for row in sheet.rows)
    ]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    for column in columns:
        table.add_column(
            escape(sheet.header[column]),
            justify="left" if column < sheet.texts else "right",
            no_wrap=sheet.header[column] != "reasons",
        )
    for row in sheet.rows:
        table.add_row(*(escape(str(row[column])) for column in columns))
    console.print()
    console.print(sheet.title, style="bold", markup=False)
    if sheet.rows:
        console.print(table)
    if sheet.caption:
        console.print(sheet.caption, style="dim", markup=False)
