"""Where the refinement starts: from a known defocus, or from one of the two searches."""

from thonring.ctf import to_vector
from thonring.errors import FitError
from thonring.fit.bins import FEWEST_RINGS
from thonring.fit.candidate import Candidate
from thonring.fit.fourier import fourier
from thonring.fit.match import match
from thonring.optics import Optics
from thonring.records import KnownDefocus, SearchSignals, SectorProfiles
from thonring.settings import Settings


def search(
    profiles: SectorProfiles, optics: Optics, settings: Settings, known: KnownDefocus | None = None
) -> tuple[tuple[Candidate, ...], SearchSignals | None]:
    """Starts for the refinement, best first, and the signals of the Fourier search if that was asked for.

    A known defocus is the only start.

    Raises
    ------
    FitError
        If the band is too narrow or the Fourier search finds nothing.
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
    if settings.search == "fourier":
        return fourier(profiles, optics, settings)
    return match(profiles, optics, settings), None
