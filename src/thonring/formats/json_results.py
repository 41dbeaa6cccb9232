"""results.json: the complete results of every input, for programs.

Names are those of results.csv. NaN and infinite values are null.
"""

import json
from dataclasses import asdict
from importlib.metadata import version

from thonring.files.json import Json, plain
from thonring.formats.table import ExportTable, RunTotals
from thonring.records import Attempt, CtfFit, Note, Outcome
from thonring.run.quantities import FIT_QUANTITIES
from thonring.run.store import MicrographRecord


def _head(totals: RunTotals) -> str:
    return f'{{"thonring": {_text(version("thonring"))}, "run": {_text(str(totals.run))}, "micrographs": [\n'


def _row(totals: RunTotals, record: MicrographRecord) -> str:
    outcome = record.outcome
    spectrum = None if outcome.attempt is None else totals.spectrum(record.name)
    decision = None if record.decision is None else asdict(record.decision)
    return _text({**_micrograph(outcome), "decision": decision, "name": record.name, "spectrum": spectrum})


def _micrograph(outcome: Outcome) -> dict[str, object]:
    return {
        "file": str(outcome.path),
        "status": outcome.status,
        "reasons": outcome.reasons,
        "optics": None if outcome.optics is None else asdict(outcome.optics),
        "pixel_A": outcome.pixel_A,
        "shape": outcome.shape,
        "chosen": outcome.chosen,
        "attempts": [_attempt(attempt) for attempt in outcome.attempts],
        "notes": _notes(outcome.notes),
        "cpu_seconds": outcome.cpu_seconds,
        "content_hash": outcome.content_hash or None,
    }


def _attempt(attempt: Attempt) -> dict[str, object]:
    verdict = attempt.verdict
    return {
        "sampling_A": attempt.sampling_A,
        "profile": verdict.profile,
        "accepted": verdict.accepted,
        "criteria": [
            {"name": result.name, "value": result.value, "passed": result.passed, "reason": result.reason}
            for result in verdict.criteria
        ],
        "fit": None if attempt.fit is None else _fit(attempt.fit),
    }


def _fit(fit: CtfFit) -> dict[str, object]:
    return {
        **{quantity.name: getattr(fit, quantity.fit_attribute) for quantity in FIT_QUANTITIES},
        "resolution_range_A": fit.resolution_range_A,
        "covariance": fit.covariance.tolist(),
        "notes": _notes(fit.notes),
    }


def _notes(notes: tuple[Note, ...]) -> list[dict[str, str]]:
    return [{"kind": note.kind, "text": note.text} for note in notes]


def _text(value: object) -> str:
    written: Json = plain(value)
    return json.dumps(written, allow_nan=False)


EVERYTHING = ExportTable("results.json", _head, _row, between=",\n", tail="\n]}\n")
