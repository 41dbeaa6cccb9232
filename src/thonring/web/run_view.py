"""The run as shown on the page: kept up to date while another process adds to it."""

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
    """A run folder, whose database is opened for each access, so that no connection stays open in between.

    Only the columns of the run stay in memory, and are updated until its database is replaced; and in `measurements`
    the few micrographs shown last. Methods may be called from several threads.
    """

    def __init__(self, run: Path) -> None:
        self.run = run
        self.measurements = MeasurementCache()
        self._columns: RunColumns | None = None
        self._database_id = (0, 0)
        self._lock = threading.Lock()

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Open the run for reading.

        Raises
        ------
        OutputError
            If it cannot be read.
        """
        with read_run(self.run) as store:
            yield store

    @contextmanager
    def decisions(self) -> Iterator[Decisions]:
        """Open the run for reading and adding manual decisions.

        Raises
        ------
        OutputError
            If the run cannot be read or written.
        """
        with decide_in(self.run) as decisions:
            yield decisions

    def columns(self) -> RunColumns:
        """Return all micrographs finished so far.

        Raises
        ------
        OutputError
            If the run cannot be read.
        """
        with self._lock, self.store() as store:
            file = (self.run / STORE).stat()
            if (file.st_dev, file.st_ino) != self._database_id:
                self._database_id, self._columns = (file.st_dev, file.st_ino), None
            self._columns = read_columns(store, self._columns)
            return self._columns


@dataclass(frozen=True, slots=True)
class RunSettings:
    """Settings of the micrograph that was finished last, by name, its limits, and the version of the program."""

    settings: dict[str, Any]
    limits: tuple[Limit, ...]
    thonring: str


def run_settings(store: Store) -> RunSettings:
    """Read the settings of a run; one without micrographs has none.

    Raises
    ------
    OutputError
        If the database cannot be read.
    """
    processing = store.last_processing()
    if processing is None:
        return RunSettings({}, (), "")
    settings = json.loads(processing.settings)
    del settings["limits"]
    return RunSettings(settings, limits_of(processing.settings), processing.thonring)
