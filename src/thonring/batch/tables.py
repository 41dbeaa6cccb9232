"""The tables of a run, written from its store now and then."""

import time
from collections.abc import Callable

from thonring.batch.ledger import WRITE_EVERY_S
from thonring.results import Store, write_run_tables

WRITING_SHARE = 0.05
"""Tables of a large run take long to write: no more than this part of the time goes into them."""


class Tables:
    """When they were last written, how long that took, and whether the store has more since.

    `clock_s` gives seconds that never go back.
    """

    def __init__(self, store: Store, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._store, self._clock_s = store, clock_s
        self._written, self._took_s = clock_s(), 0.0
        self._outdated = False

    def outdated(self) -> None:
        """The store has more than they."""
        self._outdated = True

    def write_if_time(self) -> None:
        """Write them if they are outdated, and it is not too soon after the last time.

        Raises
        ------
        OutputError
            If one cannot be written.
        """
        pause_s = max(WRITE_EVERY_S, self._took_s / WRITING_SHARE)
        if self._outdated and self._clock_s() - self._written >= pause_s:
            self.write()

    def write(self) -> None:
        """Write them.

        Raises
        ------
        OutputError
            If one cannot be written.
        """
        began = self._clock_s()
        write_run_tables(self._store)
        self._written = self._clock_s()
        self._took_s = self._written - began
        self._outdated = False
