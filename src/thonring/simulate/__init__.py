"""Micrographs with known truth: scenes drawn from recipes, as images or spectra, and a white object with a CTF."""

from thonring.simulate.cramer_rao import CramerRaoBound, bound_of, cramer_rao
from thonring.simulate.image import micrograph
from thonring.simulate.recipe import Recipe, known_recipes, load_recipe
from thonring.simulate.sample import draw, spoiled
from thonring.simulate.scene import DEFECTS, DefectName, Scene
from thonring.simulate.spectrum import drawn_spectrum
from thonring.simulate.truth import TruthRow, read_truth, truth_row, truth_text
from thonring.simulate.white_noise import RingModel, Truth, noise_micrograph, white_micrograph

__all__ = [
    "DEFECTS",
    "CramerRaoBound",
    "DefectName",
    "Recipe",
    "RingModel",
    "Scene",
    "Truth",
    "TruthRow",
    "bound_of",
    "cramer_rao",
    "draw",
    "drawn_spectrum",
    "known_recipes",
    "load_recipe",
    "micrograph",
    "noise_micrograph",
    "read_truth",
    "spoiled",
    "truth_row",
    "truth_text",
    "white_micrograph",
]
