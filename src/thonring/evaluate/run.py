"""What a program said of each micrograph: the records that every reader of results fills."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from thonring.records import KnownDefocus, Status
from thonring.settings import Limit


@dataclass(frozen=True, slots=True)
class Result:
    """One micrograph of a run; `file` as the run names it, NaN where a value is absent.

    `criteria` are the kept attempt's values. `failed` names the criteria that rejected it, None where that cannot
    be told. `pictures` are the files that show it, as far as they exist.
    """

    file: str
    status: Status
    estimate: KnownDefocus | None = None
    reasons: str = ""
    defocus_sigma_A: float = math.nan
    astigmatism_sigma_A: float = math.nan
    phase_shift_sigma_deg: float = math.nan
    voltage_kV: float = math.nan
    pixel_A: float = math.nan
    cs_mm: float = math.nan
    amplitude_contrast: float = math.nan
    score: float = math.nan
    fit_resolution_A: float = math.nan
    criteria: Mapping[str, float] = field(default_factory=dict)
    failed: tuple[str, ...] | None = None
    pictures: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """Results in the order of their table, each file once.

    `judges` is False of programs that give no verdict: what has a value counts as accepted. `by_key` tells that
    names are only what `read.key_of` leaves of them, `in_order` that there are none: images of a stack.
    """

    name: str
    path: Path
    results: tuple[Result, ...]
    limits: tuple[Limit, ...] = ()
    judges: bool = True
    by_key: bool = False
    in_order: bool = False
    notes: tuple[str, ...] = ()
