"""Defocus that other programs found: one file per format, and a table suffix to reader."""

from thonring.read.known.key import key_of
from thonring.read.known.table import known_defocus

__all__ = ["key_of", "known_defocus"]
