"""`thonring serve`: a run in the browser."""

from pathlib import Path
from typing import Annotated

import typer

from thonring.batch.threads import return_freed_memory, one_thread_each
from thonring.errors import ThonringError


def serve(
    *,
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    host: Annotated[str, typer.Option("--host", help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0: any that is free.")] = 8765,
) -> None:
    """Show a run in the browser, follow it while it grows, and take verdicts and estimates by hand.

    Only this machine can reach it unless another --host is given; then looking needs the token, too, which is
    in the address that is printed. Ctrl-C ends it.
    """
    one_thread_each()
    return_freed_memory()
    try:
        _perform(run, host, port)
    except ThonringError as problem:
        typer.echo(f"thonring: {problem}", err=True)
        raise typer.Exit(2) from None


def _perform(run: Path, host: str, port: int) -> None:
    from thonring.cli.perform_serve import perform_serve

    perform_serve(run, host, port)
