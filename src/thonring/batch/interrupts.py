"""An end from outside, as by a batch system or the machine's shutdown, treated as Ctrl-C is."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Terminated(KeyboardInterrupt):
    """SIGTERM came."""


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM end the block by raising `Terminated`, once: what is then put in order is not disturbed again.

    Only the main thread of a process can be told of signals; in another one nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def handlers_kept() -> Iterator[None]:
    """Undo what the block does to Ctrl-C."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is not before:
            signal.signal(signal.SIGINT, before)


def signal_of(stop: KeyboardInterrupt) -> signal.Signals:
    """The signal behind an interruption."""
    return signal.SIGTERM if isinstance(stop, Terminated) else signal.SIGINT


def _terminate(number: int, _: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise Terminated
