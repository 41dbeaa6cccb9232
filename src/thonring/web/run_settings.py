"""The settings that a run is judged by, as its store has them."""

import json
from dataclasses import dataclass
from typing import Any

from thonring.results import Store, settings_of
from thonring.settings import Limit


@dataclass(frozen=True, slots=True)
class RunSettings:
    """Settings of the micrograph finished last, by name, its limits, and the version of the program."""

    settings: dict[str, Any]
    limits: tuple[Limit, ...]
    thonring: str


def run_settings(store: Store) -> RunSettings:
    """Read the settings of a run; one without micrographs has none.

    Raises
    ------
    OutputError
        If the store cannot be read.
    """
    made = store.made()
    if made is None:
        return RunSettings({}, (), "")
    settings = json.loads(made.settings)
    del settings["limits"]
    return RunSettings(settings, settings_of(made.settings, "").limits, made.thonring)
