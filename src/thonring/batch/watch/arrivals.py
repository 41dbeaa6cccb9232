"""Which files are finished, told from one look to the next."""

from collections.abc import Iterator
from pathlib import PurePath
from typing import NamedTuple

from thonring.batch.watch.folder import Look, Seen


class _Sighting(NamedTuple):
    seen: Seen
    since_s: float


class Arrivals:
    """Files from their first sighting until nobody changed them for `stable_s`, and again when they change.

    How long a file has stood still is told by this process' own clock: that of the machine which writes it may
    differ. `changed_s` is when a file last came or changed.
    """

    def __init__(self, stable_s: float, now_s: float) -> None:
        self.changed_s = now_s
        self._stable_s = stable_s
        self._settling: dict[str, _Sighting] = {}
        self._taken: dict[str, Seen] = {}
        self._known: set[str] = set()

    @property
    def settling(self) -> int:
        """How many are there and may still be written to."""
        return len(self._settling)

    def see(self, look: Look, now_s: float) -> list[str]:
        """Take in a look, and give the files that were not there before."""
        self._forget(look)
        for path, seen in look.files.items():
            if self._taken.get(path) == seen:
                self._settling.pop(path, None)
            elif path not in self._settling or self._settling[path].seen != seen:
                self._settling[path] = _Sighting(seen, now_s)
                self.changed_s = now_s
        fresh = [path for path in look.files if path not in self._known]
        self._known.update(fresh)
        return fresh

    def finished(self, now_s: float) -> list[str]:
        """Take those that have stood still for long enough, in the order of their names."""
        ready = sorted(path for path, one in self._settling.items() if now_s - one.since_s >= self._stable_s)
        self._taken.update((path, self._settling.pop(path).seen) for path in ready)
        return ready

    def _forget(self, look: Look) -> None:
        """Files that are gone are new when they come again, unless their folder could not be looked into."""
        for known in (self._settling, self._taken):
            for path in list(_gone(known.keys() - look.files.keys(), look)):
                del known[path]


def _gone(paths: set[str], look: Look) -> Iterator[str]:
    for path in paths:
        if not look.unlisted or not any(str(one) in look.unlisted for one in PurePath(path).parents):
            yield path
