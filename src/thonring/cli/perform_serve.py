"""The server started: the run read, a socket bound, the address told."""

import logging
import socket
from pathlib import Path

import typer

from thonring.errors import SettingsError


def perform_serve(run: Path, host: str, port: int) -> None:
    """Serve a run until Ctrl-C or SIGTERM.

    Raises
    ------
    ThonringError
        If the run has no store, the extra `web` is not installed, or the address cannot be had.
    """
    try:
        import uvicorn

        from thonring.web.app import create_app
        from thonring.web.auth import Access
        from thonring.web.run_view import RunView
    except ImportError as missing:
        raise SettingsError(
            f"`thonring serve` needs {missing.name}, which is not installed: pip install 'thonring[web]'."
        ) from missing
    view = RunView(run)
    view.columns()
    with _listening(host, port) as bound:
        access = Access(host, bound.getsockname()[1])
        typer.echo(f"{run}: open {access.address}")
        if not access.loopback:
            typer.echo(
                "Who has this address may look and decide; what passes over the network is not encrypted."
            )
        logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(view, access),
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=5,
            )
        )
        server.run(sockets=[bound])


def _listening(host: str, port: int) -> socket.socket:
    """Bind a socket. With its protocol named, asyncio sends small answers at once, not 40 ms later."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen()
    except OSError as problem:
        raise SettingsError(
            f"--host {host} --port {port}: cannot be listened at ({problem.strerror or problem}). Choose another "
            "port, or 0 for any that is free."
        ) from problem
    return bound
