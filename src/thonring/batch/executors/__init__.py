"""Executors: this process, processes of this machine, or the workers of a Dask cluster.

`choice` lists the clusters to choose from, `open` creates the executor. Packages of the extra `cluster` are imported in
`dask`, `dask_preload`, `slurm` and `worker_check` only.
"""
