"""`thonring report`: a run as one self-contained page, to archive or send."""

from pathlib import Path
from typing import Annotated

import typer

from thonring.cli import options as opt
from thonring.cli.console import error_exit
from thonring.errors import SettingsError

Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="FOLDER", help="Folder for the report.", show_default="RUN/report"),
]
Truth = Annotated[
    Path | None,
    typer.Option(
        "--truth", metavar="FILE", help="The truth.csv of `thonring simulate`: also evaluate the run."
    ),
]
Labels = Annotated[
    Path | None,
    typer.Option(
        "--labels",
        metavar="FILE",
        help="Manual labels, in the formats of `thonring evaluate`: also evaluate the run.",
    ),
]


def report(
    *,
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    out: Out = None,
    truth: Truth = None,
    labels: Labels = None,
    quiet: opt.PlainQuiet = False,
) -> None:
    """Summarise a run in report.html: counts, reasons, figures with their limits, and the micrographs worth a look.

    The page is self-contained and opens offline; its figures are also written as PNG and SVG.

    Exit codes: 0 done, 2 usage error, 130 or 143 interrupted: the figures that are finished are kept.
    """
    with error_exit():
        _report(run, out or run / "report", truth, labels, quiet=quiet)


def _report(run: Path, folder: Path, truth: Path | None, labels: Path | None, *, quiet: bool) -> None:
    """Write the report of a run into a folder, and print where it is.

    Raises
    ------
    ThonringError
        If the run cannot be read, the extra `web` is not installed, truth or labels do not fit, or a file
        cannot be written.
    """
    try:
        from thonring.web.report.files import write_report
        from thonring.web.report.page import plotly_script

        plotly_script()
    except ImportError as missing:
        raise SettingsError(
            f"`thonring report` needs {missing.name}, which is not installed: pip install 'thonring[web]'."
        ) from missing
    from thonring.evaluate.report import EvaluationRequest

    evaluation = EvaluationRequest((run,), truth, labels) if truth or labels else None
    try:
        page, *figures = write_report(run, folder, evaluation)
    except KeyboardInterrupt:
        typer.echo(
            f"thonring: interrupted: finished figures are in {folder / 'figures'}, report.html was not written. Run "
            "the same command again for the whole report.",
            err=True,
        )
        raise
    if not quiet:
        megabytes = page.stat().st_size / 1e6
        also = f", and {len(figures)} figures in {folder / 'figures'}" if figures else ""
        typer.echo(f"{run}: {page} ({megabytes:.1f} MB){also}")
