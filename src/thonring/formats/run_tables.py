"""The run folder as a whole."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from thonring.errors import OutputError
from thonring.formats.cryosparc import ACCEPTED_EXPOSURES, REJECTED_EXPOSURES
from thonring.formats.csv_tables import ATTEMPTS, RESULTS
from thonring.formats.ctffind import write_ctffind_summary
from thonring.formats.json_results import EVERYTHING
from thonring.formats.relion import ACCEPTED, REJECTED
from thonring.formats.table import ExportTable, run_totals, write_table_files
from thonring.formats.xmipp import MICROGRAPHS
from thonring.run.names import spectra_folder
from thonring.run.store import Store

RUN_TABLES = (RESULTS, ATTEMPTS, ACCEPTED, REJECTED, MICROGRAPHS)


def prepare_run(run: Path) -> None:
    """Create the run folder with its `spectra`, and see that both can be written.

    A folder that exists is used as it is. The folder above must exist.

    Raises
    ------
    OutputError
        If `run` is a file, if the folder above it is missing, or if either cannot be written.
    """
    create_folder(run)
    create_folder(spectra_folder(run))


def create_folder(folder: Path) -> None:
    """Create a folder unless it is there, and see that it can be written. The folder above must exist.

    Raises
    ------
    OutputError
        If `folder` is a file, if the folder above it is missing, or if it cannot be written.
    """
    try:
        _create(folder)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputError(
            f"{folder}: the folder cannot be written ({error.strerror or error}). "
            "Choose a folder where you may write, with --out."
        ) from error


def _create(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: is a file, expected a folder or a new name. Choose another with --out.")
    if not folder.parent.is_dir():
        raise OutputError(
            f"{folder}: the folder above it, {folder.parent}, does not exist. "
            "Create it, or choose another with --out."
        )
    folder.mkdir(exist_ok=True)


def write_run_tables(store: Store) -> None:
    """Write results.csv, attempts.csv, the two STAR files and micrographs.xmd of a run into its folder.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    with store.snapshot():
        write_table_files(store.run, RUN_TABLES, run_totals(store.run, store.representatives()), store)


TABLES: dict[str, tuple[ExportTable, ...]] = {
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
            written = write_table_files(folder, tables, run_totals(store.run, store.representatives()), store)
        if CTFFIND in formats:
            texts = sum(write_ctffind_summary(texts_folder, one.outcome, one.name) for one in store)
    return Exported(tuple(written), texts, texts_folder)
