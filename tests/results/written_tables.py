"""Tables of outcomes that no database holds."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from made_origins import origin

from thonring.formats.run_tables import RUN_TABLES
from thonring.formats.table import run_totals, write_table_files
from thonring.records import Outcome
from thonring.run.names import artefact_names
from thonring.run.store import MicrographRecord


def record(outcome: Outcome, name: str, number: int = 1) -> MicrographRecord:
    """A micrograph of which nobody decided."""
    attempts = dict(enumerate(outcome.attempts))
    path = outcome.path.absolute()
    return MicrographRecord(number, path, name, outcome, outcome, None, attempts, outcome.chosen, origin())


def write_tables(run: Path, outcomes: Sequence[Outcome], names: Mapping[Path, str] | None = None) -> None:
    """Write every table of a run of these outcomes."""
    if names is None:
        names = artefact_names([outcome.path for outcome in outcomes])
    records = [record(one, names[one.path], number) for number, one in enumerate(outcomes, start=1)]
    write_table_files(run, RUN_TABLES, run_totals(run, records), records)
