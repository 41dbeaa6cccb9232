"""Which metadata belong to an image, by name."""

import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from thonring.read.known.key import SUFFIXES, TAGS, without_uid
from thonring.read.metadata.epu import read_epu
from thonring.read.metadata.mdoc import read_mdoc
from thonring.read.metadata.record import Metadata
from thonring.read.metadata.values import Values

READERS: dict[str, Callable[[Path, bytes], Metadata | None]] = {".mdoc": read_mdoc, ".xml": read_epu}
"""Suffix → reader."""

MOST_BYTES = 1 << 20
"""EPU's files have some 16 kB, SerialEM's 1 kB an image."""

_ENDINGS = (".mdoc", ".mrc.mdoc", ".tif.mdoc", ".tiff.mdoc", ".eer.mdoc", ".xml")
_OF_MOVIE = re.compile(r"(?<=.)_(fractions|EER|frames|aligned|mic)$", re.IGNORECASE)


def metadata_names(name: str) -> list[str]:
    """What the metadata of an image of this name can be called, the likeliest first.

    Of the image's name its suffix and what motion correction appended to it, as `_fractions`, `_EER`, `_DW` or
    `_patch_aligned`, are left out one after the other, and the number that cryoSPARC puts before it.
    """
    names = {f"{name}.mdoc": None}
    for stem in _stems(name):
        names.update(dict.fromkeys(stem + ending for ending in _ENDINGS))
    return list(names)


def _stems(name: str) -> Iterator[str]:
    """The name without its suffixes, and shorter and shorter ones."""
    stem = name
    while (shorter := SUFFIXES.sub("", stem)) != stem:
        stem = shorter
    yield stem
    while (shorter := _shorter(stem)) != stem:
        yield shorter
        stem = shorter


def _shorter(stem: str) -> str:
    for ending in (TAGS, _OF_MOVIE):
        if ending.search(stem):
            return ending.sub("", stem)
    return without_uid(stem)


def metadata_beside(path: Path) -> Metadata | None:
    """The microscope's metadata of an image; None where there are none.

    Nothing is raised: what is wrong with a file is in its `notes`.
    """
    for candidate in (path.with_name(name) for name in metadata_names(path.name)):
        mode = _mode(candidate)
        if mode is None:
            continue
        found = _read(candidate) if stat.S_ISREG(mode) else _unusable(candidate, "is no regular file")
        if found is not None:
            return found
    return None


def _mode(path: Path) -> int | None:
    """What kind of thing is there, before it is opened: a pipe would be waited for. None where there is nothing."""
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return None


def _read(path: Path) -> Metadata | None:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as problem:
        return _unusable(path, f"cannot be read ({problem.strerror or problem})")
    if len(content) > MOST_BYTES:
        return _unusable(path, f"has more than {MOST_BYTES >> 20} MiB, expected some kB")
    return READERS[path.suffix](path, content)


def _unusable(path: Path, what: str) -> Metadata:
    values = Values(path)
    values.refuse(what)
    return Metadata(path, notes=values.notes)
