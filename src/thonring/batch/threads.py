"""How a process uses the machine: one thread, and memory that it keeps or gives back."""

import ctypes
import gc
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGEST_ARRAY = 1 << 30
_SMALLEST_LARGE, _KEPT = 4 << 20, 32 << 20
_ARENAS = 2


def one_thread_each() -> None:
    """Tell the numerical libraries to use one thread, unless the user's environment says otherwise.

    Micrographs are the unit of parallel work, and threads would only compete. The libraries read the variables
    when they are loaded: call this before numpy is imported, and before processes are started.
    """
    for variable in _VARIABLES:
        os.environ.setdefault(variable, "1")


def keep_freed_memory() -> None:
    """Let the allocator keep what one micrograph freed for the next one (mallopt(3), glibc only).

    Otherwise every large array is given back and faulted in again, which takes a fifth of the time.
    """
    _tune({_MMAP_THRESHOLD: _LARGEST_ARRAY, _TRIM_THRESHOLD: _LARGEST_ARRAY})


def give_back_freed_memory() -> None:
    """Let the allocator give back every large array at once, also those of short-lived threads (glibc only).

    A server is idle most of the time, and works in many threads: what each of them kept would add up.
    """
    _tune({_MMAP_THRESHOLD: _SMALLEST_LARGE, _TRIM_THRESHOLD: _KEPT, _ARENA_MAX: _ARENAS})


def _tune(parameters: Mapping[int, int]) -> None:
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    for parameter, value in parameters.items():
        mallopt(parameter, value)


@contextmanager
def uncollected() -> Iterator[None]:
    """Search for no cyclic garbage in the block.

    A large run is planned as hundred thousands of records that stay and hold no cycles; going through them again and
    again takes a third of the time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
