"""The report written, and where it is told."""

from pathlib import Path

import typer

from thonring.errors import SettingsError
from thonring.evaluate.report import EvaluationRequest


def perform_report(run: Path, folder: Path, truth: Path | None, labels: Path | None, *, quiet: bool) -> None:
    """Write the report of a run into a folder.

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
    question = EvaluationRequest((run,), truth, labels) if truth or labels else None
    page, *figures = write_report(run, folder, question)
    if not quiet:
        megabytes = page.stat().st_size / 1e6
        also = f", and {len(figures)} pictures in {folder / 'figures'}" if figures else ""
        typer.echo(f"{run}: {page} ({megabytes:.1f} MB){also}")
