"""Everything that a report says of a run, read at one moment."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thonring.errors import UnreadableTable
from thonring.run.columns import RunColumns, read_columns
from thonring.run.decisions import Action, Decisions
from thonring.run.open import STORE, read_run
from thonring.run.settings_file import read_limits
from thonring.run.summary import Summary, summary
from thonring.settings import Limit
from thonring.web.contact_sheet import ContactSheet, contact_sheets
from thonring.web.figures import Findings, findings
from thonring.web.run_view import RunSettings, run_settings

MOST_ACTIONS = 40


@dataclass(frozen=True, slots=True)
class ReportStamp:
    """How a run was asked for, as its settings.json says; empty where that is missing or of another estimate."""

    profile: str
    command_line: str
    versions: tuple[tuple[str, str], ...]
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ReportData:
    """A run at one moment; `actions` are the last things done by hand, the latest first."""

    run: Path
    columns: RunColumns
    summary: Summary
    settings: RunSettings
    made: ReportStamp
    findings: Findings
    sheets: tuple[ContactSheet, ...]
    actions: tuple[Action, ...]


def gather(run: Path) -> ReportData:
    """Read a run.

    Raises
    ------
    OutputError
        If it has no store, or one that cannot be read.
    """
    with read_run(run) as store, store.snapshot() as connection:
        columns = read_columns(store)
        counted = summary(one.outcome for one in store)
        settings = run_settings(store)
        actions = tuple(Decisions(run / STORE, connection).history(most=MOST_ACTIONS))
    return ReportData(
        run=run,
        columns=columns,
        summary=counted,
        settings=settings,
        made=_made(run / "settings.json", settings),
        findings=findings(columns, settings.limits),
        sheets=contact_sheets(columns, settings.limits),
        actions=actions,
    )


def _made(path: Path, settings: RunSettings) -> ReportStamp:
    """What settings.json adds to the store, if its limits are those that the store has."""
    try:
        limits = read_limits(path)
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (UnreadableTable, OSError):
        return ReportStamp("", "", (), {})
    if [_bounds(limit) for limit in limits] != [_bounds(limit) for limit in settings.limits]:
        return ReportStamp("", "", (), {})
    return ReportStamp(
        profile=str(content["settings"].get("profile", "")),
        command_line=" ".join(map(str, content.get("command_line") or ())),
        versions=tuple((name, str(content[name])) for name in ("python", "numpy") if name in content),
        sources={limit.criterion: limit.source for limit in limits},
    )


def _bounds(limit: Limit) -> tuple[str, float, float]:
    return limit.criterion, limit.at_least, limit.at_most
