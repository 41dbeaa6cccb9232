"""Micrograph → Spectrum: computed once, then resampled, averaged in sectors, or enhanced for display."""

from thonring.spectrum.enhance import CRITERIA, DISPLAY, Enhancement, enhance, full_plane
from thonring.spectrum.periodogram import periodogram, repaired, ring_width_per_A
from thonring.spectrum.resample import finer, resample
from thonring.spectrum.sectors import sector_profiles
from thonring.spectrum.tiles import local_brightness

__all__ = [
    "CRITERIA",
    "DISPLAY",
    "Enhancement",
    "enhance",
    "finer",
    "full_plane",
    "local_brightness",
    "periodogram",
    "repaired",
    "resample",
    "ring_width_per_A",
    "sector_profiles",
]
