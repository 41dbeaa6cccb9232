"""Conversion between outcomes and database rows, lossless except for curves and signals; and the queries."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from thonring.files.json import compact, finite, finite_rows, number_of
from thonring.optics import Optics
from thonring.records import Attempt, CriterionResult, CtfFit, Floats, Note, Outcome, RadialCurve, Verdict
from thonring.run.provenance import Processing
from thonring.run.quantities import FIT_QUANTITIES

Row = Sequence[Any]

MICROGRAPH_COLUMNS = (
    "status",
    "reasons",
    *("voltage_kV", "cs_mm", "amplitude_contrast", "given_pixel_A"),
    *("pixel_A", "rows", "columns", "chosen", "notes", "cpu_seconds", "content_hash"),
)
_STORED = tuple(quantity for quantity in FIT_QUANTITIES if quantity.stored)
_FIT_COLUMNS = (
    *(quantity.stored_column for quantity in _STORED),
    *("lowest_resolution_A", "highest_resolution_A", "covariance", "fit_notes"),
)
ATTEMPT_COLUMNS = ("sampling_A", "profile", "criterion_values", "remarks", "fitted", *_FIT_COLUMNS)

_NOTHING = np.zeros(0)
NO_CURVE = RadialCurve(_NOTHING, _NOTHING, _NOTHING, _NOTHING, _NOTHING, _NOTHING, _NOTHING)
"""The empty curve of a stored fit, of which only the numbers are kept."""


def stored_text(text: str) -> str | bytes:
    """Convert text for SQLite: to bytes if a file name is not valid UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape")
    return text


def text_of(stored: str | bytes) -> str:
    """Inverse of `stored_text`."""
    return stored if isinstance(stored, str) else stored.decode("utf-8", "surrogateescape")


def micrograph_row(outcome: Outcome) -> Row:
    """Convert an outcome to a row of the table `micrograph`, in the order of MICROGRAPH_COLUMNS."""
    optics = outcome.optics
    constants: Row = (None,) * 4
    if optics is not None:
        constants = (optics.voltage_kV, optics.cs_mm, optics.amplitude_contrast, optics.pixel_A)
    return (
        outcome.status,
        compact(outcome.reasons),
        *constants,
        outcome.pixel_A,
        *outcome.shape,
        outcome.chosen,
        _notes_text(outcome.notes),
        outcome.cpu_seconds,
        outcome.content_hash,
    )


def attempt_row(attempt: Attempt) -> Row:
    """Convert an attempt to a row of the table `attempt`, in the order of ATTEMPT_COLUMNS, without `criteria_text`."""
    verdict = attempt.verdict
    values = [finite(result.value) for result in verdict.criteria]
    remarks = [
        [index, result.passed, result.reason]
        for index, result in enumerate(verdict.criteria)
        if result.reason or not result.passed
    ]
    head = (attempt.sampling_A, stored_text(verdict.profile), compact(values), compact(remarks))
    fit = attempt.fit
    if fit is None:
        return (*head, 0, *(None,) * len(_FIT_COLUMNS))
    return (
        *head,
        1,
        *(float(getattr(fit, quantity.fit_attribute)) for quantity in _STORED),
        *fit.resolution_range_A,
        compact(finite_rows(fit.covariance.tolist())),
        _notes_text(fit.notes),
    )


def criteria_text(attempt: Attempt) -> str:
    """Return the row of the table `criteria`: only the names, which most attempts of a run share."""
    return compact([result.name for result in attempt.verdict.criteria])


def outcome_of(path: Path, row: Row, attempts: tuple[Attempt, ...]) -> Outcome:
    """Inverse of `micrograph_row`; the attempts are those of the micrograph, in order."""
    status, reasons, voltage_kV, cs_mm, amplitude_contrast, given_pixel_A, *others = row
    pixel_A, rows, columns, chosen, notes, cpu_seconds, content_hash = others
    known = voltage_kV is not None
    return Outcome(
        path=path,
        status=status,
        reasons=tuple(_read(reasons)),
        optics=Optics(voltage_kV, cs_mm, amplitude_contrast, given_pixel_A) if known else None,
        pixel_A=_number(pixel_A),
        shape=(rows, columns),
        attempts=attempts,
        chosen=chosen,
        notes=_notes(notes),
        cpu_seconds=_number(cpu_seconds),
        content_hash=content_hash,
    )


def attempt_of(row: Row, names: Sequence[str]) -> Attempt:
    """Inverse of `attempt_row`, given the names of its criteria; the fit's curve is empty."""
    sampling_A, profile, values, remarks, fitted, *fit = row
    criteria = [
        CriterionResult(name, number_of(value), passed=True)
        for name, value in zip(names, json.loads(values), strict=True)
    ]
    for index, passed, reason in _read(remarks):
        criteria[index] = replace(criteria[index], passed=passed, reason=reason)
    verdict = Verdict(text_of(profile), tuple(criteria))
    return Attempt(_number(sampling_A), verdict, _fit(fit) if fitted else None)


def _fit(row: Row) -> CtfFit:
    *numbers, lowest_A, highest_A, covariance, notes = row
    named: dict[str, Any] = {
        quantity.fit_attribute: _number(number) for quantity, number in zip(_STORED, numbers, strict=True)
    }
    return CtfFit(
        **named,
        covariance=_matrix(covariance),
        resolution_range_A=(_number(lowest_A), _number(highest_A)),
        curve=NO_CURVE,
        notes=_notes(notes),
    )


def _matrix(text: str) -> Floats:
    """Read a matrix; numpy also converts null and "inf"."""
    return np.array(json.loads(text), dtype=np.float64)


def _number(stored: float | None) -> float:
    return math.nan if stored is None else stored


def _notes_text(notes: Sequence[Note]) -> str:
    return compact([[note.kind, note.text] for note in notes])


def _notes(text: str) -> tuple[Note, ...]:
    return tuple(Note(kind, sentence) for kind, sentence in _read(text))


def _read(text: str) -> list[Any]:
    """Read a list; most are empty and need no parsing."""
    return [] if text == "[]" else list(json.loads(text))


def _insert(table: str, columns: Sequence[str]) -> str:
    values = ", ".join("?" * len(columns))
    return f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({values})"  # noqa: S608 - all names are constants


def _of(table: str, columns: Sequence[str]) -> str:
    return ", ".join(f"{table}.{column}" for column in columns)


REGISTER = """
INSERT INTO input (id, path, place, name) VALUES (?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET path = excluded.path, place = excluded.place
"""
INPUTS = "SELECT id, path, place, name FROM input ORDER BY id"
FIND = "SELECT id FROM input WHERE path = ?"

_ORIGIN_COLUMNS = ("recipe", "asked", "size", "mtime_ns")
ADD_MICROGRAPH = _insert("micrograph", ("input", "finished_at", *_ORIGIN_COLUMNS, *MICROGRAPH_COLUMNS))
DROP_ATTEMPTS = "DELETE FROM attempt WHERE micrograph = ? AND number >= 0"
ADD_ATTEMPT = _insert("attempt", ("micrograph", "number", "criteria", *ATTEMPT_COLUMNS))
ADD_CRITERIA = "INSERT OR IGNORE INTO criteria (names) VALUES (?)"
FIND_CRITERIA = "SELECT id FROM criteria WHERE names = ?"
CRITERIA = "SELECT id, names FROM criteria"
NOTE_FILE = """
UPDATE micrograph SET size = ?, mtime_ns = ?, content_hash = ? WHERE input = (SELECT id FROM input WHERE path = ?)
"""

_RECIPE_COLUMNS = ("settings", "spectrum_kind", "artefacts", "thonring")
ADD_RECIPE = _insert("recipe", _RECIPE_COLUMNS).replace("OR REPLACE", "OR IGNORE")
FIND_RECIPE = f"SELECT id FROM recipe WHERE ({', '.join(_RECIPE_COLUMNS)}) = (?, ?, ?, ?)"  # noqa: S608 - all names are constants
RECIPES = f"SELECT id, {', '.join(_RECIPE_COLUMNS)} FROM recipe"  # noqa: S608 - all names are constants

LAST_RECIPE = f"""
SELECT {", ".join(_RECIPE_COLUMNS)} FROM recipe WHERE id =
  (SELECT recipe FROM micrograph ORDER BY finished_at DESC, input DESC LIMIT 1)
"""  # noqa: S608 - all names are constants

_JOINED = "FROM micrograph JOIN input ON input.id = micrograph.input {} ORDER BY micrograph.input"
_DECIDED = "LEFT JOIN decided ON decided.micrograph = micrograph.input LEFT JOIN action ON action.id = decided.action"
COUNT = "SELECT COUNT(*) FROM micrograph"
LAST_TIME = "SELECT MAX(finished_at) FROM micrograph"
_ENTRIES = f"SELECT path, {', '.join(_ORIGIN_COLUMNS)}, content_hash, status {_JOINED}"
ENTRIES, ENTRY_OF = _ENTRIES.format(""), _ENTRIES.format("WHERE path = ?")
STATUSES = "SELECT path, status FROM micrograph JOIN input ON input.id = micrograph.input"

_RECORD_COLUMNS = ("input.id", "path", "place", "name", "verdict", "estimate", "who", "at", *_ORIGIN_COLUMNS)
RECORD_HEAD = len(_RECORD_COLUMNS)
"""Number of columns before those of MICROGRAPH_COLUMNS in a row of MICROGRAPHS."""

_MICROGRAPHS = (
    f"SELECT {', '.join(_RECORD_COLUMNS)}, {_of('micrograph', MICROGRAPH_COLUMNS)} "
    f"{_JOINED.format(_DECIDED + ' {}')}"
)
_ATTEMPTS = (
    f"SELECT micrograph, number, criteria, {', '.join(ATTEMPT_COLUMNS)} FROM attempt {{}} "  # noqa: S608 - all names are constants
    "ORDER BY micrograph, number"
)
MICROGRAPHS, ATTEMPTS = _MICROGRAPHS.format(""), _ATTEMPTS.format("")

REPRESENTATIVES = """
SELECT MIN(input) FROM micrograph LEFT JOIN attempt ON attempt.micrograph = micrograph.input
LEFT JOIN decided ON decided.micrograph = micrograph.input
GROUP BY COALESCE(decided.status, micrograph.status), voltage_kV, cs_mm, micrograph.amplitude_contrast, pixel_A,
criteria, number = COALESCE(estimate, chosen), fitted,
ABS(defocus_u_A) < 9e999 AND ABS(defocus_v_A) < 9e999 AND ABS(angle_deg) < 9e999, phase_shift_deg = 0
"""
"""The first micrograph of each kind that matters for the totals of a run (`formats.table.RunTotals`)."""

_CHOSEN = "(SELECT value FROM json_each(?))"
CHOSEN_MICROGRAPHS = _MICROGRAPHS.format(f"WHERE input.id IN {_CHOSEN}")
CHOSEN_ATTEMPTS = _ATTEMPTS.format(f"WHERE micrograph IN {_CHOSEN}")


def processing_row(processing: Processing) -> Row:
    """Convert to a row of the table `recipe`."""
    return processing.settings, processing.spectrum_kind, compact(processing.artefacts), processing.thonring


def processing_of(row: Row) -> Processing:
    """Inverse of `processing_row`."""
    settings, spectrum_kind, artefacts, version = row
    return Processing(settings, spectrum_kind, tuple(json.loads(artefacts)), version)
