"""How a process uses the machine: a single thread, and memory that it keeps or returns."""

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
"""Bytes: no array is larger; large ones begin at 4 MiB; 32 MiB of free memory are kept. Two arenas for all threads."""


def one_thread_each() -> None:
    """Tell the numerical libraries to use one thread, unless the user's environment says otherwise.

    Micrographs are the unit of parallel work, and threads would only compete. The libraries read the variables
    when they are loaded: call this before numpy is imported, and before processes are started.
    """
    for variable in _VARIABLES:
        os.environ.setdefault(variable, "1")


def keep_freed_memory() -> None:
    """Let the allocator keep what one micrograph freed for the next one (mallopt(3), glibc only).

    Otherwise every large array is returned to the system and faulted in again, a fifth of the run time.
    """
    _tune({_MMAP_THRESHOLD: _LARGEST_ARRAY, _TRIM_THRESHOLD: _LARGEST_ARRAY})


def return_freed_memory() -> None:
    """Let the allocator return every large array at once, also those of short-lived threads (glibc only).

    A server is idle most of the time and works in many threads: what each of them kept would add up.
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
def garbage_collection_paused() -> Iterator[None]:
    """Pause the cyclic garbage collector in the block.

    A large run is planned as hundreds of thousands of long-lived records without cycles; traversing them again
    and again takes a third of the time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
