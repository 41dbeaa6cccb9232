"""What a run has done already, and what of it still holds."""

import functools
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from thonring.batch.jobs import Job, Recipe
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

Change = Literal["file", "optics", "known defocus", "settings", "pictures or texts"]


@dataclass(frozen=True, slots=True)
class PendingJob:
    """A job to be done, and what its outcome will depend on."""

    job: Job
    origin: Provenance


@dataclass(frozen=True, slots=True)
class ResumePlan:
    """The inputs of a command against what its run holds.

    `due` are the jobs to be done: the `new` ones, those that `failed` before, and those that `changed` or are
    done again because that was asked for, `forced`. `gone` are among the `unchanged`: their files are no more.
    `settings` names what changed in them. `others` of the run are not among the inputs, `others_differ` of them
    were estimated with other settings; `versions` of the program made unchanged ones, this one not counted.
    """

    due: tuple[PendingJob, ...]
    new: int = 0
    failed: int = 0
    forced: int = 0
    unchanged: int = 0
    gone: int = 0
    changed: tuple[tuple[Change, int], ...] = ()
    settings: tuple[str, ...] = ()
    others: int = 0
    others_differ: int = 0
    versions: tuple[str, ...] = ()


def plan_resume(store: Store, jobs: Sequence[Job], recipe: Recipe, *, redo: bool = False) -> ResumePlan:
    """Find out which jobs are to be done: all but those whose finished outcomes still hold.

    An outcome holds if it is no failure and its file's size and time, its optics and known defocus, and all
    settings that influence it are as they were, and if everything that is asked for beside the tables was
    written then. Where the recipe wants contents hashed, they tell instead of size and time if a hash is known.
    A file that is gone keeps its outcome. With `redo` nothing holds.

    Raises
    ------
    OutputError
        If the store cannot be read or written.
    """
    return _sorted(store, dict(store.entries()), jobs, recipe, redo=redo)


def resume_some(store: Store, jobs: Sequence[Job], recipe: Recipe) -> ResumePlan:
    """The same for some of the inputs, as fast for a few in a large run: `others` are not counted.

    Raises
    ------
    OutputError
        If the store cannot be read or written.
    """
    entries = store.entries([job.source.path for job in jobs])
    return _sorted(store, dict(entries), jobs, recipe, redo=False)


def _sorted(
    store: Store, entries: dict[str, Entry], jobs: Sequence[Job], recipe: Recipe, *, redo: bool
) -> ResumePlan:
    now = processing(recipe.settings, recipe.spectrum_kind, recipe.artefacts, version("thonring"))
    sorting = _Sorting(entries, now, hashed=recipe.hashed, redo=redo)
    due = tuple(one for one in map(sorting.due, jobs) if one is not None)
    store.note_files(sorting.renewed)
    return sorting.result(due)


class _Sorting:
    """The run's entries, from which each job takes its own; what is left is not among the inputs."""

    def __init__(self, entries: dict[str, Entry], now: Processing, *, hashed: bool, redo: bool) -> None:
        self._entries, self._now, self._hashed, self._redo = entries, now, hashed, redo
        self._counts: Counter[str] = Counter()
        self._changes: Counter[Change] = Counter()
        self._settings: dict[str, None] = {}
        self._versions: dict[str, None] = {}
        self.renewed: list[tuple[Path, FileState]] = []

    def due(self, job: Job) -> PendingJob | None:
        path = job.source.path
        entry = self._entries.pop(str(path), None)
        file = file_state(path)
        due = PendingJob(job, Provenance(file, _asked(job), self._now))
        if entry is None or self._redo or entry.status == "failed":
            self._counts["new" if entry is None else "forced" if self._redo else "failed"] += 1
            return due
        change = self._change(path, entry.provenance, due.origin)
        if change is not None:
            self._changes[change] += 1
            return due
        self._counts["unchanged"] += 1
        self._counts["gone"] += file.size is None
        if entry.provenance.processing.thonring != self._now.thonring:
            self._versions[entry.provenance.processing.thonring] = None
        return None

    def _change(self, path: Path, before: Provenance, now: Provenance) -> Change | None:
        if now.file.size is not None and not self._same_file(path, before.file, now.file):
            return "file"
        if before.inputs != now.inputs:
            return (
                "optics" if _part(before.inputs, "optics") != _part(now.inputs, "optics") else "known defocus"
            )
        if not _same_settings(before.processing, now.processing):
            self._settings.update(dict.fromkeys(_differing(before.processing, now.processing)))
            return "settings"
        return (
            None if set(now.processing.artefacts) <= set(before.processing.artefacts) else "pictures or texts"
        )

    def _same_file(self, path: Path, before: FileState, now: FileState) -> bool:
        looks_same = (before.size, before.mtime_ns) == (now.size, now.mtime_ns)
        if not self._hashed:
            return looks_same
        hashed = replace(now, content_hash=content_hash(path))
        same = before.content_hash == hashed.content_hash if before.content_hash else looks_same
        if same and before != hashed:
            self.renewed.append((path, hashed))
        return same

    def result(self, due: tuple[PendingJob, ...]) -> ResumePlan:
        others = self._entries.values()
        return ResumePlan(
            due=due,
            **{name: self._counts[name] for name in ("new", "failed", "forced", "unchanged", "gone")},
            changed=tuple(self._changes.most_common()),
            settings=tuple(self._settings),
            others=len(others),
            others_differ=sum(not _same_settings(entry.provenance.processing, self._now) for entry in others),
            versions=tuple(self._versions),
        )


def _asked(job: Job) -> str:
    return _asked_text(job.source.optics, job.known, metadata=job.source.metadata)


_asked_text = functools.cache(inputs_text)


def _part(asked: str, name: str) -> object:
    return json.loads(asked)[name]


def _same_settings(one: Processing, other: Processing) -> bool:
    return (one.settings, one.spectrum_kind) == (other.settings, other.spectrum_kind)


def _differing(before: Processing, now: Processing) -> list[str]:
    old, new = json.loads(before.settings), json.loads(now.settings)
    kind = ["spectrum"] if before.spectrum_kind != now.spectrum_kind else []
    return kind + [name for name in new if new[name] != old.get(name)]
