"""Opens the executor that a user chose."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from thonring.batch.executors.base import Executor, Inline
from thonring.batch.executors.choice import ClusterChoice, RunningCluster
from thonring.batch.executors.processes import Processes, persistent_processes
from thonring.batch.interrupts import terminable
from thonring.errors import ClusterError

ExecutorChoice = Inline | Processes | ClusterChoice

_EXTRA = ("dask", "distributed", "dask_jobqueue")


@contextmanager
def open_executor(
    choice: ExecutorChoice, run: Path, inputs: Sequence[Path], note: Callable[[str], None]
) -> Iterator[Executor]:
    """Yield the chosen executor; `finish` may be called any number of times until the block ends.

    Parameters
    ----------
    run
        The run folder, which must exist; workers write spectra and pictures into it.
    inputs
        Files, or folders of them; the workers of a cluster are checked to see the same ones.
    note
        Called with messages for the user, such as that no worker has connected yet.

    Raises
    ------
    ClusterError
        If the extra `cluster` is not installed, if there is no cluster, or if its workers do not match this machine.
    OutputError
        If the run folder cannot be written.
    """
    if isinstance(choice, Inline):
        yield choice
        return
    if isinstance(choice, Processes):
        with persistent_processes(choice.workers) as pool:
            yield pool
        return
    _require_packages(choice)
    from thonring.batch.executors.dask import DaskExecutor, connected
    from thonring.batch.executors.worker_check import environment_of

    with terminable(), environment_of(run, inputs) as environment, connected(choice, run) as connection:
        executor = DaskExecutor(connection, environment, note)
        executor.wait(note)
        yield executor


def _require_packages(choice: ClusterChoice) -> None:
    missing = [name.replace("_", "-") for name in _EXTRA if find_spec(name) is None]
    if missing:
        raise ClusterError(
            f"Dask clusters need {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed: "
            "pip install 'thonring[cluster]'."
        )
    if not isinstance(choice, RunningCluster) and choice.dashboard and find_spec("bokeh") is None:
        raise ClusterError("--dashboard needs bokeh, which is not installed: pip install bokeh.")
