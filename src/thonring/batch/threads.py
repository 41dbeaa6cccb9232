"""How a process of a batch uses the machine: one thread, and memory that it keeps."""

import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGEST_ARRAY = 1 << 30


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
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(_MMAP_THRESHOLD, _LARGEST_ARRAY)
    mallopt(_TRIM_THRESHOLD, _LARGEST_ARRAY)


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
