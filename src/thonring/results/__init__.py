"""Outcomes to files: the run folder that RELION, Xmipp, spreadsheets and people read.

Every file is replaced atomically, so that a reader never sees half of one.
"""

from thonring.results.atomic import write_text
from thonring.results.ctf_image import read_ctf_image, write_ctf_image
from thonring.results.ctffind.files import CtffindFiles, CtffindResult, CtffindRun, write_ctffind_files
from thonring.results.ctffind.profile import frequencies_per_A, profile_rows
from thonring.results.ctffind.text import write_ctffind_text
from thonring.results.diagnostic import diagnostic_image
from thonring.results.export import Exported, export
from thonring.results.folder import create_folder, prepare_run, write_run_tables, write_tables
from thonring.results.micrograph_file import write_micrograph
from thonring.results.names import artefact_names, spectrum_path
from thonring.results.prediction_table import Prediction, prepare_predictions, write_predictions
from thonring.results.run_store.columns import STATUSES, Revision, RunColumns, read_columns, revision_of
from thonring.results.run_store.decided import Decision, Verdict, with_decision
from thonring.results.run_store.decisions import Action, Decisions
from thonring.results.run_store.finished import Finished, read_finished
from thonring.results.run_store.named import Named
from thonring.results.run_store.opening import STORE, decide_in, open_run, read_run
from thonring.results.run_store.origin import (
    Asked,
    Entry,
    FileState,
    Made,
    Origin,
    asked_of,
    asked_text,
    content_hash,
    file_state,
    made,
    settings_of,
    settings_text,
)
from thonring.results.run_store.rows import NO_CURVE
from thonring.results.run_store.store import Store
from thonring.results.settings_file import write_settings
from thonring.results.simulated_set import RECIPE, prepare_set, recipe_text
from thonring.results.simulated_star import Simulated, write_simulated_star
from thonring.results.summary import REJECTED_BY_HAND, Summary, reason_without_file, summary

__all__ = [
    "NO_CURVE",
    "RECIPE",
    "REJECTED_BY_HAND",
    "STATUSES",
    "STORE",
    "Action",
    "Asked",
    "CtffindFiles",
    "CtffindResult",
    "CtffindRun",
    "Decision",
    "Decisions",
    "Entry",
    "Exported",
    "FileState",
    "Finished",
    "Made",
    "Named",
    "Origin",
    "Prediction",
    "Revision",
    "RunColumns",
    "Simulated",
    "Store",
    "Summary",
    "Verdict",
    "artefact_names",
    "asked_of",
    "asked_text",
    "content_hash",
    "create_folder",
    "decide_in",
    "diagnostic_image",
    "export",
    "file_state",
    "frequencies_per_A",
    "made",
    "open_run",
    "prepare_predictions",
    "prepare_run",
    "prepare_set",
    "profile_rows",
    "read_columns",
    "read_ctf_image",
    "read_finished",
    "read_run",
    "reason_without_file",
    "recipe_text",
    "revision_of",
    "settings_of",
    "settings_text",
    "spectrum_path",
    "summary",
    "with_decision",
    "write_ctf_image",
    "write_ctffind_files",
    "write_ctffind_text",
    "write_micrograph",
    "write_predictions",
    "write_run_tables",
    "write_settings",
    "write_simulated_star",
    "write_tables",
    "write_text",
]
