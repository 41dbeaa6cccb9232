"""Settings of an estimate: every choice a user can make, checked on entry."""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from thonring.errors import SettingsError

FINEST_RESOLUTION_A = 2.5
"""Fine end of the default resolution range, Å."""

SearchMethod = Literal["match", "fourier"]
FitStart = Literal["search", "network", "network-only"]

SpectrumKind = Literal["amplitude", "power"]
"""What a given spectrum contains: amplitudes, or their squares."""

LimitSide = Literal["at least", "at most"]
"""One side of a `Limit`."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A criterion and the range of values that it accepts, from a profile of limits; see quality/limits.toml."""

    criterion: str
    at_least: float
    at_most: float
    unit: str
    reason: str
    source: str


class KnownAstigmatism(NamedTuple):
    """An astigmatism that is kept fixed while the mean defocus is fitted: U - V, and the angle of U.

    Written to settings.json and run.db as the list of its two numbers.
    """

    astigmatism_A: float
    angle_deg: float


@dataclass(frozen=True, slots=True)
class Settings:
    """How to estimate. `samplings_A` holds None for the native pixel; ranges are (low, high) as named.

    `start` says where the fit starts: from a search, also from the packaged network's defocus, or from that alone.
    `known_astigmatism` is kept fixed. A phase shift that is not fitted is `phase_shift_deg`; one that is fitted has a
    prior about `phase_shift_range_deg`, the middle of which is its mean, and half the width its standard deviation.

    Raises
    ------
    SettingsError
        If a value is impossible.
    """

    samplings_A: tuple[float | None, ...] = (1.75, 2.75, None)
    downsampling: float | None = None
    defocus_range_A: tuple[float, float] = (2000.0, 60000.0)
    resolution_range_A: tuple[float, float] = (30.0, FINEST_RESOLUTION_A)
    search: SearchMethod = "match"
    start: FitStart = "search"
    clip_outliers: bool = True
    local_maximum: bool = True
    astigmatism: bool = True
    known_astigmatism: KnownAstigmatism | None = None
    phase_shift: bool = False
    phase_shift_deg: float = 0.0
    phase_shift_range_deg: tuple[float, float] | None = None
    refine_amplitude_contrast: bool = False
    fix_defocus: bool = False
    profile: str = "default"
    limits: tuple[Limit, ...] = ()

    def __post_init__(self) -> None:
        _check_defocus_range(*self.defocus_range_A)
        _check_resolution_range(*self.resolution_range_A)
        if not self.samplings_A or any(s is not None and not 0.1 <= s <= 20 for s in self.samplings_A):
            raise SettingsError(
                f"samplings {self.samplings_A}: expected values from 0.1 to 20 Å/px or 'native'."
            )
        if self.downsampling is not None and not 0.1 <= self.downsampling <= 20:
            raise SettingsError(f"downsampling factor {self.downsampling:g}: expected 0.1 to 20.")
        _check_astigmatism(self)
        _check_phase_shift(self)
        _check_start(self)


def _check_astigmatism(settings: Settings) -> None:
    known = settings.known_astigmatism
    if known is not None and not isinstance(known, KnownAstigmatism):
        raise SettingsError(
            f"known astigmatism {known!r}: expected KnownAstigmatism(astigmatism_A, angle_deg)."
        )
    if known is not None and not (
        settings.astigmatism and 0 <= known.astigmatism_A < math.inf and math.isfinite(known.angle_deg)
    ):
        raise SettingsError(
            f"known astigmatism {known.astigmatism_A:g} Å at {known.angle_deg:g}°: expected a difference of at least "
            "0 Å, an angle, and a fit with astigmatism."
        )


def _check_phase_shift(settings: Settings) -> None:
    if not math.isfinite(settings.phase_shift_deg):
        raise SettingsError(f"phase shift {settings.phase_shift_deg:g}°: expected a number in degrees.")
    low_deg, high_deg = settings.phase_shift_range_deg or (0.0, 180.0)
    if not -360 <= low_deg < high_deg <= 360:
        raise SettingsError(
            f"phase shift range {low_deg:g},{high_deg:g}: expected degrees, the smaller value first, such as 0,180."
        )


def _check_defocus_range(low_A: float, high_A: float) -> None:
    if not low_A < high_A:
        raise SettingsError(
            f"defocus range {low_A:g},{high_A:g}: the first value must be the smaller one, as in 2000,60000 (Å)."
        )
    if high_A < 100:
        raise SettingsError(
            f"defocus range {low_A:g},{high_A:g} looks like µm: give Å, {low_A * 1e4:g},{high_A * 1e4:g}."
        )
    if low_A < 0 or high_A > 200_000:
        raise SettingsError(
            f"defocus range {low_A:g},{high_A:g} Å: expected 0 to 200000 Å, underfocus positive."
        )


def _check_resolution_range(low_A: float, high_A: float) -> None:
    if not math.inf > low_A > high_A > 0:
        raise SettingsError(
            f"resolution range {low_A:g},{high_A:g}: expected the low resolution first, as in 30,3.5 (Å)."
        )


def _check_start(settings: Settings) -> None:
    if settings.start not in get_args(FitStart):
        raise SettingsError(f"start {settings.start!r}: expected one of {', '.join(get_args(FitStart))}.")
    if settings.start != "search" and settings.phase_shift:
        raise SettingsError(
            f"start {settings.start!r} with a phase shift to fit: the network was not trained on phase-plate "
            "data. Drop --start or --phase-shift."
        )
    if settings.start == "network-only" and settings.fix_defocus:
        raise SettingsError(
            "start 'network-only' with a fixed defocus: only one of them can be the start. "
            "Drop --start or --fix-defocus."
        )
