"""A profile of limits written as the TOML file that `load_profile` reads."""

import json
from collections.abc import Iterator, Sequence

from thonring.quality.profiles import load_profile
from thonring.settings import Limit


def profile_text(name: str, limits: Sequence[Limit], extends: str | None, remark: str = "") -> str:
    """Write limits as a profile that extends a packaged one, or none, and has only what differs from it.

    `remark` is where the limits that differ come from. No text may have control characters.

    Raises
    ------
    SettingsError
        If the profile to extend is unknown.
    """
    inherited = {} if extends is None else {limit.criterion: limit for limit in load_profile(extends)}
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
    for bound in ("at_least", "at_most"):
        if inherited is None or getattr(limit, bound) != getattr(inherited, bound):
            yield f"{bound} = {float(getattr(limit, bound))!r}"
    for words in ("unit", "reason"):
        if inherited is None or getattr(limit, words) != getattr(inherited, words):
            yield f"{words} = {_text(getattr(limit, words))}"


def _text(words: str) -> str:
    return json.dumps(words, ensure_ascii=False)
