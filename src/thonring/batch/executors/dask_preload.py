"""Loaded by workers on this machine as they start: Ctrl-C is for the command, which ends them in order."""

import signal

from distributed import Worker


def dask_setup(_: Worker) -> None:
    """Leave Ctrl-C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
