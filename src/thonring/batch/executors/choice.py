"""The clusters that a user can choose."""

import re
from dataclasses import dataclass

CORES = 4
MEMORY_PER_CORE_GB = 4
_TIME = re.compile(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?")


@dataclass(frozen=True, slots=True)
class RunningCluster:
    """The workers of a Dask scheduler that is running at an address."""

    address: str


@dataclass(frozen=True, slots=True)
class OwnCluster:
    """A Dask cluster on this machine for the duration of the run; `dashboard` is an address, or empty for none."""

    workers: int
    dashboard: str = ""


@dataclass(frozen=True, slots=True)
class SlurmJobs:
    """A number of SLURM jobs, each with `cores` workers that share `memory`.

    Empty `queue` and `time` are the site's defaults, empty `memory` is `MEMORY_PER_CORE_GB` per core. `directives`
    are further options of sbatch, such as "--account=em".
    """

    jobs: int
    queue: str = ""
    cores: int = CORES
    memory: str = ""
    time: str = ""
    directives: tuple[str, ...] = ()
    dashboard: str = ""

    @property
    def memory_of_job(self) -> str:
        """Memory requested for a job, with its unit."""
        return self.memory or f"{MEMORY_PER_CORE_GB * self.cores}GB"


ClusterChoice = RunningCluster | OwnCluster | SlurmJobs


def seconds_of(time_limit: str) -> int:
    """Convert a time in sbatch's formats to seconds: minutes, MM:SS, HH:MM:SS, D-HH, D-HH:MM or D-HH:MM:SS.

    Raises
    ------
    ValueError
        If the text has none of these formats.
    """
    match = _TIME.fullmatch(time_limit)
    if match is None:
        raise ValueError(time_limit)
    days, *parts = (None if part is None else int(part) for part in match.groups())
    first, second, third = parts
    if days is not None:
        return 86400 * days + 3600 * (first or 0) + 60 * (second or 0) + (third or 0)
    if third is not None:
        return 3600 * (first or 0) + 60 * (second or 0) + third
    return 60 * (first or 0) + (second or 0)
