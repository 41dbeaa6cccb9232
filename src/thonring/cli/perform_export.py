"""A run written as other programs read it, and the user told where."""

import typer

from thonring.cli.request import ExportRequest
from thonring.formats.run_tables import Exported, create_folder, export
from thonring.run.open import read_run


def perform(request: ExportRequest) -> None:
    """Write what was asked for.

    Raises
    ------
    ThonringError
        If there is no run, or nothing can be written.
    """
    with read_run(request.run) as store:
        create_folder(request.out)
        exported = export(store, request.formats, request.out)
        if not request.quiet:
            _tell(exported, len(store))


def _tell(exported: Exported, micrographs: int) -> None:
    typer.echo(f"micrographs in the run: {micrographs}")
    for path in exported.tables:
        typer.echo(f"written: {path}")
    if exported.texts:
        typer.echo(f"written: {exported.texts} texts in {exported.texts_folder}")
