"""What every worker has to find as this process does: files, folders, packages."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from uuid import uuid4

from distributed import Client, Status, Worker

from thonring.batch.threads import keep_freed_memory, one_thread_each
from thonring.errors import ClusterError, OutputError

PACKAGES = ("thonring", "numpy", "scipy")
"""Those whose versions decide the digits of a result."""

_MOST_SAMPLES = 10


@dataclass(frozen=True, slots=True)
class Sample:
    """An input that is there, with its `size`; a folder has none."""

    path: Path
    size: int | None


@dataclass(frozen=True, slots=True)
class Environment:
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
def environment_of(run: Path, inputs: Sequence[Path]) -> Iterator[Environment]:
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
        yield Environment(Path.cwd() if relative else None, run, mark, _samples(inputs), versions)
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


def environment_mismatch(ground: Environment) -> str:
    """What of it this process does not find, as the end of a sentence about it; empty if all is right."""
    return _other_version(ground) or _other_folder(ground) or _other_input(ground)


def _other_version(ground: Environment) -> str:
    for name, expected in ground.versions:
        try:
            found = f"has {name} {version(name)}"
        except PackageNotFoundError:
            found = f"lacks {name}"
        if found != f"has {name} {expected}":
            return f"{found}, expected {expected} as on this machine: results would not be the same"
    return ""


def _other_folder(ground: Environment) -> str:
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


def _other_input(ground: Environment) -> str:
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


async def admit(ground: Environment, resource: str, dask_worker: Worker) -> str:
    """On a worker: check it, and give it one of `resource` if nothing is wrong; else say what, about "it"."""
    threads = dask_worker.state.nthreads
    if threads != 1:
        return (
            f"works with {threads} threads, expected 1. Start as many workers instead: dask worker ... "
            f"--nworkers {threads} --nthreads 1"
        )
    try:
        wrong = environment_mismatch(ground)
    except OSError as problem:
        return f"could not be checked ({problem})"
    if not wrong:
        one_thread_each()
        keep_freed_memory()
        await dask_worker.set_resources(**{resource: 1})
        _announce(dask_worker)
    return wrong


def _announce(worker: Worker) -> None:
    """Have the scheduler give jobs that nobody could do to this worker.

    It tries when a worker begins to run, and not when one gets a resource.
    """
    if worker.status == Status.running:
        worker.status = Status.paused
        worker.status = Status.running


class WorkerRegistry:
    """The workers of a cluster, those that come later too, each let in once it was checked.

    A job asks for one of `resource`, which only these have, so that others never get one.
    """

    def __init__(self, client: Client, ground: Environment, note: Callable[[str], None]) -> None:
        self._client, self._ground, self._note = client, ground, note
        self.resource = f"thonring-{uuid4().hex}"
        self._fit: set[str] = set()
        self._seen: set[str] = set()
        self._told: set[str] = set()

    @property
    def fit(self) -> int:
        """How many workers may work."""
        return len(self._fit)

    def look(self, *, strict: bool = False) -> None:
        """Find out who has come and gone since the last time.

        Raises
        ------
        ClusterError
            If one that has come is not fit and `strict` is set; it is told as a note otherwise.
        OSError
            If the scheduler does not answer.
        """
        there = set(self._client.nthreads())
        self._fit &= there
        self._seen &= there
        unfit = self._checked(sorted(there - self._seen))
        if unfit and strict:
            raise ClusterError(_refusal(unfit))
        for address, wrong in unfit.items():
            if wrong not in self._told:
                self._told.add(wrong)
                self._note(f"worker {address} gets no micrographs: it {wrong}")

    def _checked(self, addresses: list[str]) -> dict[str, str]:
        if not addresses:
            return {}
        answers: dict[str, Any] = self._client.run(
            admit, self._ground, self.resource, workers=addresses, on_error="return"
        )
        unfit = {}
        for address, answer in answers.items():
            if isinstance(answer, OSError):
                continue
            self._seen.add(address)
            if answer == "":
                self._fit.add(address)
            else:
                unfit[address] = _said(answer)
        return unfit


def _said(answer: object) -> str:
    if isinstance(answer, ImportError):
        return f"cannot import this version of Thonring ({answer}). Install the same one for the workers"
    return answer if isinstance(answer, str) else f"could not be checked ({answer!r})"


def _refusal(unfit: dict[str, str]) -> str:
    address, wrong = next(iter(unfit.items()))
    others = f". {len(unfit) - 1} more of its workers are unfit" if len(unfit) > 1 else ""
    return f"worker {address} {wrong}{others}"
