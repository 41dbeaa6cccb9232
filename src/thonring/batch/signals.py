"""The signals of the Fourier search for a micrograph that was searched in another way."""

from thonring import fit, spectrum
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
    width = spectrum.ring_width_per_A(settings.defocus_range_A[1], evidence.optics, 1.0 / high_A)
    profiles = spectrum.sector_profiles(evidence.measured, 1.0 / low_A, 1.0 / high_A, width)
    _, signals = fit.fourier(profiles.within(0.0, evidence.spectrum.nyquist_per_A), evidence.optics, settings)
    return signals
