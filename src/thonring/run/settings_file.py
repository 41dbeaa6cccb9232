"""settings.json: how a run was made, so that it can be made again."""

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np

from thonring.files.atomic import write_text
from thonring.files.json import plain
from thonring.optics import Optics, PartialOptics
from thonring.settings import Settings


def write_settings(
    run: Path, settings: Settings, command_line: Sequence[str], optics: Optics | PartialOptics | None = None
) -> None:
    """Write settings.json: versions, date (UTC), command line, optics as the user gave them, all settings.

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
    }
    write_text(run / "settings.json", json.dumps(plain(content), indent=2, allow_nan=False) + "\n")
