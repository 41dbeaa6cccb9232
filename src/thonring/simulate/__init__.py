"""Micrographs with known truth: a white object seen through a CTF, with noise."""

from thonring.simulate.bound import Bound, cramer_rao
from thonring.simulate.white import RingModel, Truth, noise_micrograph, white_micrograph

__all__ = ["Bound", "RingModel", "Truth", "cramer_rao", "noise_micrograph", "white_micrograph"]
