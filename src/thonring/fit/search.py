"""Where the refinement starts: from a known defocus, from one of the two searches, or from what a network says."""

import math
from dataclasses import replace

from thonring.ctf import to_vector
from thonring.errors import FitError
from thonring.fit.candidate import Candidate
from thonring.fit.fourier import fourier
from thonring.fit.match import match
from thonring.fit.rebin import FEWEST_RINGS
from thonring.optics import Optics
from thonring.records import KnownDefocus, SearchSignals, SectorProfiles
from thonring.settings import Settings

Starts = tuple[tuple[Candidate, ...], SearchSignals | None]


def search(
    profiles: SectorProfiles,
    optics: Optics,
    settings: Settings,
    known: KnownDefocus | None = None,
    network_A: float | None = None,
) -> Starts:
    """Starts for the refinement, best first, and the signals of the Fourier search if that was asked for.

    A known defocus is the only start. What a network says, `network_A`, is one more beside those of the search, or
    the only one, as `settings.start` has it.

    Raises
    ------
    FitError
        If the band is too narrow, or the Fourier search finds nothing and there is no other start.
    """
    rings = profiles.frequency_per_A.size
    if rings < FEWEST_RINGS:
        raise FitError(
            f"only {rings} frequencies lie in the resolution range at this sampling, at least {FEWEST_RINGS} are "
            "needed: widen --resolution-range, give a finer sampling (--samplings, --downsampling) or a larger image."
        )
    if known is not None:
        vector = to_vector(known.defocus_u_A, known.defocus_v_A, known.angle_deg)
        return (Candidate(*vector, known.phase_shift_deg, 0.0),), None
    if network_A is None:
        return _searched(profiles, optics, settings)
    if settings.start == "network-only":
        return (_of_network(network_A, 0.0),), None
    return _with_network(profiles, optics, settings, network_A)


def _searched(profiles: SectorProfiles, optics: Optics, settings: Settings) -> Starts:
    if settings.search != "fourier":
        return match(profiles, optics, settings), None
    found, signals = fourier(profiles, optics, settings)
    return tuple(_with_held(candidate, settings) for candidate in found), signals


def _with_held(candidate: Candidate, settings: Settings) -> Candidate:
    """A candidate of the Fourier search, which tells the mean defocus only, with what is known beside it."""
    amount_A, angle_deg = settings.known_astigmatism or (0.0, 0.0)
    twice = math.radians(2.0 * angle_deg)
    return replace(
        candidate,
        astigmatism_x_A=amount_A * math.cos(twice),
        astigmatism_y_A=amount_A * math.sin(twice),
        phase_shift_deg=settings.phase_shift_deg,
    )


def _with_network(profiles: SectorProfiles, optics: Optics, settings: Settings, network_A: float) -> Starts:
    """The starts of the search, and that of the network as one more of the best."""
    try:
        found, signals = _searched(profiles, optics, settings)
    except FitError:
        return (_of_network(network_A, 0.0),), None
    best = max((candidate.score for candidate in found), default=0.0)
    return (*found, _of_network(network_A, best)), signals


def _of_network(defocus_A: float, score: float) -> Candidate:
    """A round start without phase shift, since a network tells neither; the refinement finds the astigmatism."""
    return Candidate(defocus_A, 0.0, 0.0, 0.0, score, from_network=True)
