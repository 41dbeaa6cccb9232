"""Micrograph → Spectrum: computed once, then seen at any sampling, in sectors, or enhanced for the eye."""

from thonring.spectrum.brightness import local_brightness
from thonring.spectrum.enhance import CRITERIA, DISPLAY, Enhancement, enhance, full_plane
from thonring.spectrum.finer import finer
from thonring.spectrum.periodogram import periodogram, repaired, ring_width_per_A
from thonring.spectrum.resample import resample
from thonring.spectrum.sectors import sector_profiles

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
