"""The signals of the Fourier search for a micrograph that was searched in another way."""

from thonring import fit
from thonring.records import Evidence, SearchSignals
from thonring.settings import Settings


def fourier_signals(evidence: Evidence, settings: Settings) -> SearchSignals:
    """Search the evidence's band by Fourier transform, for diagnosis only.

    Raises
    ------
    FitError
        If the transform has no peak inside the defocus range.
    """
    low_A, high_A = settings.resolution_range_A
    band = evidence.profiles.within(1.0 / low_A, min(1.0 / high_A, 0.5 / evidence.sampling_A))
    return fit.fourier(band, evidence.optics, settings)[1]
