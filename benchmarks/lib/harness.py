"""Shared by all benchmarks: tables, PASS and MISS lines, worker processes, and MRC files to measure on."""

import multiprocessing
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TypeVar

import mrcfile
import numpy as np
import numpy.typing as npt

from thonring.batch.threads import one_thread_each

Cell = str | int | float | None

Input = TypeVar("Input")
Result = TypeVar("Result")


def print_table(title: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Print rows below a title, with aligned columns: numbers to the right, text to the left."""
    cells = [list(header), *([_text(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    is_text = [any(not _is_number(row[column]) for row in cells[1:]) for column in range(len(header))]
    print(f"\n{title}")
    for number, row in enumerate(cells):
        print("  " + "  ".join(_padded(*parts) for parts in zip(row, widths, is_text, strict=True)).rstrip())
        if number == 0:
            print("  " + "  ".join("-" * width for width in widths))


def print_target(text: str, *, met: bool) -> None:
    """Print one target and whether it was met."""
    print(f"  {'PASS' if met else 'MISS'}  {text}", flush=True)


def map_in_processes(work: Callable[[Input], Result], inputs: Iterable[Input], workers: int) -> list[Result]:
    """Apply `work` to all inputs in spawned single-threaded processes; results keep the order of the inputs."""
    one_thread_each()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as executor:
        return list(executor.map(work, inputs))


def write_mrc(path: Path, pixels: npt.NDArray[np.generic], pixel_A: float) -> Path:
    """Write an image as a float32 MRC file with its pixel size, and return the path."""
    with mrcfile.new(path, overwrite=True) as mrc:
        mrc.set_data(pixels.astype(np.float32, copy=False))
        mrc.voxel_size = pixel_A
    return path


def _padded(text: str, width: int, align_left: bool) -> str:
    return text.ljust(width) if align_left else text.rjust(width)


def _text(cell: Cell) -> str:
    if cell is None or cell != cell:  # noqa: PLR0124 - NaN is not equal to itself
        return "-"
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)


def _is_number(text: str) -> bool:
    return text in ("", "-") or text.replace("+", "-").lstrip("-").replace(".", "", 1).isdigit()
