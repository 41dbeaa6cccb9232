"""Checks that the workers of a cluster have the same files, folders and packages as this process."""

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
"""Packages whose versions affect the digits of a result."""

_MAX_SAMPLES = 10


@dataclass(frozen=True, slots=True)
class Sample:
    """An input that exists, with its `size` in bytes; None for a folder."""

    path: Path
    size: int | None


@dataclass(frozen=True, slots=True)
class Environment:
    """What a worker must have.

    Attributes
    ----------
    folder
        The folder in which the command was started; None if all paths are absolute.
    run
        The run folder.
    mark
        A file in the run folder whose content is its own name.
    samples
        Some of the inputs.
    versions
        Names and versions of the `PACKAGES`.
    """

    folder: Path | None
    run: Path
    mark: str
    samples: tuple[Sample, ...]
    versions: tuple[tuple[str, str], ...]

    def resolve(self, path: Path) -> Path:
        """The absolute path of a path given to the command, in whatever process it is used."""
        return path if self.folder is None else self.folder / path


@contextmanager
def environment_of(run: Path, inputs: Sequence[Path]) -> Iterator[Environment]:
    """Yield what workers are checked against; during the block, a small file marks the run folder.

    Raises
    ------
    OutputError
        If the run folder cannot be written.
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
    """The first input of each of the first folders; an input that is missing here may be missing there."""
    first: dict[Path, Sample] = {}
    for path in inputs:
        if path.parent in first:
            continue
        with suppress(OSError):
            first[path.parent] = Sample(path, None if path.is_dir() else path.stat().st_size)
        if len(first) == _MAX_SAMPLES:
            break
    return tuple(first.values())


def environment_mismatch(environment: Environment) -> str:
    """How this process differs, as the predicate of a sentence about it; empty if it does not."""
    return _version_mismatch(environment) or _folder_mismatch(environment) or _input_mismatch(environment)


def _version_mismatch(environment: Environment) -> str:
    for name, expected in environment.versions:
        try:
            found = f"has {name} {version(name)}"
        except PackageNotFoundError:
            found = f"does not have {name}"
        if found != f"has {name} {expected}":
            return f"{found}, expected {expected} as on this machine: results would differ"
    return ""


def _folder_mismatch(environment: Environment) -> str:
    if environment.folder is not None and not environment.folder.is_dir():
        return (
            f"does not have the folder {environment.folder} in which this command was started. Start it in a folder "
            "that all workers can see, or give all files and --out as absolute paths"
        )
    run = environment.resolve(environment.run)
    try:
        is_same = (run / environment.mark).read_text(encoding="utf-8") == environment.mark
        probe = run / f".{uuid4().hex}.tmp"
        probe.touch()
        probe.unlink()
    except OSError as problem:
        is_same, why = False, problem.strerror or str(problem)
    else:
        why = "its content is different"
    if is_same:
        return ""
    return (
        f"does not see the same {run} as this machine, or cannot write to it ({why}). Workers write spectra and "
        "pictures themselves: --out must be on a file system shared by all of them"
    )


def _input_mismatch(environment: Environment) -> str:
    for sample in environment.samples:
        path = environment.resolve(sample.path)
        try:
            size = None if path.is_dir() else path.stat().st_size
            if size is not None and not os.access(path, os.R_OK):
                return f"has no permission to read {path}. Check the permissions of the user who started the workers"
        except OSError as problem:
            return (
                f"cannot find {path} ({problem.strerror or problem}). Inputs must be on a file system shared by all "
                "workers"
            )
        if size != sample.size:
            return f"sees {path} with {size} bytes, expected {sample.size} as on this machine"
    return ""


async def check_worker(environment: Environment, resource: str, dask_worker: Worker) -> str:
    """On a worker: give it one of `resource` if it passes the check; otherwise return the mismatch as a predicate."""
    threads = dask_worker.state.nthreads
    if threads != 1:
        return (
            f"runs {threads} threads, expected 1. Start more workers instead: dask worker ... "
            f"--nworkers {threads} --nthreads 1"
        )
    try:
        mismatch = environment_mismatch(environment)
    except OSError as problem:
        return f"could not be checked ({problem})"
    if not mismatch:
        one_thread_each()
        keep_freed_memory()
        await dask_worker.set_resources(**{resource: 1})
        _offer_to_scheduler(dask_worker)
    return mismatch


def _offer_to_scheduler(worker: Worker) -> None:
    """Have the scheduler send waiting jobs to this worker.

    It looks for them when the status of a worker becomes running, not when a worker gets a resource.
    """
    if worker.status == Status.running:
        worker.status = Status.paused
        worker.status = Status.running


class WorkerRegistry:
    """The workers of a cluster, including those that connect later; each is used once it has passed the check.

    Every job needs one of `resource`, which only checked workers have, so that others never get a job.
    """

    def __init__(self, client: Client, environment: Environment, note: Callable[[str], None]) -> None:
        self._client, self._environment, self._note = client, environment, note
        self.resource = f"thonring-{uuid4().hex}"
        self._usable: set[str] = set()
        self._checked: set[str] = set()
        self._reported: set[str] = set()

    @property
    def usable(self) -> int:
        """Number of workers that passed the check."""
        return len(self._usable)

    def refresh(self, *, strict: bool = False) -> None:
        """Find the workers that have connected or left since the last call, and check the new ones.

        Raises
        ------
        ClusterError
            If a worker fails the check and `strict` is set; otherwise a note is given.
        OSError
            If the scheduler does not answer.
        """
        connected = set(self._client.nthreads())
        self._usable &= connected
        self._checked &= connected
        mismatches = self._check(sorted(connected - self._checked))
        if mismatches and strict:
            raise ClusterError(_refusal(mismatches))
        for address, mismatch in mismatches.items():
            if mismatch not in self._reported:
                self._reported.add(mismatch)
                self._note(f"worker {address} gets no micrographs: it {mismatch}")

    def _check(self, addresses: list[str]) -> dict[str, str]:
        if not addresses:
            return {}
        answers: dict[str, Any] = self._client.run(
            check_worker, self._environment, self.resource, workers=addresses, on_error="return"
        )
        mismatches = {}
        for address, answer in answers.items():
            if isinstance(answer, OSError):
                continue
            self._checked.add(address)
            if answer == "":
                self._usable.add(address)
            else:
                mismatches[address] = _mismatch_text(answer)
        return mismatches


def _mismatch_text(answer: object) -> str:
    if isinstance(answer, ImportError):
        return f"cannot import this version of Thonring ({answer}). Install the same version on the workers"
    return answer if isinstance(answer, str) else f"could not be checked ({answer!r})"


def _refusal(mismatches: dict[str, str]) -> str:
    address, mismatch = next(iter(mismatches.items()))
    more = len(mismatches) - 1
    others = f". {more} more {'worker' if more == 1 else 'workers'} failed the check" if more else ""
    return f"worker {address} {mismatch}{others}"
