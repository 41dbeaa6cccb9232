"""The run loop keeps what is finished, whatever ends it, and whatever its results go into."""

import os
import signal
import threading
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from thonring.batch import run as run_module
from thonring.batch.dataset import SimulatedJob, fill_dataset, plan_dataset
from thonring.batch.interrupts import Terminated, interrupts_deferred, signal_of, terminable
from thonring.batch.run import RunResult, TableSink, collect_results
from thonring.batch.simulation import SceneJob, simulate_all
from thonring.errors import ClusterError
from thonring.learn.dataset.dataset import open_dataset
from thonring.learn.dataset.hdf5 import writing
from thonring.simulate import load_recipe, read_truth

SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
Finished = tuple[RunResult, int]


def kill(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


def simulated(folder: Path, report: Callable[[object], None]) -> Finished:
    recipe = load_recipe("session").model_copy(update={"size": 128})
    recipe = recipe.model_copy(update={"usable": recipe.usable.model_copy(update={"rings": 0})})
    done = simulate_all(folder, [SceneJob(folder, recipe, 1, index) for index in range(4)], 1, report)
    return done.run, len(read_truth(folder / "truth.csv"))


def filled(folder: Path, report: Callable[[object], None]) -> Finished:
    jobs = [SimulatedJob(load_recipe("training"), 1, index) for index in range(4)]
    with writing(folder / "d.h5") as writer:
        done = fill_dataset(writer, plan_dataset(writer, jobs), 1, report)
    return done.run, len(open_dataset([folder / "d.h5"]))


@SIGNALS
@pytest.mark.parametrize("command", [simulated, filled])
def test_a_signal_leaves_what_is_finished_in_the_sink(
    tmp_path: Path, command: Callable[[Path, Callable[[object], None]], Finished], number: signal.Signals
) -> None:
    reported: list[object] = []

    def report(result: object) -> None:
        reported.append(result)
        if len(reported) == 2:
            kill(number)

    before = signal.getsignal(signal.SIGTERM)
    run, kept = command(tmp_path, report)
    assert (run.done, run.failed, run.stopped_by, kept) == (2, 0, number, 2)
    assert run.exit_code == 128 + number
    assert signal.getsignal(signal.SIGTERM) == before


class Tables:
    """Numbers as results: odd ones are failures; what was written is kept, and writing may interrupt."""

    def __init__(self) -> None:
        self.written: list[tuple[int, ...]] = []
        self.sink = TableSink[int](self.written.append, lambda number: number % 2 == 1)


def numbers(
    count: int, *, at: int = -1, happens: Callable[[], None] = lambda: None
) -> Generator[tuple[int, int], None, None]:
    """Results in reverse order; before number `at` something happens."""
    for index in reversed(range(count)):
        if index == at:
            happens()
        yield index, index


def test_results_are_in_the_order_of_their_jobs_and_counted() -> None:
    tables = Tables()
    run = collect_results(numbers(5), tables.sink, lambda _: None)
    assert tables.written == [(0, 1, 2, 3, 4)]
    assert (run.done, run.failed, run.interrupted, run.exit_code) == (5, 2, False, 1)
    assert collect_results(numbers(1), Tables().sink, lambda _: None).exit_code == 0


@SIGNALS
def test_a_signal_between_results_ends_the_run_and_closes_the_results(number: signal.Signals) -> None:
    tables = Tables()
    results = numbers(5, at=1, happens=lambda: kill(number))
    run = collect_results(results, tables.sink, lambda _: None)
    assert tables.written == [(2, 3, 4)]
    assert run.exit_code == 128 + number
    assert list(results) == []


@SIGNALS
def test_a_signal_while_a_result_is_kept_loses_nothing(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = Tables()
    keep = tables.sink._keep

    def interrupted(index: int, result: int) -> int:
        kill(number)
        return keep(index, result)

    monkeypatch.setattr(tables.sink, "_keep", interrupted)
    run = collect_results(numbers(5), tables.sink, lambda _: None)
    assert tables.written == [(4,)]
    assert (run.done, run.stopped_by) == (1, number)


def test_without_workers_what_is_finished_is_written_and_the_error_goes_on() -> None:
    def lost() -> None:
        raise ClusterError("no worker")

    tables = Tables()
    with pytest.raises(ClusterError, match="no worker"):
        collect_results(numbers(5, at=1, happens=lost), tables.sink, lambda _: None)
    assert tables.written == [(2, 3, 4)]


def test_sigterm_does_not_end_the_writing_but_a_second_ctrl_c_does() -> None:
    def write(_: tuple[int, ...]) -> None:
        kill(signal.SIGTERM)
        written.append("whole")
        kill(signal.SIGINT)
        written.append("never")

    written: list[str] = []
    sink = TableSink[int](write, lambda _: False)
    with pytest.raises(KeyboardInterrupt):
        collect_results(numbers(3, at=1, happens=lambda: kill(signal.SIGTERM)), sink, lambda _: None)
    assert written == ["whole"]


def test_tables_are_written_on_the_way_as_often_as_their_writing_allows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_module, "WRITE_EVERY_S", 0.0)
    monkeypatch.setattr(run_module, "WRITING_SHARE", float("inf"))
    tables = Tables()
    collect_results(numbers(3), tables.sink, lambda _: None)
    assert tables.written == [(2,), (1, 2), (0, 1, 2), (0, 1, 2)]


def test_deferred_signals_keep_their_handlers_and_arrive_afterwards() -> None:
    before = signal.getsignal(signal.SIGINT)
    steps: list[str] = []

    def block() -> None:
        with interrupts_deferred():
            kill(signal.SIGTERM)
            steps.append("finished")
        steps.append("never")

    with pytest.raises(Terminated), terminable():
        block()
    assert steps == ["finished"]
    assert signal.getsignal(signal.SIGINT) == before


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interrupts_deferred():
            kill(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_change_no_handler() -> None:
    def body() -> None:
        with terminable(), interrupts_deferred():
            handlers.append((signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)))

    handlers: list[object] = []
    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert handlers == [(signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT))]


def test_the_signal_is_found_behind_the_exception_of_a_library() -> None:
    def library(stop: KeyboardInterrupt) -> BaseException:
        try:
            try:
                raise stop
            except KeyboardInterrupt:
                raise SystemExit(1)  # noqa: B904 - as Lightning does
        except SystemExit as exit_:
            return exit_

    assert signal_of(library(Terminated())) == signal.SIGTERM
    assert signal_of(library(KeyboardInterrupt())) == signal.SIGINT
