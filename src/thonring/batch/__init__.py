"""Many files: `jobs` plans, `work` does one, `execute` runs them, `session` keeps the tables.

Who does them is an `executor`: this process, `processes`, or a `cluster`, made by `opening`.

Nothing is imported here: `thonring.batch.threads` has to come before numpy.
"""
