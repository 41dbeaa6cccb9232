"""Stage 1: files to records."""

from thonring.read.exposure_metadata import Metadata
from thonring.read.image import image_count, micrograph, micrographs
from thonring.read.image_formats import reader_of
from thonring.read.inputs import check_optics, source, sources
from thonring.read.sidecar import metadata_beside, metadata_names
from thonring.read.spectrum_file import given_spectrum

__all__ = [
    "Metadata",
    "check_optics",
    "given_spectrum",
    "image_count",
    "metadata_beside",
    "metadata_names",
    "micrograph",
    "micrographs",
    "reader_of",
    "source",
    "sources",
]
