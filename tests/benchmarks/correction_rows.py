"""Scenes and rows for the tests of the corrections, without images."""

from benchmarks.corrections.cache import FitSummary, MicrographRow, SearchAttempt
from benchmarks.corrections.configurations import SEARCHES, samplings_of
from benchmarks.corrections.scenes import NumberedScene
from thonring.optics import Optics
from thonring.quality import CRITERIA
from thonring.simulate import Scene

OPTICS = Optics(voltage_kV=300.0, cs_mm=2.7, amplitude_contrast=0.1, pixel_A=1.0)


def scene(index: int, *, usable: bool = True) -> Scene:
    defect = "none" if usable else "drift"
    return Scene(index, OPTICS, (512, 512), 12000.0, 11800.0, 20.0, defect=defect, usable=usable)


def every_third_unusable(index: int) -> Scene:
    return scene(index, usable=index % 3 != 0)


def fit_summary(error_A: float = 0.0, gain: float = 100.0) -> FitSummary:
    return FitSummary(12000.0 + error_A, 11800.0 + error_A, 20.0, 0.0, 5.0, 5.0, 4.0, gain, 11900.0)


def row(micrograph: NumberedScene, value: float = 1.0, error_A: float = 0.0) -> MicrographRow:
    values = dict.fromkeys(CRITERIA, value)
    attempts = [
        SearchAttempt(search, requested_A, requested_A or 1.25, fit_summary(error_A), "", values, 0.1)
        for search in SEARCHES
        for requested_A in samplings_of(search)
    ]
    return MicrographRow(micrograph, tuple(attempts), {"simulate": 1.0, "measure": 0.1})


def numbered(number: int, *, usable: bool = True) -> NumberedScene:
    return NumberedScene(number, number, "labelled", scene(number, usable=usable))
