"""Ctrl-C and SIGTERM (sent by a batch system, or at the machine's shutdown), treated alike.

Both are raised as `KeyboardInterrupt`, so that open resources are closed. A run catches it, writes what is
finished and ends with the exit code of the signal, 130 or 143.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Terminated(KeyboardInterrupt):
    """SIGTERM arrived."""


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM end the block by raising `Terminated`, once: the cleanup that follows is not interrupted again.

    Python handles signals in the main thread of a process only; in another thread nothing is changed.
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
def interrupts_deferred() -> Iterator[None]:
    """Let the block finish before Ctrl-C or SIGTERM take effect, so that a result is kept whole or not at all.

    An error in the block takes precedence over a signal. A signal that the process ignores stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    deferred = {number: handler for number, handler in handlers.items() if callable(handler)}
    arrived: list[int] = []
    for number in deferred:
        signal.signal(number, lambda number, _: arrived.append(number))
    try:
        yield
    finally:
        for number, handler in deferred.items():
            signal.signal(number, handler)
    for signal_number in arrived:
        signal.raise_signal(signal_number)


@contextmanager
def handlers_kept() -> Iterator[None]:
    """Restore the handler of Ctrl-C after the block."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is not before:
            signal.signal(signal.SIGINT, before)


def signal_of(stop: BaseException) -> signal.Signals:
    """The signal behind an interruption, also where a library has turned it into an exception of its own."""
    cause: BaseException | None = stop
    while cause is not None:
        if isinstance(cause, Terminated):
            return signal.SIGTERM
        cause = cause.__cause__ or cause.__context__
    return signal.SIGINT


def _terminate(number: int, _: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise Terminated
