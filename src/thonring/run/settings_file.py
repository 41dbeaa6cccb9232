"""settings.json: the settings of a run, so that it can be repeated. Nothing else in a run depends on this file."""

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np

from thonring.errors import UnreadableTable
from thonring.files.json import write_json
from thonring.files.text import LeftOut
from thonring.optics import Optics, PartialOptics
from thonring.run.provenance import limit_of
from thonring.settings import Limit, Settings


def write_settings(
    run: Path,
    settings: Settings,
    command_line: Sequence[str],
    optics: Optics | PartialOptics | None = None,
    left_out: Sequence[LeftOut] = (),
) -> None:
    """Write settings.json: versions, date (UTC), command line, optics as the user gave them, all settings.

    `left_out` lists the rows of input tables that could not be used.

    JSON has no infinities: a limit that does not bind is null.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    content = {
        "thonring": version("thonring"),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "command_line": list(command_line),
        "optics": None if optics is None else asdict(optics),
        "settings": asdict(settings),
        "left_out": [
            {"file": str(one.file), "row": one.row, "reason": one.reason, "micrograph": one.micrograph}
            for one in left_out
        ],
    }
    write_json(run / "settings.json", content)


def read_limits(settings_json: Path) -> tuple[Limit, ...]:
    """Read the limits of a run with their sources, which are not in its database.

    Raises
    ------
    UnreadableTable
        If the file is not the settings.json of a run.
    """
    try:
        content = json.loads(settings_json.read_text(encoding="utf-8"))
        return tuple(limit_of(limit) for limit in content["settings"]["limits"])
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise UnreadableTable(
            f"{settings_json}: contains no limits ({type(problem).__name__}: {problem}); expected the settings.json "
            "written by `thonring estimate`. Restore it, or remove it to do without the tables by criterion."
        ) from problem
