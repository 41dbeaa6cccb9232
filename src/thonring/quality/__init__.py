"""Quality: criteria computed from spectrum and fit, limits on them, and reasons in plain words."""

from thonring.quality.case import Case
from thonring.quality.criteria import CRITERIA, Criterion
from thonring.quality.grade import grade, needs
from thonring.quality.profiles import known_profiles, load_profile

__all__ = ["CRITERIA", "Case", "Criterion", "grade", "known_profiles", "load_profile", "needs"]
