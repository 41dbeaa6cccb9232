"""How to estimate: every choice a user can make, checked where it enters."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from thonring.errors import SettingsError

FINEST_RESOLUTION_A = 2.5
Start = Literal["search", "network", "network-only"]


@dataclass(frozen=True, slots=True)
class Limit:
    """A criterion with the values it accepts, from a profile of limits; see quality/limits.toml."""

    criterion: str
    at_least: float
    at_most: float
    unit: str
    reason: str
    source: str


@dataclass(frozen=True, slots=True)
class Settings:
    """How to estimate. `samplings_A` holds None for the native pixel; ranges are (low, high) as named.

    `start` says where the fit starts: from a search, also from what the packaged network says, or from that alone.

    Raises
    ------
    SettingsError
        If a value is impossible.
    """

    samplings_A: tuple[float | None, ...] = (1.75, 2.75, None)
    downsampling: float | None = None
    defocus_range_A: tuple[float, float] = (2000.0, 60000.0)
    resolution_range_A: tuple[float, float] = (30.0, FINEST_RESOLUTION_A)
    search: Literal["match", "fourier"] = "match"
    start: Start = "search"
    clip_outliers: bool = True
    local_maximum: bool = True
    astigmatism: bool = True
    phase_shift: bool = False
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
        _check_start(self)


def _check_defocus_range(low_A: float, high_A: float) -> None:
    if not low_A < high_A:
        raise SettingsError(
            f"defocus range {low_A:g},{high_A:g}: the first value must be the smaller one, as 2000,60000 (Å)."
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
            f"resolution range {low_A:g},{high_A:g}: expected the low resolution first, as 30,3.5 (Å)."
        )


def _check_start(settings: Settings) -> None:
    if settings.start not in get_args(Start):
        raise SettingsError(f"start {settings.start!r}: expected one of {', '.join(get_args(Start))}.")
    if settings.start != "search" and settings.phase_shift:
        raise SettingsError(
            f"start {settings.start!r} with a phase shift to fit: the network has seen no phase plates. "
            "Leave out --start or --phase-shift."
        )
    if settings.start == "network-only" and settings.fix_defocus:
        raise SettingsError(
            "start 'network-only' with a defocus to hold fixed: only one of them can be the start. "
            "Leave out --start or --fix-defocus."
        )
