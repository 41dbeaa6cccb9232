"""Many files: `jobs` describes one job, `resume` plans a run, `run` carries it out on one of the `executors`.

Nothing is imported here: `thonring.batch.threads` has to come before numpy.
"""
