"""What an outcome came from, so that a later run can tell whether it still holds."""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from thonring.optics import Optics
from thonring.records import KnownDefocus, Status
from thonring.results.json_text import compact, plain
from thonring.settings import Limit, Settings


@dataclass(frozen=True, slots=True)
class FileState:
    """A file as it was: `size` in bytes and `mtime_ns`, None where there was none; `content_hash` "" if not asked."""

    size: int | None = None
    mtime_ns: int | None = None
    content_hash: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """How a micrograph was estimated: `settings` as `settings_text` writes them, and the program's version.

    `artefacts` names what was written beside the tables; `spectrum_kind` is "" where the inputs are images.
    """

    settings: str
    spectrum_kind: str
    artefacts: tuple[str, ...]
    thonring: str


@dataclass(frozen=True, slots=True)
class Origin:
    """All that an outcome depends on; `asked` is optics and known defocus as `asked_text` writes them.

    The hash of the file's content is the outcome's, found when the file was read.
    """

    file: FileState
    asked: str
    made: Made


@dataclass(frozen=True, slots=True)
class Entry:
    """A finished micrograph as far as a later run asks: what became of it, and what it came from."""

    status: Status
    origin: Origin


def file_state(path: Path) -> FileState:
    """Look at a file without reading it."""
    try:
        found = path.stat()
    except OSError:
        return FileState()
    return FileState(found.st_size, found.st_mtime_ns)


def content_hash(path: Path) -> str:
    """SHA-256 of a file's bytes in hexadecimal; "" where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def settings_text(settings: Settings) -> str:
    """Write the settings that influence a result; names of profiles and sources of limits do not."""
    limits = [{**asdict(limit), "source": ""} for limit in settings.limits]
    return compact(plain({**asdict(settings), "profile": "", "limits": limits}))


def limits_of(made: Made) -> tuple[Limit, ...]:
    """Read the limits that `settings_text` wrote; their sources are not kept."""
    limits = json.loads(made.settings)["limits"]
    return tuple(
        Limit(
            **{
                **limit,
                "at_least": -math.inf if limit["at_least"] is None else limit["at_least"],
                "at_most": math.inf if limit["at_most"] is None else limit["at_most"],
            }
        )
        for limit in limits
    )


def asked_text(optics: Optics, known: KnownDefocus | None, *, metadata: bool = True) -> str:
    """Write what was asked for one micrograph alone; that its `metadata` are used goes without saying."""
    ignored = {} if metadata else {"metadata": False}
    return compact(
        {"optics": {**asdict(optics), **ignored}, "known": None if known is None else asdict(known)}
    )


def made(settings: Settings, spectrum_kind: str | None, artefacts: Sequence[str], version: str) -> Made:
    """How a run estimates."""
    return Made(settings_text(settings), spectrum_kind or "", tuple(artefacts), version)
