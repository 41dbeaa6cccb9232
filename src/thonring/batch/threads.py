"""One thread a process: micrographs are the unit of parallel work, and threads would only compete."""

import os

_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def one_thread_each() -> None:
    """Tell the numerical libraries to use one thread, unless the user's environment says otherwise.

    They read it when they are loaded: call this before numpy is imported, and before processes are started.
    """
    for variable in _VARIABLES:
        os.environ.setdefault(variable, "1")
