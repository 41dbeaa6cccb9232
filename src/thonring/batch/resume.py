"""Resuming a run: which finished outcomes are still valid, and which jobs remain."""

import functools
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from thonring.batch.jobs import Job, RunOptions
from thonring.run.provenance import (
    Entry,
    FileState,
    Processing,
    Provenance,
    content_hash,
    file_state,
    inputs_text,
    processing,
)
from thonring.run.store import Store

Change = Literal["file", "optics", "known defocus", "settings", "pictures or text files"]


@dataclass(frozen=True, slots=True)
class PendingJob:
    """A job to run, and the provenance its outcome will have."""

    job: Job
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class ResumePlan:
    """The inputs of a command compared with the contents of its run.

    Attributes
    ----------
    pending
        The jobs to run: the new ones, those that failed before, those that changed, and those that are forced.
    new, failed
        Micrographs that the run does not have, and those that failed in it.
    forced
        Micrographs that are processed again at the user's request.
    unchanged
        Micrographs whose results stay; `missing_files` of them no longer have their file.
    changed
        The reasons why results are no longer valid, and for how many micrographs, the most frequent first.
    settings
        Names of the settings that changed.
    others
        Micrographs of the run that are not among the inputs; `other_settings` of them were estimated with other
        settings.
    versions
        Versions of the program, other than this one, that estimated unchanged micrographs.
    """

    pending: tuple[PendingJob, ...]
    new: int = 0
    failed: int = 0
    forced: int = 0
    unchanged: int = 0
    missing_files: int = 0
    changed: tuple[tuple[Change, int], ...] = ()
    settings: tuple[str, ...] = ()
    others: int = 0
    other_settings: int = 0
    versions: tuple[str, ...] = ()


def plan_resume(store: Store, jobs: Sequence[Job], options: RunOptions, *, redo: bool = False) -> ResumePlan:
    """Find the jobs to run: all but those whose finished outcomes are still valid.

    An outcome is valid if it is not a failure, if the size and time of its file, its optics, its known defocus and
    all settings that influence it are unchanged, and if every artefact requested now was written then. If contents
    are hashed, the hash is used instead of size and time, if one is known. A file that no longer exists keeps its
    outcome. With `redo` no outcome is valid.

    Raises
    ------
    OutputError
        If the store cannot be read or written.
    """
    return _compare(store, dict(store.entries()), jobs, options, redo=redo)


def resume_some(store: Store, jobs: Sequence[Job], options: RunOptions) -> ResumePlan:
    """Plan for some of the inputs only, fast for a few in a large run: `others` are not counted.

    Raises
    ------
    OutputError
        If the store cannot be read or written.
    """
    entries = store.entries([job.source.path for job in jobs])
    return _compare(store, dict(entries), jobs, options, redo=False)


def _compare(
    store: Store, entries: dict[str, Entry], jobs: Sequence[Job], options: RunOptions, *, redo: bool
) -> ResumePlan:
    now = processing(options.settings, options.spectrum_kind, sorted(options.artefacts), version("thonring"))
    comparison = _Comparison(entries, now, hashed=options.hashed, redo=redo)
    pending = tuple(pending_job for pending_job in map(comparison.pending, jobs) if pending_job is not None)
    store.note_files(comparison.new_states)
    return comparison.plan(pending)


class _Comparison:
    """The run's entries, of which each job removes its own; the remaining ones are not among the inputs."""

    def __init__(self, entries: dict[str, Entry], now: Processing, *, hashed: bool, redo: bool) -> None:
        self._entries, self._now, self._hashed, self._redo = entries, now, hashed, redo
        self._counts: Counter[str] = Counter()
        self._changes: Counter[Change] = Counter()
        self._settings: dict[str, None] = {}
        self._versions: dict[str, None] = {}
        self.new_states: list[tuple[Path, FileState]] = []

    def pending(self, job: Job) -> PendingJob | None:
        """The job with its provenance; None if its outcome is still valid."""
        path = job.source.path
        entry = self._entries.pop(str(path), None)
        file = file_state(path)
        pending = PendingJob(job, Provenance(file, _inputs(job), self._now))
        if entry is None or self._redo or entry.status == "failed":
            self._counts["new" if entry is None else "forced" if self._redo else "failed"] += 1
            return pending
        change = self._change(path, entry.provenance, pending.provenance)
        if change is not None:
            self._changes[change] += 1
            return pending
        self._counts["unchanged"] += 1
        self._counts["missing_files"] += file.size is None
        if entry.provenance.processing.thonring != self._now.thonring:
            self._versions[entry.provenance.processing.thonring] = None
        return None

    def _change(self, path: Path, before: Provenance, now: Provenance) -> Change | None:
        if now.file.size is not None and not self._same_file(path, before.file, now.file):
            return "file"
        if before.inputs != now.inputs:
            same_optics = _part(before.inputs, "optics") == _part(now.inputs, "optics")
            return "known defocus" if same_optics else "optics"
        if not _same_settings(before.processing, now.processing):
            self._settings.update(dict.fromkeys(_changed_settings(before.processing, now.processing)))
            return "settings"
        if not set(now.processing.artefacts) <= set(before.processing.artefacts):
            return "pictures or text files"
        return None

    def _same_file(self, path: Path, before: FileState, now: FileState) -> bool:
        looks_same = (before.size, before.mtime_ns) == (now.size, now.mtime_ns)
        if not self._hashed:
            return looks_same
        hashed = replace(now, content_hash=content_hash(path))
        same = before.content_hash == hashed.content_hash if before.content_hash else looks_same
        if same and before != hashed:
            self.new_states.append((path, hashed))
        return same

    def plan(self, pending: tuple[PendingJob, ...]) -> ResumePlan:
        """The plan, once every job has taken its entry."""
        counts = self._counts
        others = self._entries.values()
        return ResumePlan(
            pending=pending,
            new=counts["new"],
            failed=counts["failed"],
            forced=counts["forced"],
            unchanged=counts["unchanged"],
            missing_files=counts["missing_files"],
            changed=tuple(self._changes.most_common()),
            settings=tuple(self._settings),
            others=len(others),
            other_settings=sum(
                not _same_settings(entry.provenance.processing, self._now) for entry in others
            ),
            versions=tuple(self._versions),
        )


def _inputs(job: Job) -> str:
    return _cached_text(job.source.optics, job.known, metadata=job.source.metadata)


_cached_text = functools.cache(inputs_text)


def _part(inputs: str, name: str) -> object:
    return json.loads(inputs)[name]


def _same_settings(one: Processing, other: Processing) -> bool:
    return one.spectrum_kind == other.spectrum_kind and (
        one.settings == other.settings or _comparable(one.settings) == _comparable(other.settings)
    )


@functools.cache
def _comparable(settings: str) -> dict[str, object]:
    """Settings without the sentences of their limits, whose wording does not affect verdicts."""
    stored: dict[str, object] = json.loads(settings)
    limits = stored["limits"]
    assert isinstance(limits, list)
    return {**stored, "limits": [{**limit, "reason": ""} for limit in limits]}


def _changed_settings(before: Processing, now: Processing) -> list[str]:
    old, new = _comparable(before.settings), _comparable(now.settings)
    kind = ["spectrum"] if before.spectrum_kind != now.spectrum_kind else []
    return kind + [name for name in new if new[name] != old.get(name)]
