"""What the estimate by hand is asked over the JSON interface, and what it answers."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from thonring.by_hand import Way
from thonring.web.answers import AttemptAnswer, CurveAnswer, Points
from thonring.web.routes.decisions import Who

Defocus = Annotated[float, Field(ge=100, le=170_000, allow_inf_nan=False)]
Degrees = Annotated[float, Field(ge=-360, le=360, allow_inf_nan=False)]
Frequency = Annotated[float, Field(gt=0, le=5, allow_inf_nan=False)]
Resolution = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
Sampling = Annotated[float, Field(ge=0.1, le=20, allow_inf_nan=False)]


class Axes(BaseModel):
    """A defocus, Å and degrees; U and V in any order."""

    model_config = ConfigDict(extra="forbid")

    defocus_u_A: Defocus
    defocus_v_A: Defocus
    angle_deg: Degrees


class RingAsked(BaseModel):
    """A ring of zeros: where it crosses the directions `angle_deg` and at right angles to it."""

    model_config = ConfigDict(extra="forbid")

    zero: Annotated[int, Field(ge=1, le=5)] = 1
    along_per_A: Frequency
    across_per_A: Frequency
    angle_deg: Degrees


class Asked(BaseModel):
    """What the hand set: a defocus, or the ring of one of its zeros; low resolution first in the range."""

    model_config = ConfigDict(extra="forbid")

    defocus: Axes | None = None
    ring: RingAsked | None = None
    phase_shift_deg: Degrees = 0.0
    resolution_range_A: tuple[Resolution, Resolution]

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.defocus is None) == (self.ring is None):
            raise ValueError("give either a defocus or a ring")
        return self


class Moved(Asked):
    """What the hand set, with which zero's ring it holds and at which sampling the spectrum is shown.

    `quadrant` asks for the model's picture.
    """

    zero: Annotated[int, Field(ge=1, le=5)] = 1
    sampling_A: Sampling
    quadrant: bool = False


class Model(BaseModel):
    """What follows the hand: the defocus, the rings of its zeros, the model's quadrant (PNG), the profile against it.

    `ring` is that of the asked zero along U and V, null where the defocus has none. `profile_told` says why there
    is no profile.
    """

    defocus_u_A: float
    defocus_v_A: float
    angle_deg: float
    defocus_A: float
    astigmatism_A: float
    phase_shift_deg: float
    ring: RingAsked | None
    curves_x_per_A: list[Points]
    curves_y_per_A: list[Points]
    quadrant: str | None
    profile: CurveAnswer | None
    profile_told: str
    score: float | None
    fit_resolution_A: float | None


class Estimated(BaseModel):
    """An estimate by hand with its verdict by the criteria, and how far it is from where the hand was."""

    attempt: AttemptAnswer
    moved_A: float
    ran_away: bool
    profile: CurveAnswer | None


class Keeping(Asked):
    """What is to be kept: the fit from there, or the hand's values as they are."""

    way: Way
    who: Who


class Forgetting(BaseModel):
    """Let the automatic estimate stand again."""

    model_config = ConfigDict(extra="forbid")

    who: Who


class Plane(BaseModel):
    """How a spectrum's picture lies: its Nyquist frequency, and the resolutions to draw circles at.

    `sampling_A` is the one asked for, or the finest to which the spectrum was measured.
    """

    sampling_A: float
    nyquist_per_A: float
    pixels: int
    resolutions_A: list[float]
