"""A report for programs: everything in it as JSON, NaN as null."""

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from thonring.evaluate.accuracy import Coverage
from thonring.evaluate.compare import Comparison
from thonring.evaluate.confusion import Confusion
from thonring.evaluate.pair import Pair
from thonring.evaluate.report import Report, RunReport

DERIVED: Mapping[type, tuple[str, ...]] = {
    Confusion: ("precision", "precision_interval", "recall", "recall_interval", "f1", "mcc", "mcc_interval"),
    Coverage: ("share", "interval"),
    Comparison: ("chance",),
}
"""Properties that are written beside the fields of a record."""

PAIR = ("kind", "positive", "right", "mean_error_A", "largest_error_A", "tolerance_A", "astigmatism_error_A")


def as_json(report: Report) -> str:
    """All numbers of a report, and those of each micrograph in each run."""
    content = {
        "thonring": version("thonring"),
        "question": _plain(report.question),
        "notes": list(report.notes),
        "runs": [_run(run) for run in report.runs],
        "comparisons": [
            _plain(one) | {"differing": [report.runs[0].pairs[place].subject.file for place in one.differing]}
            for one in report.comparisons
        ],
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def _run(report: RunReport) -> dict[str, Any]:
    left_out = {"run", "pairs", "worth_a_look"}
    found = {
        entry.name: _plain(getattr(report, entry.name))
        for entry in fields(report)
        if entry.name not in left_out
    }
    return {
        "name": report.run.name,
        "path": str(report.run.path),
        "judges": report.run.judges,
        **found,
        "worth_a_look": [pair.subject.file for pair in report.worth_a_look],
        "micrographs": [_pair(pair) for pair in report.pairs],
    }


def _pair(pair: Pair) -> dict[str, Any]:
    truth = pair.subject.truth
    return {
        "file": pair.subject.file,
        "usable": pair.subject.usable,
        "defect": None if truth is None else truth.defect,
        "status": pair.result.status,
        "failed_criteria": _plain(pair.result.failed),
        "estimate": _plain(pair.result.estimate),
        **{name: _plain(getattr(pair, name)) for name in PAIR},
    }


def _plain(value: object) -> Any:  # noqa: ANN401 - JSON is any of its kinds
    if is_dataclass(value) and not isinstance(value, type):
        names = (*(entry.name for entry in fields(value)), *DERIVED.get(type(value), ()))
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, Path) else value
