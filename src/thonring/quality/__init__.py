"""Quality: criteria computed from spectrum and fit, limits on them, and reasons as sentences for people."""

from thonring.quality.attempt_data import AttemptData
from thonring.quality.criteria import CRITERIA, Criterion
from thonring.quality.grade import grade, holds, needs
from thonring.quality.profiles import known_profiles, limit_on, load_profile, profile_text

__all__ = [
    "CRITERIA",
    "AttemptData",
    "Criterion",
    "grade",
    "holds",
    "known_profiles",
    "limit_on",
    "load_profile",
    "needs",
    "profile_text",
]
