"""Profiles of limits: packaged in limits.toml, or a TOML file of the user's.

A user's file::

    name = "facility"            # shown in error messages
    extends = "default"          # optional: start from a packaged profile
    drop = ["drift"]             # optional: criteria to leave out

    [[limit]]
    criterion = "fit_resolution"
    at_most = 6.0                # at_least, at_most, reason, unit, source: missing entries are inherited

Reading: TOML → `_Profile`, which checks the shape → `Limit`s, each merged with the one it inherits from and checked.
Writing, for a profile chosen on the page: only the differences from the extended profile.
"""

import functools
import json
import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from thonring.errors import SettingsError, UnreadableTable
from thonring.files.text import read_toml
from thonring.quality.criteria import CRITERIA
from thonring.quality.grade import sentence
from thonring.settings import Limit


class _LimitEntry(BaseModel):
    """A `[[limit]]` as in the file: inherited entries are None."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=True)

    criterion: str
    at_least: float | None = None
    at_most: float | None = None
    unit: str | None = None
    reason: str | None = None
    source: str | None = None


class _Profile(BaseModel):
    """A profile as in the file."""

    model_config = ConfigDict(extra="forbid")

    name: str = ""
    extends: str | None = None
    drop: tuple[str, ...] = ()
    limit: tuple[_LimitEntry, ...] = ()


def load_profile(name_or_path: str) -> tuple[Limit, ...]:
    """Load a packaged profile, or a TOML file if the name ends in `.toml`.

    Raises
    ------
    SettingsError
        If profile or criterion is unknown, bounds are in the wrong order, or a reason cannot be formatted.
    UnreadableFile, UnreadableTable
        If the file cannot be read, or is not TOML of the expected shape.
    """
    if not name_or_path.endswith(".toml"):
        return tuple(_packaged(name_or_path).values())
    profile = _validated(_read(Path(name_or_path)), name_or_path)
    where = f"{name_or_path} (profile {profile.name!r})" if profile.name else name_or_path
    limits = tuple(_limits(profile, where).values())
    if not limits:
        raise SettingsError(f"{where}: has no limits, so nothing would be judged. Give [[limit]] or extends.")
    return limits


def known_profiles() -> tuple[str, ...]:
    """Names of the packaged profiles."""
    return tuple(_packaged_table())


def limit_on(criterion: str, at_least: float, at_most: float, like: Limit | None = None) -> Limit:
    """Return a limit on a criterion, worded `like` another one on it.

    Raises
    ------
    SettingsError
        If the criterion is unknown, or the bounds are in the wrong order.
    """
    if criterion not in CRITERIA:
        raise SettingsError(f"unknown criterion {criterion!r}: expected one of {', '.join(CRITERIA)}.")
    entry = _LimitEntry(criterion=criterion, at_least=at_least, at_most=at_most)
    return _checked(_merged(entry, like, "limits"), "limits")


def _packaged(name: str) -> dict[str, Limit]:
    table = _packaged_table()
    if name not in table:
        raise SettingsError(
            f"unknown profile {name!r}: expected one of {', '.join(table)}, or a file ending in .toml."
        )
    where = f"limits.toml (profile {name!r})"
    return _limits(_validated(table[name], where), where)


@functools.cache
def _packaged_table() -> dict[str, Any]:
    return tomllib.loads((resources.files("thonring.quality") / "limits.toml").read_text(encoding="utf-8"))


def _read(path: Path) -> dict[str, Any]:
    return read_toml(path, "Expected a TOML file of limits: name, extends, drop and [[limit]].")


def _validated(table: Mapping[str, Any], where: str) -> _Profile:
    try:
        return _Profile.model_validate(table)
    except ValidationError as problem:
        first = problem.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UnreadableTable(
            f"{where}: {place}: {first['msg']}, found {first['input']!r}. "
            "Expected name, extends, drop, [[limit]]: criterion, at_least, at_most, unit, reason, source."
        ) from None


def _limits(profile: _Profile, where: str) -> dict[str, Limit]:
    """The limits of a profile by criterion: the inherited ones without the dropped ones, with changes and additions."""
    limits = {} if profile.extends is None else dict(_packaged(profile.extends))
    for criterion in (*profile.drop, *(entry.criterion for entry in profile.limit)):
        if criterion not in CRITERIA:
            raise SettingsError(
                f"{where}: unknown criterion {criterion!r}: expected one of {', '.join(CRITERIA)}."
            )
    for criterion in profile.drop:
        limits.pop(criterion, None)
    for entry in profile.limit:
        limits[entry.criterion] = _checked(_merged(entry, limits.get(entry.criterion), where), where)
    return limits


def _merged(entry: _LimitEntry, inherited: Limit | None, where: str) -> Limit:
    """Complete an entry from the limit it inherits from, or from the criterion."""
    criterion = CRITERIA[entry.criterion]
    base = inherited or Limit(
        criterion=criterion.name,
        at_least=-math.inf,
        at_most=math.inf,
        unit=criterion.unit,
        reason=f"{criterion.description}: {{value}} {{unit}}, limit {{limit}} {{unit}}",
        source="",
    )
    return Limit(
        criterion=criterion.name,
        at_least=base.at_least if entry.at_least is None else entry.at_least,
        at_most=base.at_most if entry.at_most is None else entry.at_most,
        unit=base.unit if entry.unit is None else entry.unit,
        reason=base.reason if entry.reason is None else entry.reason,
        source=where if entry.source is None else entry.source,
    )


def _checked(limit: Limit, where: str) -> Limit:
    """Return the limit after checking that its bounds are in order and its reason can be formatted."""
    if not limit.at_least <= limit.at_most:
        raise SettingsError(
            f"{where}: {limit.criterion}: at_least {limit.at_least:g} is above at_most {limit.at_most:g}, "
            "so nothing could pass."
        )
    try:
        sentence(limit, 0.0)
    except (KeyError, IndexError, ValueError, AttributeError):
        raise SettingsError(
            f"{where}: {limit.criterion}: the reason {limit.reason!r} cannot be formatted: "
            "use only {value}, {limit} and {unit}, without format specifiers."
        ) from None
    return limit


def profile_text(name: str, limits: Sequence[Limit], extends: str | None, remark: str = "") -> str:
    """Write limits as a profile that extends a packaged one, or none, and has only the differences from it.

    `remark` is the source of the limits that differ. No text may have control characters.

    Raises
    ------
    SettingsError
        If the profile to extend is not a packaged one: `extends` may be part of a request, and is never a path.
    """
    inherited = {} if extends is None else _packaged(extends)
    return "\n".join(_lines(name, limits, inherited, extends, remark)) + "\n"


def _lines(
    name: str, limits: Sequence[Limit], inherited: dict[str, Limit], extends: str | None, remark: str
) -> Iterator[str]:
    yield f"name = {_text(name)}"
    if extends is not None:
        yield f"extends = {_text(extends)}"
    dropped = set(inherited) - {limit.criterion for limit in limits}
    if dropped:
        yield f"drop = [{', '.join(_text(criterion) for criterion in inherited if criterion in dropped)}]"
    for limit in limits:
        changes = list(_changes(limit, inherited.get(limit.criterion)))
        if changes:
            yield from ("", "[[limit]]", f"criterion = {_text(limit.criterion)}", *changes)
            if remark:
                yield f"source = {_text(remark)}"


def _changes(limit: Limit, inherited: Limit | None) -> Iterator[str]:
    """The entries of a limit that differ from the inherited one."""
    for bound in ("at_least", "at_most"):
        if inherited is None or getattr(limit, bound) != getattr(inherited, bound):
            yield f"{bound} = {float(getattr(limit, bound))!r}"
    for words in ("unit", "reason"):
        if inherited is None or getattr(limit, words) != getattr(inherited, words):
            yield f"{words} = {_text(getattr(limit, words))}"


def _text(words: str) -> str:
    return json.dumps(words, ensure_ascii=False)
