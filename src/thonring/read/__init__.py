"""Stage 1: files to records."""

from thonring.read.given import given_spectrum
from thonring.read.image import image_count, micrograph, micrographs
from thonring.read.inputs import sources
from thonring.read.known import key_of, known_defocus

__all__ = ["given_spectrum", "image_count", "key_of", "known_defocus", "micrograph", "micrographs", "sources"]
