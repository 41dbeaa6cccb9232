"""What the files that belong to a micrograph are called."""

from collections.abc import Collection, Iterator, Sequence
from itertools import count
from pathlib import Path

from thonring.results.star_syntax import quoted

ARTEFACT_FOLDERS = ("spectra", "plots", "ctffind")
"""Where in a run folder the files of single micrographs lie."""

_COMPRESSIONS = (".gz", ".bz2")


def artefact_names(paths: Sequence[Path], used: Collection[str] = ()) -> dict[Path, str]:
    """One name per input file, no two alike even where a disk ignores case, and none of those `used` already.

    The name is the file's without its suffix (nor that of a compression). Where an earlier input has it,
    the folders above are put in front, nearest first, and then a number is added. Adding inputs at the end
    never changes the names of those before.

    Raises
    ------
    OutputError
        If a path holds what no STAR file can: control characters, or both kinds of quotes before blanks.
    """
    names: dict[Path, str] = {}
    taken = {name.casefold() for name in used}
    for path in paths:
        if path in names:
            continue
        quoted(str(path))
        names[path] = next(name for name in _candidates(path) if name.casefold() not in taken)
        taken.add(names[path].casefold())
    return names


def _candidates(path: Path) -> Iterator[str]:
    plain = Path(path.stem).stem if path.suffix.lower() in _COMPRESSIONS else path.stem
    yield plain
    longer = plain
    for folder in path.parents:
        if folder.name:
            longer = f"{folder.name}_{longer}"
            yield longer
    yield from (f"{plain}_{number}" for number in count(2))


def spectra_folder(run: Path) -> Path:
    """Return the folder where the spectra of a run lie."""
    return run / "spectra"


def spectrum_path(run: Path, name: str) -> Path:
    """Return where the spectrum of the micrograph lies that `artefact_names` calls `name`."""
    return spectra_folder(run) / spectrum_file(name)


def spectrum_file(name: str) -> str:
    """Return what a spectrum is called in its folder."""
    return f"{name}.ctf"
