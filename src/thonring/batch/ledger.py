"""Results as they come in, kept in the order of their jobs and written now and then."""

import time
from collections.abc import Callable, Generator
from contextlib import closing
from typing import Generic, TypeVar

R = TypeVar("R")

WRITE_EVERY_S = 30.0


def keep(
    finished: Generator[tuple[int, R], None, None],
    tell: Callable[[R], None],
    write: Callable[[tuple[R, ...]], None],
    every_s: float,
) -> tuple[tuple[R, ...], bool]:
    """Call `tell` with each result, and `write` with all of them at the end and every so often before.

    `finished` gives results with the index of their jobs. Ctrl-C ends it early.

    Returns
    -------
    results, interrupted
        The results in the order of their jobs, all of them unless they were interrupted.
    """
    ledger = _Ledger(write, every_s)
    interrupted = False
    try:
        with closing(finished):
            for index, result in finished:
                ledger.add(index, result)
                tell(result)
    except KeyboardInterrupt:
        interrupted = True
    write(ledger.results)
    return ledger.results, interrupted


class _Ledger(Generic[R]):
    """The results so far and when they were last written."""

    def __init__(self, write: Callable[[tuple[R, ...]], None], every_s: float) -> None:
        self._write, self._every_s = write, every_s
        self._finished: dict[int, R] = {}
        self._written = time.monotonic()

    @property
    def results(self) -> tuple[R, ...]:
        return tuple(self._finished[index] for index in sorted(self._finished))

    def add(self, index: int, result: R) -> None:
        self._finished[index] = result
        if time.monotonic() - self._written >= self._every_s:
            self._write(self.results)
            self._written = time.monotonic()
