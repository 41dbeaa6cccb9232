"""What every worker has to find as this process does: files, folders, packages."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from uuid import uuid4

from thonring.errors import OutputError

PACKAGES = ("thonring", "numpy", "scipy")
"""Those whose versions decide the digits of a result."""

_MOST_SAMPLES = 10


@dataclass(frozen=True, slots=True)
class Sample:
    """An input that is there, with its `size`; a folder has none."""

    path: Path
    size: int | None


@dataclass(frozen=True, slots=True)
class Ground:
    """What is sent to each worker to be checked there.

    `folder` is where the command was given, None if all paths are absolute; `mark` is a file in `run` that holds
    its own name.
    """

    folder: Path | None
    run: Path
    mark: str
    samples: tuple[Sample, ...]
    versions: tuple[tuple[str, str], ...]

    def placed(self, path: Path) -> Path:
        """A path of the command, wherever the process that asks may be."""
        return path if self.folder is None else self.folder / path


@contextmanager
def ground_of(run: Path, inputs: Sequence[Path]) -> Iterator[Ground]:
    """Give what workers are checked against; while the block lasts, a small file marks the run's folder.

    Raises
    ------
    OutputError
        If nothing can be written into the run's folder.
    """
    relative = any(not path.is_absolute() for path in (run, *inputs))
    mark = f".{uuid4().hex}.tmp"
    try:
        (run / mark).write_text(mark, encoding="utf-8")
    except OSError as problem:
        raise OutputError(f"{run}: cannot be written ({problem.strerror or problem}).") from problem
    try:
        versions = tuple((name, version(name)) for name in PACKAGES)
        yield Ground(Path.cwd() if relative else None, run, mark, _samples(inputs), versions)
    finally:
        (run / mark).unlink(missing_ok=True)


def _samples(inputs: Sequence[Path]) -> tuple[Sample, ...]:
    """The first input of each folder, for so many folders; what is missing here need not be there."""
    first: dict[Path, Sample] = {}
    for path in inputs:
        if path.parent in first:
            continue
        with suppress(OSError):
            first[path.parent] = Sample(path, None if path.is_dir() else path.stat().st_size)
        if len(first) == _MOST_SAMPLES:
            break
    return tuple(first.values())


def fault(ground: Ground) -> str:
    """What of it this process does not find, as the end of a sentence about it; empty if all is right."""
    return _other_version(ground) or _other_folder(ground) or _other_input(ground)


def _other_version(ground: Ground) -> str:
    for name, expected in ground.versions:
        try:
            found = f"has {name} {version(name)}"
        except PackageNotFoundError:
            found = f"lacks {name}"
        if found != f"has {name} {expected}":
            return f"{found}, expected {expected} as on this machine: results would not be the same"
    return ""


def _other_folder(ground: Ground) -> str:
    if ground.folder is not None and not ground.folder.is_dir():
        return (
            f"has no folder {ground.folder}, where this command was given. Give it in a folder that all workers "
            "see, or name all files and --out by absolute paths"
        )
    run = ground.placed(ground.run)
    try:
        same = (run / ground.mark).read_text(encoding="utf-8") == ground.mark
        probe = run / f".{uuid4().hex}.tmp"
        probe.touch()
        probe.unlink()
    except OSError as problem:
        same, why = False, problem.strerror or str(problem)
    else:
        why = "it holds something else"
    if same:
        return ""
    return (
        f"does not see {run} as this machine does, or cannot write there ({why}). Workers write spectra and "
        "pictures themselves: --out needs a file system that they all share"
    )


def _other_input(ground: Ground) -> str:
    for sample in ground.samples:
        path = ground.placed(sample.path)
        try:
            found = None if path.is_dir() else path.stat().st_size
            if found is not None and not os.access(path, os.R_OK):
                return f"may not read {path}. Check its permissions for the user who started the workers"
        except OSError as problem:
            return (
                f"does not find {path} ({problem.strerror or problem}). Inputs need a file system that all workers "
                "share"
            )
        if found != sample.size:
            return f"finds {path} with {found} bytes, expected {sample.size} as on this machine"
    return ""
