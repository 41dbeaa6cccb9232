"""The run folder: creating it, and writing the tables of a run or its exports."""

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
    """Create the run folder with its `spectra`, and check that both can be written.

    An existing folder is used as it is. The parent folder must exist.

    Raises
    ------
    OutputError
        If `run` is a file, if its parent folder does not exist, or if either cannot be written.
    """
    create_folder(run)
    create_folder(spectra_folder(run))


def create_folder(folder: Path) -> None:
    """Create a folder unless it exists, and check that it can be written. The parent folder must exist.

    Raises
    ------
    OutputError
        If `folder` is a file, if its parent folder does not exist, or if it cannot be written.
    """
    try:
        _create(folder)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputError(
            f"{folder}: cannot be written to ({error.strerror or error}). Choose a folder you can write to with --out."
        ) from error


def _create(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: is a file, expected a folder or a new name. Choose another with --out.")
    if not folder.parent.is_dir():
        raise OutputError(
            f"{folder}: its parent folder {folder.parent} does not exist. Create it, or choose another with --out."
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


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A format in which a run can be exported, under its name in `thonring export --format`.

    `tables` are files of the whole run; with `text_files` one CTFFIND text file per micrograph is written instead.
    """

    title: str
    tables: tuple[ExportTable, ...] = ()
    text_files: bool = False

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files in the folder of the export."""
        return ("ctffind/NAME.txt",) if self.text_files else tuple(table.file for table in self.tables)


EXPORTS: dict[str, ExportFormat] = {
    "star": ExportFormat("RELION STAR", (ACCEPTED, REJECTED)),
    "xmd": ExportFormat("Xmipp metadata", (MICROGRAPHS,)),
    "csv": ExportFormat("comma-separated tables", (RESULTS, ATTEMPTS)),
    "ctffind": ExportFormat("CTFFIND text files", text_files=True),
    "cryosparc-csv": ExportFormat("cryoSPARC import tables", (ACCEPTED_EXPOSURES, REJECTED_EXPOSURES)),
    "json": ExportFormat("results.json, the complete results", (EVERYTHING,)),
}
"""All formats by name: a new one is a table in its own module and a row here."""


@dataclass(frozen=True, slots=True)
class Exported:
    """The files written: the tables, and the number and folder of text files."""

    tables: tuple[Path, ...]
    texts: int
    texts_folder: Path


def export(store: Store, formats: Sequence[str], folder: Path) -> Exported:
    """Write formats (keys of EXPORTS) of a run into an existing folder.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    chosen = [EXPORTS[name] for name in formats]
    tables = [table for export_format in chosen for table in export_format.tables]
    texts_folder = folder / "ctffind"
    written: list[Path] = []
    texts = 0
    with store.snapshot():
        if tables:
            totals = run_totals(store.run, store.representatives())
            written = write_table_files(folder, tables, totals, store)
        if any(export_format.text_files for export_format in chosen):
            texts = sum(write_ctffind_summary(texts_folder, record.outcome, record.name) for record in store)
    return Exported(tuple(written), texts, texts_folder)
