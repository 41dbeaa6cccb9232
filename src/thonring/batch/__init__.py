"""Many files: `jobs` plans, `work` does one, `execute` runs them on `processes`, `session` keeps the tables.

Nothing is imported here: `thonring.batch.threads` has to come before numpy.
"""
