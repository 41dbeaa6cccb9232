"""Elements from micrographs whose defocus is known: read, transformed once, and seen at every sampling."""

from pathlib import Path

from thonring import read, spectrum
from thonring.learn.data.accepted import Accepted, SpectrumKind
from thonring.learn.data.element import Element
from thonring.learn.seen.views import SAMPLINGS_A, Views, views_of
from thonring.optics import Optics


def measured_element(accepted: Accepted, session: str) -> Element:
    """An accepted micrograph as an element.

    Raises
    ------
    InputError, OpticsError
        If the file cannot be read or used.
    """
    views = measured_views(accepted.path, accepted.optics, accepted.spectrum_kind)
    file, source = str(accepted.path), str(accepted.run)
    return Element(views, accepted.defocus_A, accepted.optics, session, file, source)


def measured_views(path: Path, optics: Optics, spectrum_kind: SpectrumKind | None = None) -> Views:
    """The views of an image, or of a spectrum that another program computed.

    Raises
    ------
    InputError, OpticsError
        If the file cannot be read or used.
    """
    if spectrum_kind is not None:
        return views_of(read.given_spectrum(path, optics, spectrum_kind).spectrum)
    image = spectrum.repaired(read.micrograph(path, optics))
    return views_of(spectrum.periodogram(image, finest_A=SAMPLINGS_A[0]))
