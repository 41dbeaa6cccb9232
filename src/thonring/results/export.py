"""What can be written of a run from its store alone, without its micrographs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from thonring.results.cryosparc import ACCEPTED_EXPOSURES, REJECTED_EXPOSURES
from thonring.results.ctffind_text import write_ctffind_summary
from thonring.results.json_file import EVERYTHING
from thonring.results.named import Named
from thonring.results.star import ACCEPTED, REJECTED
from thonring.results.table import ATTEMPTS, RESULTS
from thonring.results.table_file import Table, write_table_files
from thonring.results.xmd import MICROGRAPHS

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


def export(run: Path, micrographs: Iterable[Named], formats: Sequence[str], folder: Path) -> Exported:
    """Write formats (keys of TABLES, or CTFFIND) of a run into a folder that exists.

    Parameters
    ----------
    run
        The run folder, as it shall stand in the tables' paths to the spectra.
    micrographs
        What can be gone through more than once, as a store.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    tables = [table for name in formats if name != CTFFIND for table in TABLES[name]]
    written = write_table_files(folder, tables, run, micrographs) if tables else []
    texts_folder = folder / "ctffind"
    texts = 0
    if CTFFIND in formats:
        texts = sum(write_ctffind_summary(texts_folder, one.outcome, one.name) for one in micrographs)
    return Exported(tuple(written), texts, texts_folder)
