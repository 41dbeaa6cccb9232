"""Stage 1: files to records."""

from thonring.read.formats import reader_of
from thonring.read.given import given_spectrum
from thonring.read.image import image_count, micrograph, micrographs
from thonring.read.inputs import check_optics, source, sources
from thonring.read.known import key_of, known_defocus
from thonring.read.metadata import Metadata, metadata_beside, metadata_names

__all__ = [
    "Metadata",
    "check_optics",
    "given_spectrum",
    "image_count",
    "key_of",
    "known_defocus",
    "metadata_beside",
    "metadata_names",
    "micrograph",
    "micrographs",
    "reader_of",
    "source",
    "sources",
]
