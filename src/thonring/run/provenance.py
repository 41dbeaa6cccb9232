"""What an outcome was computed from, so that a later run knows whether it is still valid."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
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
    """State of a file: `size` in bytes and `mtime_ns`, None if it did not exist; `content_hash` "" if not computed."""

    size: int | None = None
    mtime_ns: int | None = None
    content_hash: str = ""


@dataclass(frozen=True, slots=True)
class Processing:
    """How a micrograph was estimated: `settings` as written by `settings_text`, and the program's version.

    `artefacts` names what was written in addition to the tables; `spectrum_kind` is "" if the inputs are images.
    """

    settings: str
    spectrum_kind: str
    artefacts: tuple[str, ...]
    thonring: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Everything an outcome depends on; `inputs` are optics and known defocus as written by `inputs_text`.

    The hash of the file's content is in the outcome, computed when the file was read.
    """

    file: FileState
    inputs: str
    processing: Processing


@dataclass(frozen=True, slots=True)
class Inputs:
    """The inputs given for one micrograph; with `metadata` the microscope's file next to it was used."""

    optics: Optics
    known: KnownDefocus | None
    metadata: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """What a later run needs to know of a finished micrograph."""

    status: Status
    provenance: Provenance


def file_state(path: Path) -> FileState:
    """Return the state of a file without reading it."""
    try:
        found = path.stat()
    except OSError:
        return FileState()
    return FileState(found.st_size, found.st_mtime_ns)


def content_hash(path: Path) -> str:
    """SHA-256 of a file's bytes in hexadecimal; "" if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def settings_text(settings: Settings) -> str:
    """Write the settings that influence a result, that is, without names of profiles and sources of limits."""
    limits = [{**asdict(limit), "source": ""} for limit in settings.limits]
    return compact(plain({**asdict(settings), "profile": "", "limits": limits}))


def settings_of(text: str, profile: str) -> Settings:
    """Read the output of `settings_text`, which does not have the name of the profile of limits.

    Raises
    ------
    OutputError
        If the text does not describe settings.
    """
    try:
        stored = {name: _as_tuple(value) for name, value in json.loads(text).items()}
        if stored.get("known_astigmatism") is not None:
            stored["known_astigmatism"] = KnownAstigmatism(*stored["known_astigmatism"])
        return Settings(**{**stored, "profile": profile, "limits": limits_of(text)})
    except (ValueError, TypeError, AttributeError, SettingsError) as problem:
        raise _unreadable("settings", text, problem) from problem


def limits_of(text: str) -> tuple[Limit, ...]:
    """Read only the limits from the output of `settings_text`, which does not have their sources.

    Raises
    ------
    OutputError
        If the text does not describe settings.
    """
    try:
        return tuple(limit_of(limit) for limit in json.loads(text)["limits"])
    except (ValueError, TypeError, KeyError) as problem:
        raise _unreadable("settings", text, problem) from problem


def _unreadable(content: str, text: str, problem: Exception) -> OutputError:
    return OutputError(
        f"the run's database contains {content} that this version cannot read ({problem}): {text[:80]}... "
        "Use the version of Thonring that wrote the run, or estimate again."
    )


def limit_of(fields: Mapping[str, Any]) -> Limit:
    """Read a limit from its JSON fields: a side without a bound is null.

    Raises
    ------
    KeyError, TypeError, ValueError
        If a field is missing or of another type.
    """
    at_least, at_most = fields["at_least"], fields["at_most"]
    return Limit(
        criterion=fields["criterion"],
        at_least=-math.inf if at_least is None else float(at_least),
        at_most=math.inf if at_most is None else float(at_most),
        unit=fields["unit"],
        reason=fields["reason"],
        source=fields["source"],
    )


def _as_tuple(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    return tuple(value) if isinstance(value, list) else value


def inputs_of(text: str) -> Inputs:
    """Read the output of `inputs_text`.

    Raises
    ------
    OutputError
        If the text does not describe optics and a known defocus.
    """
    try:
        stored = json.loads(text)
        known, optics = stored["known"], stored["optics"]
        metadata = optics.pop("metadata", True)
        return Inputs(Optics(**optics), None if known is None else KnownDefocus(**known), metadata)
    except (ValueError, TypeError, KeyError, OpticsError) as problem:
        raise _unreadable("optics", text, problem) from problem


def inputs_text(optics: Optics, known: KnownDefocus | None, *, metadata: bool = True) -> str:
    """Write the inputs given for one micrograph; `metadata` is the default and only written if it is ignored."""
    ignored = {} if metadata else {"metadata": False}
    return compact(
        {"optics": {**asdict(optics), **ignored}, "known": None if known is None else asdict(known)}
    )


def processing(
    settings: Settings, spectrum_kind: str | None, artefacts: Sequence[str], version: str
) -> Processing:
    """Describe how a run estimates."""
    return Processing(settings_text(settings), spectrum_kind or "", tuple(artefacts), version)
