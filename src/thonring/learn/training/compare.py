"""Several trained networks side by side: one table and their learning curves."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from thonring.errors import InputError
from thonring.learn.card import Card, ErrorRow, read_card
from thonring.learn.training.curves import Epoch, read_curves

HEAD = (
    "model",
    "parameters",
    "epochs",
    "best",
    "validation",
    "test mean",
    "median",
    "> 1000 Å",
    "95 % holds",
)


@dataclass(frozen=True, slots=True)
class Competitor:
    """A trained network under the name that tells it from the others."""

    name: str
    card: Card
    epochs: tuple[Epoch, ...]


def competitors(models: Sequence[Path]) -> tuple[Competitor, ...]:
    """Read trainings, given as the folders of `thonring train --out` or the models in them.

    Raises
    ------
    InputError
        If one is missing or damaged, or a folder holds no model or several.
    """
    found = [_model(path) for path in models]
    cards = [read_card(model) for model in found]
    networks = [card.network for card in cards]
    names = [
        card.network if networks.count(card.network) == 1 else f"{card.network} ({model.parent.name})"
        for card, model in zip(cards, found, strict=True)
    ]
    curves = [read_curves(model.parent) for model in found]
    return tuple(map(Competitor, names, cards, curves))


def comparison_table(compared: Sequence[Competitor]) -> str:
    """Errors in Å, one line a model; a remark if their test data differ."""
    lines = [HEAD, *(_cells(one) for one in compared)]
    text = aligned(lines)
    if len({(one.card.data, one.card.errors.count) for one in compared}) > 1:
        text += "\n\nThe models were tested on different data: their errors do not compare."
    return text


def error_table(card: Card) -> str:
    """Errors of one model in Å: all, by voltage, by defocus."""
    rows = [("", "elements", "mean", "median", "> 1000 Å", "95 % holds"), _errors("all", card.errors)]
    rows += [_errors(f"{name} kV", row) for name, row in card.errors_by_voltage.items()]
    rows += [_errors(f"{name.replace('-', '–')} Å", row) for name, row in card.errors_by_defocus.items()]
    return aligned(rows)


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Lines of cells, the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows
    )


def _model(path: Path) -> Path:
    if not path.is_dir():
        return path.with_suffix(".onnx")
    found = sorted(path.glob("*.onnx"))
    if len(found) != 1:
        raise InputError(
            f"{path}: holds {len(found)} models, expected one .onnx as `thonring train --out` leaves it. "
            "Was the training interrupted?"
        )
    return found[0]


def _cells(one: Competitor) -> tuple[str, ...]:
    best_A = next((epoch.validation_mae_A for epoch in one.epochs if epoch.epoch == one.card.epochs), None)
    _, _, *errors = _errors("", one.card.errors)
    return (
        one.name,
        f"{one.card.parameters:,}",
        str(len(one.epochs)),
        str(one.card.epochs),
        "–" if best_A is None else f"{best_A:.1f}",
        *errors,
    )


def _errors(name: str, row: ErrorRow) -> tuple[str, ...]:
    held = "–" if row.held_95 is None else f"{100 * row.held_95:.1f} %"
    return (
        name,
        str(row.count),
        f"{row.mean_A:.1f}",
        f"{row.median_A:.1f}",
        f"{100 * row.beyond_1000A:.2f} %",
        held,
    )
