"""What the microscope's software wrote beside an image: SerialEM's .mdoc, EPU's .xml."""

from thonring.read.metadata.beside import metadata_beside, metadata_names
from thonring.read.metadata.check import checked, pixel_for
from thonring.read.metadata.record import Metadata

__all__ = ["Metadata", "checked", "metadata_beside", "metadata_names", "pixel_for"]
