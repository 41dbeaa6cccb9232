"""What an outcome came from, so that a later run can tell whether it still holds."""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from thonring.errors import OpticsError, OutputError, SettingsError
from thonring.files.json import compact, plain
from thonring.optics import Optics
from thonring.records import KnownDefocus, Status
from thonring.settings import KnownAstigmatism, Limit, Settings


@dataclass(frozen=True, slots=True)
class FileState:
    """A file as it was: `size` in bytes and `mtime_ns`, None where there was none; `content_hash` "" if not asked."""

    size: int | None = None
    mtime_ns: int | None = None
    content_hash: str = ""


@dataclass(frozen=True, slots=True)
class Processing:
    """How a micrograph was estimated: `settings` as `settings_text` writes them, and the program's version.

    `artefacts` names what was written beside the tables; `spectrum_kind` is "" where the inputs are images.
    """

    settings: str
    spectrum_kind: str
    artefacts: tuple[str, ...]
    thonring: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """All that an outcome depends on; `inputs` are optics and known defocus as `inputs_text` writes them.

    The hash of the file's content is the outcome's, found when the file was read.
    """

    file: FileState
    inputs: str
    processing: Processing


@dataclass(frozen=True, slots=True)
class Inputs:
    """What was asked for one micrograph alone; with `metadata` the microscope's file beside it was used."""

    optics: Optics
    known: KnownDefocus | None
    metadata: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A finished micrograph as far as a later run asks: what became of it, and what it came from."""

    status: Status
    provenance: Provenance


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


def settings_of(text: str, profile: str) -> Settings:
    """Read what `settings_text` wrote; the name of the profile of limits is not in it.

    Raises
    ------
    OutputError
        If the text is not that of settings.
    """
    try:
        stored = {name: _as_tuple(value) for name, value in json.loads(text).items()}
        if stored.get("known_astigmatism") is not None:
            stored["known_astigmatism"] = KnownAstigmatism(*stored["known_astigmatism"])
        return Settings(**{**stored, "profile": profile, "limits": limits_of(text)})
    except (ValueError, TypeError, AttributeError, SettingsError) as problem:
        raise _unreadable("settings", text, problem) from problem


def limits_of(text: str) -> tuple[Limit, ...]:
    """Read the limits alone of what `settings_text` wrote; their sources are not in it.

    Raises
    ------
    OutputError
        If the text is not that of settings.
    """
    try:
        return tuple(_limit(**limit) for limit in json.loads(text)["limits"])
    except (ValueError, TypeError, KeyError) as problem:
        raise _unreadable("settings", text, problem) from problem


def _unreadable(content: str, text: str, problem: Exception) -> OutputError:
    return OutputError(
        f"the run's database contains {content} that this version cannot read ({problem}): {text[:80]}... "
        "Use the version of Thonring that made the run, or estimate again."
    )


def _limit(at_least: float | None, at_most: float | None, **others: str) -> Limit:
    """JSON has no infinities: a bound that does not bind is null."""
    return Limit(
        at_least=-math.inf if at_least is None else at_least,
        at_most=math.inf if at_most is None else at_most,
        **others,
    )


def _as_tuple(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    return tuple(value) if isinstance(value, list) else value


def inputs_of(text: str) -> Inputs:
    """Read what `inputs_text` wrote.

    Raises
    ------
    OutputError
        If the text is not that of optics and a known defocus.
    """
    try:
        stored = json.loads(text)
        known, optics = stored["known"], stored["optics"]
        metadata = optics.pop("metadata", True)
        return Inputs(Optics(**optics), None if known is None else KnownDefocus(**known), metadata)
    except (ValueError, TypeError, KeyError, OpticsError) as problem:
        raise _unreadable("optics", text, problem) from problem


def inputs_text(optics: Optics, known: KnownDefocus | None, *, metadata: bool = True) -> str:
    """Write what was asked for one micrograph alone; that its `metadata` are used goes without saying."""
    ignored = {} if metadata else {"metadata": False}
    return compact(
        {"optics": {**asdict(optics), **ignored}, "known": None if known is None else asdict(known)}
    )


def processing(
    settings: Settings, spectrum_kind: str | None, artefacts: Sequence[str], version: str
) -> Processing:
    """How a run estimates."""
    return Processing(settings_text(settings), spectrum_kind or "", tuple(artefacts), version)
