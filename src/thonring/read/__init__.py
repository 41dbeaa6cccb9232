"""Stage 1: image files, spectra and their metadata to records."""

from thonring.read.exposure_metadata import Metadata
from thonring.read.image import image_count, micrograph, micrographs
from thonring.read.image_formats import reader_of
from thonring.read.inputs import check_optics, source, sources
from thonring.read.sidecar import metadata_names, sidecar_metadata
from thonring.read.spectrum_file import spectrum_file

__all__ = [
    "Metadata",
    "check_optics",
    "image_count",
    "metadata_names",
    "micrograph",
    "micrographs",
    "reader_of",
    "sidecar_metadata",
    "source",
    "sources",
    "spectrum_file",
]
