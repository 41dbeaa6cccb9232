"""What the user asked of `thonring dataset`."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """The arguments of `thonring dataset build`; `session` is None where folders are the sessions."""

    runs: tuple[Path, ...]
    out: Path
    session: str | None
    thesis_files: Path | None
    yes: bool
    workers: int
    quiet: bool


@dataclass(frozen=True, slots=True)
class DrawRequest:
    """The arguments of `thonring dataset simulate`."""

    count: int
    out: Path
    recipe: str
    seed: int
    thesis_files: Path | None
    yes: bool
    workers: int
    quiet: bool
