"""Loaded by local Dask workers at startup: they ignore Ctrl-C, since the command itself ends them."""

import signal

from distributed import Worker


def dask_setup(_: Worker) -> None:
    """Ignore SIGINT, which the terminal sends to the whole process group."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
