"""A run as the page sees it: followed while another process adds to it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thonring.run.columns import RunColumns, read_columns
from thonring.run.decisions import Decisions
from thonring.run.open import STORE, decide_in, read_run
from thonring.run.provenance import limits_of
from thonring.run.store import Store
from thonring.settings import Limit
from thonring.web.measurement_cache import MeasurementCache


class RunView:
    """A run folder, opened anew for every reading and for every decision, so that nothing is held in between.

    Only the columns of the run stay in memory, and follow it until its folder is made anew; and on the `workbench`
    the few micrographs that were looked at last. Methods may be called from several threads.
    """

    def __init__(self, run: Path) -> None:
        self.run = run
        self.workbench = MeasurementCache()
        self._columns: RunColumns | None = None
        self._file = (0, 0)
        self._following = threading.Lock()

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Read the run.

        Raises
        ------
        OutputError
            If it cannot be read.
        """
        with read_run(self.run) as store:
            yield store

    @contextmanager
    def decisions(self) -> Iterator[Decisions]:
        """Read and add what people decide.

        Raises
        ------
        OutputError
            If the run cannot be read or written.
        """
        with decide_in(self.run) as decisions:
            yield decisions

    def columns(self) -> RunColumns:
        """Every finished micrograph as of now.

        Raises
        ------
        OutputError
            If the run cannot be read.
        """
        with self._following, self.store() as store:
            file = (self.run / STORE).stat()
            if (file.st_dev, file.st_ino) != self._file:
                self._file, self._columns = (file.st_dev, file.st_ino), None
            self._columns = read_columns(store, self._columns)
            return self._columns


@dataclass(frozen=True, slots=True)
class RunSettings:
    """Settings of the micrograph finished last, by name, its limits, and the version of the program."""

    settings: dict[str, Any]
    limits: tuple[Limit, ...]
    thonring: str


def run_settings(store: Store) -> RunSettings:
    """Read the settings of a run; one without micrographs has none.

    Raises
    ------
    OutputError
        If the store cannot be read.
    """
    processing = store.last_processing()
    if processing is None:
        return RunSettings({}, (), "")
    settings = json.loads(processing.settings)
    del settings["limits"]
    return RunSettings(settings, limits_of(processing.settings), processing.thonring)
