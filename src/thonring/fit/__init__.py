"""SectorProfiles → CtfFit: search for starts, and refine them by maximum likelihood, with standard errors."""

from thonring.fit.candidate import Candidate
from thonring.fit.fourier import fourier
from thonring.fit.match import match, with_coarse_search
from thonring.fit.problem import FixedCtfFit, evaluate_fixed_ctf
from thonring.fit.refine import refine
from thonring.fit.search import search

__all__ = [
    "Candidate",
    "FixedCtfFit",
    "evaluate_fixed_ctf",
    "fourier",
    "match",
    "refine",
    "search",
    "with_coarse_search",
]
