"""Which result belongs to which micrograph: by the file's place, then by its name."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath

from thonring.errors import InputError
from thonring.evaluate.located import located
from thonring.evaluate.run import Run
from thonring.read import key_of
from thonring.read.known.key import without_uid

NAMED = 3


class Finder:
    """Looks up files by place, then by name, or by what programs leave of names.

    `files` are the micrographs as they are called where they come from, `places` where each lies, and `where` says
    that to people ("truth or labels").
    """

    def __init__(self, files: Sequence[str], places: Sequence[Path], where: str) -> None:
        self._files, self._where = files, where
        self._by_place = {place: index for index, place in enumerate(places)}
        self._by_name = _grouped(PurePath(file).name for file in files)
        self._by_key = _grouped(key_of(file) for file in files)
        self._by_short_key = _grouped(without_uid(key_of(file)) for file in files)

    def find_run(self, run: Run, *, by_key: bool = False) -> dict[str, int]:
        """Index of the micrograph by file of a run, for those found; `by_key` also where the run has full names.

        Raises
        ------
        InputError
            If a name fits two micrographs, or a stack has another number of images than there are micrographs.
        """
        if run.in_order:
            return self._in_order(run)
        return self.find(sought_files(run), run.name, by_key=by_key or run.by_key)

    def find(self, sought: Mapping[str, Path], who: str, *, by_key: bool = False) -> dict[str, int]:
        """Index of the micrograph by file, for those found.

        Raises
        ------
        InputError
            If a name fits two micrographs, or two files one.
        """
        found = {
            file: self._by_place[place]
            for file, place in sought.items()
            if place in self._by_place and not by_key
        }
        rest = [file for file in sought if file not in found]
        name_of = key_of if by_key else _name
        uses = Counter(name_of(file) for file in rest)
        for file in rest:
            candidates = self._named(name_of(file), by_key=by_key)
            if candidates:
                self._refuse_ambiguous(who, name_of(file), uses[name_of(file)], candidates)
                found[file] = candidates[0]
        self._refuse_twice(who, found)
        return found

    def _in_order(self, run: Run) -> dict[str, int]:
        if len(run.results) != len(self._files):
            raise InputError(
                f"{run.path}: found {len(run.results)} images of a stack, but the {self._where} have "
                f"{len(self._files)} rows; a stack is matched by its order, so expected as many."
            )
        return {one.file: place for place, one in enumerate(run.results)}

    def _named(self, name: str, *, by_key: bool) -> list[int]:
        if not by_key:
            return self._by_name.get(name, [])
        return self._by_key.get(name) or self._by_short_key.get(without_uid(name), [])

    def _refuse_ambiguous(self, who: str, name: str, uses: int, candidates: Sequence[int]) -> None:
        if uses > 1 or len(candidates) > 1:
            files = ", ".join(self._files[index] for index in candidates[:NAMED])
            raise InputError(
                f"{who}: the name {name!r} stands for {uses} files there and for {len(candidates)} in the "
                f"{self._where} ({files}), and their folders do not tell which is which. Give names that differ."
            )

    def _refuse_twice(self, who: str, found: Mapping[str, int]) -> None:
        owner: dict[int, str] = {}
        for file, index in found.items():
            if index in owner:
                raise InputError(
                    f"{who}: {owner[index]} and {file} are both {self._files[index]} of the {self._where}. "
                    "Remove one of them."
                )
            owner[index] = file


def sought_files(run: Run) -> dict[str, Path]:
    """Files of a run with where they lie: seen from here, or from a folder above the run."""
    folders = (Path.cwd(), *run.path.absolute().parents)
    return {one.file: located(one.file, folders) for one in run.results}


def some(files: Sequence[str]) -> str:
    """Name the first few."""
    more = f" and {len(files) - NAMED} more" if len(files) > NAMED else ""
    return ", ".join(files[:NAMED]) + more


def _name(file: str) -> str:
    return PurePath(file).name


def _grouped(names: Iterable[str]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        groups.setdefault(name, []).append(index)
    return groups
