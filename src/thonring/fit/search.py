"""Where the refinement starts: from a known defocus, from one of the two searches, or from the network's defocus."""

import math
from dataclasses import replace

from thonring.errors import FitError
from thonring.fit.candidate import Candidate
from thonring.fit.fourier import fourier
from thonring.fit.match import match
from thonring.fit.rebin import MIN_RINGS
from thonring.optics import Optics
from thonring.records import KnownDefocus, SearchSignals, SectorProfiles
from thonring.settings import KnownAstigmatism, Settings

Starts = tuple[tuple[Candidate, ...], SearchSignals | None]


def search(
    profiles: SectorProfiles,
    optics: Optics,
    settings: Settings,
    known: KnownDefocus | None = None,
    network_A: float | None = None,
) -> Starts:
    """Starts for the refinement, best first, and the signals of the Fourier search if it was run.

    Parameters
    ----------
    profiles
        The spectrum in sectors, cut to the band to search.
    optics, settings
        The microscope; which search, over which defocus range, and whether the network's defocus counts.
    known
        A defocus that is the only start.
    network_A
        The network's mean defocus: a start in addition to those of the search, or the only one, depending on
        `settings.start`. None if no network was used.

    Raises
    ------
    FitError
        If the band is too narrow, or the Fourier search finds nothing and there is no other start.
    """
    rings = profiles.frequency_per_A.size
    if rings < MIN_RINGS:
        raise FitError(
            f"the resolution range contains only {rings} frequencies at this sampling, at least {MIN_RINGS} are "
            "needed: widen --resolution-range, use a finer sampling (--samplings, --downsampling) or a larger image."
        )
    if known is not None:
        return (Candidate.from_known(known),), None
    if network_A is None:
        return _searched(profiles, optics, settings)
    if settings.start == "network-only":
        return (_of_network(network_A, 0.0),), None
    return _with_network(profiles, optics, settings, network_A)


def _searched(profiles: SectorProfiles, optics: Optics, settings: Settings) -> Starts:
    if settings.search != "fourier":
        return match(profiles, optics, settings), None
    found, signals = fourier(profiles, optics, settings)
    return tuple(_with_fixed(candidate, settings) for candidate in found), signals


def _with_fixed(candidate: Candidate, settings: Settings) -> Candidate:
    """A candidate of the Fourier search, which finds the mean defocus only, with the astigmatism and phase shift given.

    The astigmatism is 0 where none is given.
    """
    known = settings.known_astigmatism or KnownAstigmatism(0.0, 0.0)
    twice = math.radians(2.0 * known.angle_deg)
    return replace(
        candidate,
        astigmatism_x_A=known.astigmatism_A * math.cos(twice),
        astigmatism_y_A=known.astigmatism_A * math.sin(twice),
        phase_shift_deg=settings.phase_shift_deg,
    )


def _with_network(profiles: SectorProfiles, optics: Optics, settings: Settings, network_A: float) -> Starts:
    """The starts of the search, and that of the network, with the score of the best of them."""
    try:
        found, signals = _searched(profiles, optics, settings)
    except FitError:
        return (_of_network(network_A, 0.0),), None
    best = max((candidate.score for candidate in found), default=0.0)
    return (*found, _of_network(network_A, best)), signals


def _of_network(defocus_A: float, score: float) -> Candidate:
    """A round start without phase shift: the network estimates neither; the refinement finds the astigmatism."""
    return Candidate(defocus_A, 0.0, 0.0, 0.0, score, from_network=True)
