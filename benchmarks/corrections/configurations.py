"""The configurations compared: the protocol before its corrections, with each of them, with all, and our default.

A configuration is a search for the defocus, the samplings that it tries, and a profile of limits. What depends only on
the image and the search is measured once and shared.
"""

from dataclasses import dataclass
from typing import Literal

from thonring.settings import Settings

Sampling = float | None
FIRST: tuple[Sampling, ...] = (1.75,)
ALL: tuple[Sampling, ...] = (1.75, 2.75, None)
SearchName = Literal[
    "plain", "clip", "peak", "high-pass", "corrected", "plain, 4 starts", "corrected, 4 starts", "match"
]


@dataclass(frozen=True, slots=True)
class Search:
    """A search for the defocus.

    With `one_start`, only the highest peak of the Fourier search is refined, as in the protocol; otherwise up to four
    starts are refined and the most likely fit is kept. `high_pass` filters the profile first, and needs `one_start`.
    """

    settings: Settings
    one_start: bool = False
    high_pass: bool = False


@dataclass(frozen=True, slots=True)
class Configuration:
    """A configuration; `published` is (TP, FP, FN, TN) from the thesis, where it has them."""

    name: str
    search: SearchName
    samplings_A: tuple[Sampling, ...]
    profile: str
    published: tuple[int, int, int, int] | None = None


def _fourier(*, clip: bool = False, peak: bool = False) -> Settings:
    return Settings(search="fourier", clip_outliers=clip, local_maximum=peak)


SEARCHES: dict[SearchName, Search] = {
    "plain": Search(_fourier(), one_start=True),
    "clip": Search(_fourier(clip=True), one_start=True),
    "peak": Search(_fourier(peak=True), one_start=True),
    "high-pass": Search(_fourier(), one_start=True, high_pass=True),
    "corrected": Search(_fourier(clip=True, peak=True), one_start=True),
    "plain, 4 starts": Search(_fourier()),
    "corrected, 4 starts": Search(_fourier(clip=True, peak=True)),
    "match": Search(Settings()),
}

BEFORE, AFTER, DEFAULT = "xmipp-before", "xmipp-after", "default"

CONFIGURATIONS = (
    Configuration(BEFORE, "plain", FIRST, "xmipp-before", (1457, 236, 1, 98)),
    Configuration("before + clip", "clip", FIRST, "xmipp-before"),
    Configuration("before + local maximum", "peak", FIRST, "xmipp-before"),
    Configuration("before + samplings", "plain", ALL, "xmipp-before"),
    Configuration("before + limits", "plain", FIRST, "xmipp-after"),
    Configuration("before + high-pass", "high-pass", FIRST, "xmipp-before"),
    Configuration(AFTER, "corrected", ALL, "xmipp-after", (1622, 10, 0, 160)),
    Configuration("before, 4 starts", "plain, 4 starts", FIRST, "xmipp-before"),
    Configuration("after, 4 starts", "corrected, 4 starts", ALL, "xmipp-after"),
    Configuration(DEFAULT, "match", ALL, "default"),
)


def samplings_of(search: SearchName) -> tuple[Sampling, ...]:
    """All samplings at which some configuration uses this search, in order."""
    used = {s for one in CONFIGURATIONS if one.search == search for s in one.samplings_A}
    return tuple(sampling for sampling in ALL if sampling in used)
