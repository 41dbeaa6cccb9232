"""What an outcome came from is written as earlier versions wrote it, or their runs would be done again."""

from thonring.optics import Optics
from thonring.run.provenance import inputs_text

OPTICS = Optics(300.0, 2.7)
BEFORE = '{"known":null,"optics":{"amplitude_contrast":0.1,"cs_mm":2.7,"pixel_A":null,"voltage_kV":300.0}}'


def test_that_metadata_are_used_goes_without_saying() -> None:
    assert inputs_text(OPTICS, None) == inputs_text(OPTICS, None, metadata=True) == BEFORE


def test_that_they_are_not_is_said() -> None:
    assert inputs_text(OPTICS, None, metadata=False) == BEFORE.replace(
        '"pixel_A"', '"metadata":false,"pixel_A"'
    )
