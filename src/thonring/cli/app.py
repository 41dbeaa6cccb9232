"""The command `thonring` and its sub-commands."""

from typing import Annotated

import typer

from thonring.cli.dataset import dataset
from thonring.cli.estimate import estimate
from thonring.cli.evaluate import compare, evaluate
from thonring.cli.export import export, export_cs
from thonring.cli.predict import predict
from thonring.cli.report import report
from thonring.cli.serve import serve
from thonring.cli.simulate import simulate
from thonring.cli.train import train
from thonring.cli.watch import watch

app = typer.Typer(
    name="thonring",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(requested: bool) -> None:
    if requested:
        from importlib.metadata import version

        typer.echo(f"thonring {version('thonring')}")
        raise typer.Exit


@app.callback()
def _thonring(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Estimate the CTF of electron micrographs, with error bars, and accept or reject each micrograph, with reasons."""


app.command()(estimate)
app.command()(watch)
app.command()(export)
app.command()(simulate)
app.command()(evaluate)
app.command()(compare)
app.command(name="export-cs")(export_cs)
app.add_typer(dataset)
app.add_typer(train)
app.command()(predict)
app.command()(report)
app.command()(serve)


def main() -> None:
    """Run the command line; ends the process with an exit code."""
    app()
