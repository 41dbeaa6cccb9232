"""Jobs on the workers of a Dask cluster: `ground` and `admission` check them, `flight` has jobs with them.

`choice` is what a user may ask for, `connection` makes it, `dask_executor` is what a batch then works with.
Packages of the extra `cluster` are imported in `connection`, `admission`, `flight` and `dask_executor` only.
"""
