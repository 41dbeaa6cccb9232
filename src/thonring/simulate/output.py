"""The folder of a simulated set: its recipe, from which the set can be reproduced, and its micrographs."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from thonring.errors import OutputError
from thonring.files.atomic import replacing, write_text
from thonring.formats.run_tables import create_folder
from thonring.records import Micrograph

RECIPE = "recipe.toml"
_MAX_LISTED = 3


_VERSIONS = re.compile(r"Thonring \S+ with numpy \S+")


def recipe_text(recipe: Mapping[str, Any], remarks: Sequence[str]) -> str:
    """Write a recipe as TOML: tables of tables, numbers, words and lists of them, under remarks."""
    return "".join([*(f"# {remark}\n" for remark in remarks), "\n", *_lines(recipe, ())])


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """Plain entries first, since everything after the header of a table belongs to it."""
    if path:
        yield f"\n[{'.'.join(path)}]\n"
    for key, value in table.items():
        if not isinstance(value, Mapping):
            yield f"{key} = {_value(value)}\n"
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _lines(value, (*path, key))


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(item) for item in value)}]"
    return json.dumps(value, allow_nan=False)


def prepare_set(folder: Path, recipe: str) -> None:
    """Create the folder of a set and write its recipe.toml; an existing one must be the same.

    Hidden files do not count.

    Raises
    ------
    OutputError
        If the folder contains something other than this set, or cannot be written.
    """
    create_folder(folder)
    found = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    if found and not _is_same(folder / RECIPE, recipe):
        raise OutputError(
            f"{folder}: {_described(folder, found)}. Choose another folder with --out, or empty this one."
        )
    write_text(folder / RECIPE, recipe)


def _is_same(path: Path, recipe: str) -> bool:
    """Whether a recipe is that of a file; the sentence around the versions in its first line may read otherwise."""
    return path.is_file() and _content(path.read_text(encoding="utf-8", errors="replace")) == _content(recipe)


def _content(recipe: str) -> tuple[list[str], str]:
    head, _, rest = recipe.partition("\n")
    return _VERSIONS.findall(head) or [head], rest


def _described(folder: Path, found: Sequence[str]) -> str:
    if RECIPE in found:
        return (
            f"contains a set made with other options (see {folder / RECIPE}); only the same command may write to it, "
            "any other would mix two sets"
        )
    shown = ", ".join(found[:_MAX_LISTED])
    more = f" and {len(found) - _MAX_LISTED} more" if len(found) > _MAX_LISTED else ""
    return f"found {shown}{more}, expected an empty folder or a new name"


def write_micrograph(path: Path, micrograph: Micrograph) -> None:
    """Write the pixels (rows, columns) as they are, int16 (mode 1) or float32 (mode 2), and the pixel size in Å.

    The header's label names the program and no time, which mrcfile would put there.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    import mrcfile

    with replacing(path) as temporary, mrcfile.new(temporary) as mrc:
        mrc.set_data(micrograph.pixels)
        mrc.voxel_size = micrograph.pixel_A
        mrc.header.label[0] = f"Simulated by Thonring {version('thonring')}"
