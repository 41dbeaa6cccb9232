"""A card comes back as it was written, and a model that is not the card's is refused."""

import tomllib
from pathlib import Path

import pytest

from thonring.errors import UnreadableFile, UnreadableTable
from thonring.learn.model_card import Card, ErrorRow, card_path, checked_model, read_card, sha256, write_card

_MODEL = bytes(range(256))


def _row(low: float, high: float, held_95: float | None = 0.95) -> ErrorRow:
    return ErrorRow(low=low, high=high, count=3, mean_A=20.5, median_A=11, beyond_1000A=0, held_95=held_95)


def _card() -> Card:
    return Card(
        network="rings",
        kind="polar",
        parameters=7,
        samplings_A=(1, 2, 3),
        sha256=sha256(_MODEL),
        trained_kV=(100, 300),
        trained_defocus_A=(3000, 60_000),
        trained_pixel_A=(0.5, 2.2),
        data='"drawn" \\ on the fly, 3 Å',
        seed=3,
        epochs=2,
        limits=("no phase plate", "defocus 0.3–6 µm"),
        errors=_row(3000, 60_000),
        errors_by_voltage={"300": _row(300, 300), "200": _row(200, 200, None)},
        errors_by_defocus={"3000-5000": _row(3000, 5000)},
        recipe={"name": "rings", "schedule": {"name": "one-cycle"}},
        versions={"thonring": "0.1.0"},
    )


def _written(folder: Path) -> Path:
    model = folder / "rings.onnx"
    model.write_bytes(_MODEL)
    write_card(model, _card())
    return model


def test_comes_back_as_it_was_written(tmp_path: Path) -> None:
    assert read_card(_written(tmp_path)) == _card()


def test_either_file_names_the_model(tmp_path: Path) -> None:
    model = _written(tmp_path)
    assert read_card(card_path(model)) == read_card(model)
    assert checked_model(card_path(model)) == checked_model(model) == _MODEL


def test_an_independent_reader_sees_the_ranges(tmp_path: Path) -> None:
    table = tomllib.loads(card_path(_written(tmp_path)).read_text(encoding="utf-8"))
    assert table["trained_kV"] == [100, 300]
    assert table["errors_by_voltage"]["300"]["median_A"] == 11
    assert "sigma_A" not in table


@pytest.mark.parametrize("changed", [_MODEL[:-1], b"\x01" + _MODEL[1:], b""], ids=["cut", "flipped", "empty"])
def test_a_damaged_model_is_refused(tmp_path: Path, changed: bytes) -> None:
    model = _written(tmp_path)
    model.write_bytes(changed)
    with pytest.raises(UnreadableFile, match=r"rings\.onnx: damaged"):
        checked_model(model)


def test_model_and_card_belong_together(tmp_path: Path) -> None:
    model = _written(tmp_path)
    model.unlink()
    with pytest.raises(UnreadableFile, match="next to its card"):
        checked_model(model)
    card_path(model).unlink()
    with pytest.raises(UnreadableFile, match="keep them together"):
        checked_model(model)


@pytest.mark.parametrize(
    ("text", "said"), [("[", "not TOML"), ('network = "rings"', "kind: Field required"), ("\x00", "not TOML")]
)
def test_what_is_no_card_is_refused(tmp_path: Path, text: str, said: str) -> None:
    model = _written(tmp_path)
    card_path(model).write_text(text)
    with pytest.raises(UnreadableTable, match=said):
        read_card(model)


@pytest.mark.parametrize("entry", ["surprise = 1\n", "sigma_A = nan\n"])
def test_unknown_entries_and_missing_numbers_are_refused(tmp_path: Path, entry: str) -> None:
    path = card_path(_written(tmp_path))
    path.write_text(entry + path.read_text())
    with pytest.raises(UnreadableTable, match=r"surprise|sigma_A"):
        read_card(path)
