"""What the fixture `served` gives."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Served:
    """A server's `address` with its token, its run, and the simulated set that the run was made of."""

    address: str
    run: Path
    simulated: Path
