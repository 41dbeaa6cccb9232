"""The same work on many inputs, in processes of one thread each."""

import multiprocessing
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

from thonring.batch.threads import one_thread_each

Input = TypeVar("Input")
Result = TypeVar("Result")


def in_processes(work: Callable[[Input], Result], inputs: Iterable[Input], workers: int) -> list[Result]:
    """Results in the order of the inputs; the processes are fresh ones, so that they start single-threaded."""
    one_thread_each()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as executor:
        return list(executor.map(work, inputs))
