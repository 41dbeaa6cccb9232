"""Many files: `jobs` plans them, `resume` finds what is left to do, and `run` is the loop that all commands share.

`estimation`, `prediction`, `simulation` and `dataset` are what the loop is used for, `watch` the runs of a watched
folder; `executors` do the jobs. Nothing is imported here: `thonring.batch.threads` has to come before numpy.
"""
