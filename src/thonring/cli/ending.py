"""How an error ends a command."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from thonring.batch.interrupts import signal_of
from thonring.errors import ThonringError

WRONG_USE = 2


@contextmanager
def error_exit() -> Iterator[None]:
    """End the command with exit code 2 and the error's message, or as a signal ends a program: 130, 143.

    Raises
    ------
    typer.Exit
        In the place of `ThonringError` and of Ctrl-C.
    """
    try:
        yield
    except ThonringError as problem:
        typer.echo(f"thonring: {problem}", err=True)
        raise typer.Exit(WRONG_USE) from None
    except KeyboardInterrupt as stop:
        raise typer.Exit(128 + signal_of(stop)) from None
