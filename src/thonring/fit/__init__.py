"""SectorProfiles → CtfFit: search for starts, refine them by maximum likelihood, say how sure it is."""

from thonring.fit.candidate import Candidate
from thonring.fit.fourier import fourier
from thonring.fit.match import match, with_coarse_search
from thonring.fit.problem import Held, hold
from thonring.fit.refine import refine
from thonring.fit.search import search

__all__ = ["Candidate", "Held", "fourier", "hold", "match", "refine", "search", "with_coarse_search"]
