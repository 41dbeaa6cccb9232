"""What the store says of how a micrograph was made is read back as it was written."""

import json
import math
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thonring.errors import OutputError
from thonring.optics import Optics
from thonring.quality import known_profiles, load_profile
from thonring.records import KnownDefocus
from thonring.run.provenance import Inputs, inputs_of, inputs_text, settings_of, settings_text
from thonring.settings import KnownAstigmatism, Limit, Settings

LENGTHS = st.floats(0.1, 20.0)
BOUNDS = st.floats(allow_nan=False)
LIMITS = st.builds(
    Limit,
    st.text(),
    BOUNDS.filter(lambda bound: bound < math.inf),
    BOUNDS.filter(lambda bound: bound > -math.inf),
    *(st.text(),) * 2,
    st.just(""),
)
SETTINGS = st.builds(
    Settings,
    samplings_A=st.lists(st.none() | LENGTHS, min_size=1).map(tuple),
    downsampling=st.none() | LENGTHS,
    defocus_range_A=st.tuples(st.floats(0, 5e3), st.floats(6e3, 2e5)),
    resolution_range_A=st.tuples(st.floats(10, 100), st.floats(0.5, 9)),
    search=st.sampled_from(["match", "fourier"]),
    known_astigmatism=st.none() | st.builds(KnownAstigmatism, st.floats(0, 1e4), st.floats(-90, 90)),
    phase_shift=st.booleans(),
    phase_shift_range_deg=st.none() | st.tuples(st.floats(0, 80), st.floats(90, 180)),
    refine_amplitude_contrast=st.booleans(),
    profile=st.text(),
    limits=st.lists(LIMITS, max_size=3).map(tuple),
)


@given(settings=SETTINGS)
def test_settings_come_back_as_they_were(settings: Settings) -> None:
    assert settings_of(settings_text(settings), settings.profile) == settings


@pytest.mark.parametrize("profile", known_profiles())
def test_packaged_limits_come_back_but_for_their_sources(profile: str) -> None:
    limits = tuple(replace(limit, source="") for limit in load_profile(profile))
    settings = replace(Settings(), profile=profile, limits=load_profile(profile))
    found = settings_of(settings_text(settings), profile)
    assert found == replace(settings, limits=limits)
    assert settings_text(found) == settings_text(settings)


@given(
    optics=st.builds(
        Optics, st.floats(10, 3000), st.floats(0.1, 20), st.floats(0, 0.9), st.none() | st.floats(0.1, 9)
    ),
    known=st.none() | st.builds(KnownDefocus, *(st.floats(-1e5, 1e5),) * 4),
)
def test_optics_and_a_known_defocus_come_back(optics: Optics, known: KnownDefocus | None) -> None:
    for metadata in (True, False):
        assert inputs_of(inputs_text(optics, known, metadata=metadata)) == Inputs(optics, known, metadata)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "nonsense", json.dumps({"limits": []} | {"of_a_later_version": 1})],
)
def test_what_a_later_version_wrote_is_told(text: str) -> None:
    with pytest.raises(OutputError, match="cannot read"):
        settings_of(text, "default")


def test_impossible_settings_and_optics_are_told() -> None:
    upside_down = asdict(Settings()) | {"resolution_range_A": [2.5, 30.0]}
    with pytest.raises(OutputError, match="low resolution first"):
        settings_of(json.dumps(upside_down), "default")
    with pytest.raises(OutputError, match="kilovolts"):
        inputs_of(json.dumps({"optics": asdict(Optics(300.0, 2.7)) | {"voltage_kV": 3e5}, "known": None}))
    with pytest.raises(OutputError, match="optics"):
        inputs_of("{}")
