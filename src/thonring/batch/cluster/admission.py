"""Which workers of a cluster may work on a run: those that were checked and found right."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from distributed import Client, Status, Worker

from thonring.batch.cluster.ground import Ground, fault
from thonring.batch.threads import keep_freed_memory, one_thread_each
from thonring.errors import ClusterError


async def admit(ground: Ground, resource: str, dask_worker: Worker) -> str:
    """On a worker: check it, and give it one of `resource` if nothing is wrong; else say what, about "it"."""
    threads = dask_worker.state.nthreads
    if threads != 1:
        return (
            f"works with {threads} threads, expected 1. Start as many workers instead: dask worker ... "
            f"--nworkers {threads} --nthreads 1"
        )
    try:
        wrong = fault(ground)
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


class Gate:
    """The workers of a cluster, those that come later too, each let in once it was checked.

    A job asks for one of `resource`, which only these have, so that others never get one.
    """

    def __init__(self, client: Client, ground: Ground, note: Callable[[str], None]) -> None:
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
