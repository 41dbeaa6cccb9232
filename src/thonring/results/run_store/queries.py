"""What the store asks of SQLite."""

import json
from collections.abc import Sequence

from thonring.results.json_text import compact
from thonring.results.run_store.origin import Made
from thonring.results.run_store.rows import ATTEMPT_COLUMNS, MICROGRAPH_COLUMNS, Row


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

_MICROGRAPHS = "FROM micrograph JOIN input ON input.id = micrograph.input {} ORDER BY micrograph.input"
_DECIDED = "LEFT JOIN decided ON decided.micrograph = micrograph.input LEFT JOIN action ON action.id = decided.action"
COUNT = "SELECT COUNT(*) FROM micrograph"
LAST_TIME = "SELECT MAX(finished_at) FROM micrograph"
_ENTRIES = f"SELECT path, {', '.join(_ORIGIN_COLUMNS)}, content_hash, status {_MICROGRAPHS}"
ENTRIES, ENTRY_OF = _ENTRIES.format(""), _ENTRIES.format("WHERE path = ?")
STATUSES = "SELECT path, status FROM micrograph JOIN input ON input.id = micrograph.input"
_OUTCOMES = (
    f"SELECT input.id, path, name, verdict, estimate, who, at, {_of('micrograph', MICROGRAPH_COLUMNS)} "
    f"{_MICROGRAPHS.format(_DECIDED + ' {}')}"
)
_ATTEMPTS = (
    f"SELECT micrograph, number, criteria, {', '.join(ATTEMPT_COLUMNS)} FROM attempt {{}} "  # noqa: S608 - all names are constants
    "ORDER BY micrograph, number"
)
OUTCOMES, ATTEMPTS = _OUTCOMES.format(""), _ATTEMPTS.format("")

KINDS = """
SELECT MIN(input) FROM micrograph LEFT JOIN attempt ON attempt.micrograph = micrograph.input
LEFT JOIN decided ON decided.micrograph = micrograph.input
GROUP BY COALESCE(decided.status, micrograph.status), voltage_kV, cs_mm, micrograph.amplitude_contrast, pixel_A,
criteria, number = COALESCE(estimate, chosen), fitted,
ABS(defocus_u_A) < 9e999 AND ABS(defocus_v_A) < 9e999 AND ABS(angle_deg) < 9e999, phase_shift_deg = 0
"""
"""The first micrograph of each kind that makes a difference to an `Overview`."""

ONE = f"""
SELECT path, place, name, verdict, estimate, who, at, asked, size, mtime_ns, {_of("recipe", _RECIPE_COLUMNS)},
{_of("micrograph", MICROGRAPH_COLUMNS)} FROM micrograph JOIN input ON input.id = micrograph.input
JOIN recipe ON recipe.id = micrograph.recipe {_DECIDED} WHERE micrograph.input = ?
"""  # noqa: S608 - all names are constants

_CHOSEN = "(SELECT value FROM json_each(?))"
CHOSEN_OUTCOMES = _OUTCOMES.format(f"WHERE input.id IN {_CHOSEN}")
CHOSEN_ATTEMPTS = _ATTEMPTS.format(f"WHERE micrograph IN {_CHOSEN}")


def made_row(made: Made) -> Row:
    """What the table `recipe` holds."""
    return made.settings, made.spectrum_kind, compact(made.artefacts), made.thonring


def made_of(row: Row) -> Made:
    """Read what `made_row` gave."""
    settings, spectrum_kind, artefacts, version = row
    return Made(settings, spectrum_kind, tuple(json.loads(artefacts)), version)
