"""Scenes and rows for the tests of the corrections, without images."""

from corrections_configurations import SEARCHES, samplings_of
from corrections_record import Found, Row, Tried
from corrections_scenes import Numbered
from thonring.optics import Optics
from thonring.quality import CRITERIA
from thonring.simulate import Scene

OPTICS = Optics(voltage_kV=300.0, cs_mm=2.7, amplitude_contrast=0.1, pixel_A=1.0)


def scene(index: int, *, usable: bool = True) -> Scene:
    defect = "none" if usable else "drift"
    return Scene(index, OPTICS, (512, 512), 12000.0, 11800.0, 20.0, defect=defect, usable=usable)


def every_third_bad(index: int) -> Scene:
    return scene(index, usable=index % 3 != 0)


def found(error_A: float = 0.0, gain: float = 100.0) -> Found:
    return Found(12000.0 + error_A, 11800.0 + error_A, 20.0, 0.0, 5.0, 5.0, 4.0, gain, 11900.0)


def row(made: Numbered, value: float = 1.0, error_A: float = 0.0) -> Row:
    values = dict.fromkeys(CRITERIA, value)
    tried = [
        Tried(search, wanted_A, wanted_A or 1.25, found(error_A), "", values, 0.1)
        for search in SEARCHES
        for wanted_A in samplings_of(search)
    ]
    return Row(made, tuple(tried), {"simulate": 1.0, "measure": 0.1})


def numbered(number: int, *, usable: bool = True) -> Numbered:
    return Numbered(number, number, "labelled", scene(number, usable=usable))
