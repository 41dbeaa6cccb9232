"""Many files: `jobs` plans them, `resume` finds what is left to do, and `run` is the loop that all commands share.

`estimation`, `prediction`, `simulation` and `dataset` use that loop, and `watch` processes a watched
folder; `executors` do the jobs. Nothing is imported here: `thonring.batch.threads` has to come before numpy.
"""
