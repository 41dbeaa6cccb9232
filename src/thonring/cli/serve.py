"""`thonring serve`: a run in the browser."""

import socket
from pathlib import Path
from typing import Annotated

import typer

from thonring.batch.threads import one_thread_each, return_freed_memory
from thonring.cli.console import error_exit
from thonring.errors import SettingsError


def serve(
    *,
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 for any free port.")] = 8765,
) -> None:
    """Show a run in the browser, follow its progress, and record manual verdicts and estimates.

    Only this machine can reach the server unless --host is given; then viewing needs the token too, which is part of
    the printed address. Press Ctrl-C to stop it.

    Exit codes: 2 usage error, 130 or 143 stopped by Ctrl-C or SIGTERM, after the requests in progress.
    """
    one_thread_each()
    return_freed_memory()
    with error_exit():
        _serve(run, host, port)


def _serve(run: Path, host: str, port: int) -> None:
    """Read the run, bind a socket, print the address and serve until Ctrl-C or SIGTERM.

    Raises
    ------
    ThonringError
        If the run has no database, the extra `web` is not installed, or the address cannot be bound.
    """
    try:
        from thonring.web import server
        from thonring.web.app import create_app
        from thonring.web.auth import Access
        from thonring.web.run_view import RunView
    except ImportError as missing:
        raise SettingsError(
            f"`thonring serve` needs {missing.name}, which is not installed: pip install 'thonring[web]'."
        ) from missing
    view = RunView(run)
    view.columns()
    with _listening_socket(host, port) as bound:
        access = Access(host, bound.getsockname()[1])
        typer.echo(f"{run}: open {access.address} in a browser")
        if not access.loopback:
            typer.echo(
                "Anyone with this address can view the run and change decisions; the connection is not encrypted."
            )
        # The requests in progress are finished, then the signal is raised again: error_exit makes its exit code.
        server.serve(create_app(view, access), bound)


def _listening_socket(host: str, port: int) -> socket.socket:
    """Bind a socket. With its protocol named, asyncio sends small answers at once, not 40 ms later."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen()
    except OSError as problem:
        raise SettingsError(
            f"--host {host} --port {port}: cannot bind to this address ({problem.strerror or problem}). Choose another "
            "port, or 0 for any free port."
        ) from problem
    return bound
