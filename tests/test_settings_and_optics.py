"""Constants and choices are checked where they enter, and the message names the usual slip."""

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thonring.errors import OpticsError, SettingsError, ThonringError
from thonring.optics import Optics, PartialOptics
from thonring.settings import KnownAstigmatism, Settings

WRONG_OPTICS = {
    "volts": ((300000.0, 2.7), "looks like volts: give kilovolts, 300"),
    "a low voltage": ((3.0, 2.7), "expected 10 to 3000 kV"),
    "a negative voltage": ((-300.0, 2.7), "expected 10 to 3000 kV"),
    "Cs in metres": ((300.0, 0.0027), "looks like metres: give millimetres, 2.7"),
    "Cs in µm": ((300.0, 2700.0), "expected 0 to 20 mm"),
    "a negative Cs": ((300.0, -2.7), "expected 0 to 20 mm"),
    "per cent": ((300.0, 2.7, 7.0), "looks like per cent: give a fraction, 0.07"),
    "a negative contrast": ((300.0, 2.7, -0.1), "expected a fraction from 0 to 1"),
    "much contrast": ((300.0, 2.7, 101.0), "expected a fraction from 0 to 1"),
    "pixel 0": ((300.0, 2.7, 0.1, 0.0), "pixel size 0 Å: expected a positive length"),
    "a negative pixel": ((300.0, 2.7, 0.1, -1.5), "pixel size -1.5 Å: expected a positive length"),
    "a pixel in m": ((300.0, 2.7, 0.1, 1e6), "expected a positive length in Å"),
    "a voltage that is no number": ((float("nan"), 2.7), "expected 10 to 3000 kV"),
    "a Cs that is no number": ((300.0, float("nan")), "expected 0 to 20 mm"),
    "a contrast that is no number": ((300.0, 2.7, float("nan")), "expected a fraction"),
    "a pixel that is no number": ((300.0, 2.7, 0.1, float("nan")), "expected a positive length"),
}


@pytest.mark.parametrize(("values", "message"), WRONG_OPTICS.values(), ids=WRONG_OPTICS.keys())
def test_impossible_optics(values: tuple[float, ...], message: str) -> None:
    with pytest.raises(OpticsError, match=message):
        Optics(*values)


@pytest.mark.parametrize("cs_mm", [0.0, 0.001, 0.01, 1.4, 2.7, 4.1])
def test_usual_aberrations_are_taken(cs_mm: float) -> None:
    assert Optics(300.0, cs_mm).cs_mm == cs_mm


def test_partial_optics_are_filled_from_others() -> None:
    mine, file = PartialOptics(voltage_kV=200.0), PartialOptics(300.0, 2.7, 0.07, 1.1)
    assert mine.over(file) == PartialOptics(200.0, 2.7, 0.07, 1.1)
    assert file.over(mine) == file
    assert mine.over(file).complete() == Optics(200.0, 2.7, 0.07, 1.1)
    assert PartialOptics(300.0, 0.0).complete() == Optics(300.0, 0.0, 0.1, None)


@pytest.mark.parametrize(
    ("partial", "missing"), [(PartialOptics(cs_mm=2.7), "--voltage"), (PartialOptics(300.0), "--cs")]
)
def test_what_is_missing_is_named(partial: PartialOptics, missing: str) -> None:
    with pytest.raises(OpticsError, match=missing):
        partial.complete()


WRONG_SETTINGS = {
    "defocus upside down": ({"defocus_range_A": (2e4, 5e3)}, "first value must be the smaller one"),
    "a defocus that is no number": (
        {"defocus_range_A": (float("nan"), 5e3)},
        "first value must be the smaller",
    ),
    "an empty range": ({"defocus_range_A": (5e3, 5e3)}, "first value must be the smaller one"),
    "µm": ({"defocus_range_A": (0.5, 3.0)}, "looks like µm: give Å, 5000,30000"),
    "overfocus": ({"defocus_range_A": (-2e4, 2e4)}, "underfocus positive"),
    "nm or pm": ({"defocus_range_A": (5e3, 3e6)}, "expected 0 to 200000 Å"),
    "resolution upside down": ({"resolution_range_A": (3.0, 30.0)}, "low resolution first"),
    "resolution 0": ({"resolution_range_A": (30.0, 0.0)}, "low resolution first"),
    "an infinite resolution": ({"resolution_range_A": (float("inf"), 3.0)}, "low resolution first"),
    "a resolution that is no number": ({"resolution_range_A": (30.0, float("nan"))}, "low resolution first"),
    "no sampling": ({"samplings_A": ()}, "expected values from 0.1 to 20"),
    "a negative sampling": ({"samplings_A": (-1.0, None)}, "expected values from 0.1 to 20"),
    "a sampling that is no number": ({"samplings_A": (float("nan"),)}, "expected values from 0.1 to 20"),
    "a factor of 0": ({"downsampling": 0.0}, "downsampling factor 0"),
    "a factor of 100": ({"downsampling": 100.0}, "downsampling factor 100"),
    "a negative astigmatism": (
        {"known_astigmatism": KnownAstigmatism(-1.0, 0.0)},
        "known astigmatism -1 Å at 0°",
    ),
    "an angle that is no number": (
        {"known_astigmatism": KnownAstigmatism(1.0, float("nan"))},
        "expected a difference of at least 0 Å",
    ),
    "a phase shift that is no number": ({"phase_shift_deg": float("inf")}, "expected a number in degrees"),
    "phase shifts upside down": ({"phase_shift_range_deg": (90.0, 0.0)}, "the smaller value first"),
}


@pytest.mark.parametrize(("values", "message"), WRONG_SETTINGS.values(), ids=WRONG_SETTINGS.keys())
def test_impossible_settings(values: dict[str, tuple[float, float]], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Settings(**values)  # type: ignore[arg-type]


@given(low=st.floats(0, 1e5), high=st.floats(0, 3e5))
def test_a_range_of_defocus_is_in_order_and_in_reach(low: float, high: float) -> None:
    if low < high and 100 <= high <= 200_000:
        assert Settings(defocus_range_A=(low, high)).defocus_range_A == (low, high)
    else:
        with pytest.raises(ThonringError):
            Settings(defocus_range_A=(low, high))


def test_settings_are_frozen_and_compare_by_value() -> None:
    assert Settings() == Settings()
    assert hash(Settings()) == hash(Settings())
    with pytest.raises(FrozenInstanceError):
        Settings().search = "fourier"  # type: ignore[misc]


def test_a_known_astigmatism_without_names_is_refused() -> None:
    with pytest.raises(SettingsError, match="expected KnownAstigmatism"):
        Settings(known_astigmatism=(100.0, 20.0))  # type: ignore[arg-type]
