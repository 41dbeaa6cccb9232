"""Which files a run knows already, and what new ones are called."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from thonring.results.names import artefact_names


@dataclass(frozen=True, slots=True)
class Registered:
    """A file of a run: its number, its path as last given, where that is, and the name of its artefacts.

    Paths are texts: a large run has many, and as such they compare fast.
    """

    id: int
    path: str
    place: str
    name: str


def registered(paths: Sequence[Path], known: Sequence[Registered]) -> list[Registered]:
    """Those of `paths` that are new or have another path or place than before; new ones have the next numbers.

    A file is known by its path as given, or else by its place, so that neither a run folder that moved with
    its micrographs nor a command from another folder lists a file twice.

    Raises
    ------
    OutputError
        If a path holds what no STAR file can.
    """
    by_path = {one.path: one for one in known}
    places = _places([str(path) for path in paths])
    claimed = {by_path[path].id for path in places if path in by_path}
    by_place = {one.place: one for one in known if one.id not in claimed}
    found = {path: by_path.get(path) or by_place.get(place) for path, place in places.items()}
    fresh = [Path(path) for path, one in found.items() if one is None]
    names = artefact_names(fresh, [one.name for one in known])
    numbers = count(max((one.id for one in known), default=0) + 1)
    added = [Registered(next(numbers), str(path), places[str(path)], name) for path, name in names.items()]
    changed = [
        replace(one, path=path, place=places[path])
        for path, one in found.items()
        if one is not None and (one.path, one.place) != (path, places[path])
    ]
    return [*changed, *added]


def _places(paths: Sequence[str]) -> dict[str, str]:
    """The same as `Path.absolute`, for many."""
    here = str(Path.cwd())
    return {path: os.path.join(here, path) for path in paths}  # noqa: PTH118 - texts, see `Registered`
