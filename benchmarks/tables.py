"""Plain tables and lines of PASS or MISS on a terminal."""

from collections.abc import Iterable, Sequence

Cell = str | int | float | None


def print_table(title: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Print rows under a title, columns aligned; numbers to the right, text to the left."""
    cells = [list(header), *([_text(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    left = [any(not _is_number(row[column]) for row in cells[1:]) for column in range(len(header))]
    print(f"\n{title}")
    for number, row in enumerate(cells):
        print("  " + "  ".join(_padded(*parts) for parts in zip(row, widths, left, strict=True)).rstrip())
        if number == 0:
            print("  " + "  ".join("-" * width for width in widths))


def print_target(text: str, *, met: bool) -> None:
    """Print one figure to reach, and whether it was."""
    print(f"  {'PASS' if met else 'MISS'}  {text}", flush=True)


def _padded(text: str, width: int, to_the_left: bool) -> str:
    return text.ljust(width) if to_the_left else text.rjust(width)


def _text(cell: Cell) -> str:
    if cell is None or cell != cell:  # noqa: PLR0124 - NaN is not itself
        return "-"
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)


def _is_number(text: str) -> bool:
    return text in ("", "-") or text.replace("+", "-").lstrip("-").replace(".", "", 1).isdigit()
