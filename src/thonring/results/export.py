"""What can be written of a run from its store alone, without its micrographs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from thonring.results.ctffind.text import write_ctffind_summary
from thonring.results.run_store.store import Store
from thonring.results.tables.cryosparc_csv import ACCEPTED_EXPOSURES, REJECTED_EXPOSURES
from thonring.results.tables.json_file import EVERYTHING
from thonring.results.tables.overview import overview
from thonring.results.tables.star import ACCEPTED, REJECTED
from thonring.results.tables.table import ATTEMPTS, RESULTS
from thonring.results.tables.table_file import Table, write_table_files
from thonring.results.tables.xmd import MICROGRAPHS

TABLES: dict[str, tuple[Table, ...]] = {
    "star": (ACCEPTED, REJECTED),
    "xmd": (MICROGRAPHS,),
    "csv": (RESULTS, ATTEMPTS),
    "cryosparc-csv": (ACCEPTED_EXPOSURES, REJECTED_EXPOSURES),
    "json": (EVERYTHING,),
}
"""Format → its files, each one for the whole run."""

CTFFIND = "ctffind"
"""The format of one text a micrograph."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: the tables, and how many texts in which folder."""

    tables: tuple[Path, ...]
    texts: int
    texts_folder: Path


def export(store: Store, formats: Sequence[str], folder: Path) -> Exported:
    """Write formats (keys of TABLES, or CTFFIND) of a run into a folder that exists.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    tables = [table for name in formats if name != CTFFIND for table in TABLES[name]]
    texts_folder = folder / "ctffind"
    written: list[Path] = []
    texts = 0
    with store.snapshot():
        if tables:
            written = write_table_files(folder, tables, overview(store.run, store.kinds()), store)
        if CTFFIND in formats:
            texts = sum(write_ctffind_summary(texts_folder, one.outcome, one.name) for one in store)
    return Exported(tuple(written), texts, texts_folder)
