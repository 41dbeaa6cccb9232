"""From what a user chose to an executor that works."""

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
    """Give the executor that was chosen; it may finish jobs any number of times until the block ends.

    Parameters
    ----------
    run
        The run folder, which exists and which workers write spectra and pictures into.
    inputs
        Files, or folders of them: workers of a cluster are checked to see the same.
    note
        Is called with what the user should know, as that workers are waited for.

    Raises
    ------
    ClusterError
        If the extra `cluster` is missing; if there is no cluster; if workers are not fit for the run.
    OutputError
        If the run folder cannot be written.
    """
    if isinstance(choice, Inline):
        yield choice
        return
    if isinstance(choice, Processes):
        with persistent_processes(choice.workers) as crew:
            yield crew
        return
    _require_packages(choice)
    from thonring.batch.executors.dask import DaskExecutor, connected
    from thonring.batch.executors.worker_check import environment_of

    with terminable(), environment_of(run, inputs) as ground, connected(choice, run) as connection:
        executor = DaskExecutor(connection, ground, note)
        executor.wait(note)
        yield executor


def _require_packages(choice: ClusterChoice) -> None:
    missing = [name.replace("_", "-") for name in _EXTRA if find_spec(name) is None]
    if missing:
        raise ClusterError(
            f"Dask clusters need {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} missing: "
            "pip install 'thonring[cluster]'."
        )
    if not isinstance(choice, RunningCluster) and choice.dashboard and find_spec("bokeh") is None:
        raise ClusterError("--dashboard needs bokeh, which is missing: pip install bokeh.")
