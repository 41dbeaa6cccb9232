"""A known astigmatism is written as the list of its two numbers, and read back as a record."""

import json
from pathlib import Path

from thonring.run.provenance import settings_of, settings_text
from thonring.run.settings_file import write_settings
from thonring.settings import KnownAstigmatism, Settings

SETTINGS = Settings(known_astigmatism=KnownAstigmatism(astigmatism_A=300.0, angle_deg=-20.0))


def test_in_settings_json(tmp_path: Path) -> None:
    write_settings(tmp_path, SETTINGS, ["thonring"])
    written = json.loads((tmp_path / "settings.json").read_text(encoding="utf-8"))
    assert written["settings"]["known_astigmatism"] == [300.0, -20.0]


def test_in_the_database() -> None:
    text = settings_text(SETTINGS)
    assert json.loads(text)["known_astigmatism"] == [300.0, -20.0]
    found = settings_of(text, SETTINGS.profile)
    assert found == SETTINGS
    assert isinstance(found.known_astigmatism, KnownAstigmatism)
    assert settings_text(found) == text


def test_settings_of_a_run_before_there_was_a_known_astigmatism() -> None:
    stored = json.loads(settings_text(Settings()))
    del stored["known_astigmatism"]
    assert settings_of(json.dumps(stored), "default").known_astigmatism is None
