"""What is kept of one micrograph: enough to judge it again under other limits, without its image."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from pydantic import TypeAdapter

from corrections_configurations import Sampling, SearchName
from corrections_scenes import Numbered


@dataclass(frozen=True, slots=True)
class Found:
    """The fit of an attempt, without its curves."""

    defocus_u_A: float
    defocus_v_A: float
    angle_deg: float
    phase_shift_deg: float
    defocus_sigma_A: float
    astigmatism_sigma_A: float
    fit_resolution_A: float
    log_likelihood_gain: float
    start_A: float


@dataclass(frozen=True, slots=True)
class Tried:
    """One search at one sampling: the fit, or why there is none, and the criteria's values by name."""

    search: SearchName
    wanted_A: Sampling
    sampling_A: float
    found: Found | None
    refusal: str
    values: Mapping[str, float]
    seconds: float


@dataclass(frozen=True, slots=True)
class Row:
    """One micrograph: what it was made of, everything tried on it, and the CPU seconds of what is shared."""

    made: Numbered
    tried: tuple[Tried, ...]
    seconds: Mapping[str, float]

    def at(self, search: SearchName, wanted_A: Sampling) -> Tried:
        """The attempt of a search at a sampling.

        Raises
        ------
        KeyError
            If it was not tried.
        """
        for attempt in self.tried:
            if attempt.search == search and attempt.wanted_A == wanted_A:
                return attempt
        raise KeyError(f"micrograph {self.made.number}: {search!r} at {wanted_A} Å was not tried")


_ROW = TypeAdapter(Row)


def to_line(row: Row) -> str:
    """One line of JSON; NaN and infinities as Python writes them."""
    return json.dumps(asdict(row), ensure_ascii=False)


def from_line(line: str) -> Row:
    """The row of a line."""
    return _ROW.validate_python(json.loads(line))
