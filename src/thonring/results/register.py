"""Which files a run knows already, and what new ones are called."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from thonring.results.names import artefact_names


@dataclass(frozen=True, slots=True)
class Registered:
    """A file of a run: its number, its path as last given, where that is, and the name of its artefacts."""

    id: int
    path: Path
    place: Path
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
    claimed = {by_path[path].id for path in paths if path in by_path}
    by_place = {one.place: one for one in known if one.id not in claimed}
    found = {path: by_path.get(path) or by_place.get(path.absolute()) for path in paths}
    names = artefact_names([path for path, one in found.items() if one is None], [one.name for one in known])
    numbers = count(max((one.id for one in known), default=0) + 1)
    now = [
        Registered(next(numbers), path, path.absolute(), names[path])
        if one is None
        else replace(one, path=path, place=path.absolute())
        for path, one in found.items()
    ]
    before = set(known)
    return [one for one in now if one not in before]
