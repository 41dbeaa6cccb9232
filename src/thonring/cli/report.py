"""`thonring report`: a run as one page to keep and to send."""

from pathlib import Path
from typing import Annotated

import typer

from thonring.errors import ThonringError


def report(
    *,
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FOLDER", help="Folder for the report.", show_default="RUN/report"),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(
            "--truth", metavar="FILE", help="The truth.csv of `thonring simulate`: evaluate the run, too."
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels",
            metavar="FILE",
            help="A person's labels, as `thonring evaluate` takes them: evaluate the run, too.",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Tell errors only.")] = False,
) -> None:
    """Sum a run up in report.html: counts, reasons, figures with the limits, and the micrographs worth a look.

    The page needs nothing beside itself and opens offline; its figures are also written as PNG and SVG.
    """
    try:
        _perform(run, out or run / "report", truth, labels, quiet=quiet)
    except ThonringError as problem:
        typer.echo(f"thonring: {problem}", err=True)
        raise typer.Exit(2) from None


def _perform(run: Path, folder: Path, truth: Path | None, labels: Path | None, *, quiet: bool) -> None:
    from thonring.cli.perform_report import perform_report

    perform_report(run, folder, truth, labels, quiet=quiet)
