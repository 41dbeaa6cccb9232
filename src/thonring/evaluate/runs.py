"""What the user named as runs, whoever made them."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from thonring.errors import UnreadableFile
from thonring.evaluate.other_program import read_other_program
from thonring.evaluate.results_csv import read_run_folder
from thonring.evaluate.run import Run
from thonring.read.known.table import ONE_PER_MICROGRAPH, READERS

EXPECTED = (
    "a run folder of `thonring estimate` (with results.csv), a folder of CTFFIND's .txt or Xmipp's .ctfparam files, or "
    f"a table of defoci ({' '.join(READERS)})"
)


def read_runs(paths: Sequence[Path]) -> tuple[Run, ...]:
    """Read every run, each with a name that no other has.

    Raises
    ------
    UnreadableFile
        If a path is nothing that holds results.
    UnreadableTable
        If a run is damaged or empty.
    """
    return tuple(_read(path, name) for path, name in zip(paths, run_names(paths), strict=True))


def run_names(paths: Sequence[Path]) -> tuple[str, ...]:
    """Name of each: its last part; with those before it where two would be alike, then with a number."""
    parts = [path.resolve().parts for path in paths]
    most = max((len(one) for one in parts), default=1)
    for depth in range(1, most + 1):
        names = ["/".join(one[-depth:]) for one in parts]
        if len(set(names)) == len(names):
            return tuple(names)
    seen: Counter[str] = Counter()
    for place, name in enumerate(names):
        seen[name] += 1
        names[place] = name if seen[name] == 1 else f"{name} ({seen[name]})"
    return tuple(names)


def _read(path: Path, name: str) -> Run:
    if not path.exists():
        raise UnreadableFile(f"{path}: no such file or folder, expected {EXPECTED}.")
    if path.is_file() and path.name == "results.csv":
        return read_run_folder(path.parent, name)
    if path.is_file() and path.suffix.lower() not in READERS:
        raise UnreadableFile(
            f"{path}: found a file of suffix {path.suffix or '(none)'!r}, expected {EXPECTED}."
        )
    if (path / "results.csv").is_file():
        return read_run_folder(path, name)
    if path.is_dir() and not any(file.suffix.lower() in ONE_PER_MICROGRAPH for file in path.iterdir()):
        raise UnreadableFile(
            f"{path}: found no results.csv and no {' or '.join(ONE_PER_MICROGRAPH)} in the folder, expected "
            f"{EXPECTED}. Did the run finish its first half minute?"
        )
    return read_other_program(path, name)
