"""settings.json: what is written comes back, and what is not a run's is refused with its name."""

import json
import math
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thonring.errors import UnreadableTable
from thonring.run.settings_file import read_limits, write_settings
from thonring.settings import Limit, Settings

bounds = st.floats(allow_nan=False)
limits = st.builds(
    Limit,
    criterion=st.sampled_from(["score", "ice_ring", "astigmatism"]),
    at_least=bounds.filter(lambda bound: bound < math.inf),
    at_most=bounds.filter(lambda bound: bound > -math.inf),
    unit=st.text(),
    reason=st.text(),
    source=st.text(),
)


@given(written=st.lists(limits, max_size=4))
def test_limits_come_back_with_their_sources_and_infinities(written: list[Limit]) -> None:
    with TemporaryDirectory() as folder:
        write_settings(Path(folder), replace(Settings(), limits=tuple(written)), ["thonring"])
        assert read_limits(Path(folder) / "settings.json") == tuple(written)


@pytest.mark.parametrize(
    "content",
    ["{", "[]", "null", json.dumps({"settings": {"limits": [{"at_least": "x", "at_most": 1.0}]}})],
)
def test_another_file_is_refused_by_name(tmp_path: Path, content: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UnreadableTable, match=r"settings\.json: contains no limits"):
        read_limits(path)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnreadableTable, match=r"settings\.json: contains no limits"):
        read_limits(tmp_path / "settings.json")
