"""All data in the report of a run, a consistent snapshot."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
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

MAX_ACTIONS = 40


@dataclass(frozen=True, slots=True)
class SettingsFileInfo:
    """Data of settings.json that are not in the database; empty if it is missing or belongs to another estimate.

    `versions` are pairs of a program's name and its version, `sources` where each limit comes from, by criterion.
    """

    profile: str = ""
    command_line: str = ""
    versions: tuple[tuple[str, str], ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReportData:
    """A snapshot of a run; `actions` are the last manual decisions, latest first."""

    run: Path
    columns: RunColumns
    summary: Summary
    settings: RunSettings
    settings_file: SettingsFileInfo
    findings: Findings
    sheets: tuple[ContactSheet, ...]
    actions: tuple[Action, ...]


def read_report_data(run: Path) -> ReportData:
    """Read a run.

    Raises
    ------
    OutputError
        If it has no database, or one that cannot be read.
    """
    with read_run(run) as store, store.snapshot() as connection:
        columns = read_columns(store)
        counts = summary(record.outcome for record in store)
        settings = run_settings(store)
        actions = tuple(Decisions(run / STORE, connection).history(limit=MAX_ACTIONS))
    return ReportData(
        run=run,
        columns=columns,
        summary=counts,
        settings=settings,
        settings_file=_settings_file_info(run / "settings.json", settings.limits),
        findings=findings(columns, settings.limits),
        sheets=contact_sheets(columns, settings.limits),
        actions=actions,
    )


def _settings_file_info(path: Path, limits: tuple[Limit, ...]) -> SettingsFileInfo:
    """Read settings.json if its limits are those of the database: otherwise it belongs to another estimate."""
    try:
        recorded = read_limits(path)
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (UnreadableTable, OSError):
        return SettingsFileInfo()
    if [_bounds(limit) for limit in recorded] != [_bounds(limit) for limit in limits]:
        return SettingsFileInfo()
    return SettingsFileInfo(
        profile=str(content["settings"].get("profile", "")),
        command_line=" ".join(map(str, content.get("command_line") or ())),
        versions=tuple((name, str(content[name])) for name in ("python", "numpy") if name in content),
        sources={limit.criterion: limit.source for limit in recorded},
    )


def _bounds(limit: Limit) -> tuple[str, float, float]:
    return limit.criterion, limit.at_least, limit.at_most
