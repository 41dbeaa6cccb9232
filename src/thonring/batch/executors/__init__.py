"""Executors: this process, processes of this machine, or the workers of a Dask cluster.

`choice` is what a user may choose, `open` makes an executor of it. Packages of the extra `cluster` are imported in
`dask`, `dask_preload`, `slurm` and `worker_check` only.
"""
