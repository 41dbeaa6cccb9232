"""Lengths of time and ends, as people write them."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import typer

from thonring.batch.watch import Until

_UNITS_S = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d)")
_FILES = re.compile(r"(\d+)\s+(?:files|micrographs)")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def seconds_of(text: str, option: str) -> float:
    """Read a length of time, as `10s`, `30m`, `1.5h`.

    Raises
    ------
    typer.BadParameter
        If it is none, or nothing at all.
    """
    match = _LENGTH.fullmatch(text.strip().lower())
    seconds = float(match[1]) * _UNITS_S[match[2]] if match else 0.0
    if seconds <= 0:
        raise typer.BadParameter(
            f"found {text!r}, expected a number above 0 with s, m, h or d behind it, as 30m.",
            param_hint=option,
        )
    return seconds


def until_of(texts: Sequence[str], now: datetime, option: str) -> Until:
    """Read ends: `idle 30m`, a time of day (the next one), a date and time, `500 files`; the last of each kind holds.

    Raises
    ------
    typer.BadParameter
        If one is none of these, or is past.
    """
    idle_s = at = files = None
    for text in (text.strip().lower() for text in texts):
        if text.startswith("idle"):
            idle_s = seconds_of(text.removeprefix("idle"), option)
        elif match := _FILES.fullmatch(text):
            files = int(match[1])
        else:
            at = _moment(text, now, option)
    return Until(idle_s, at, files)


def _moment(text: str, now: datetime, option: str) -> datetime:
    if match := _CLOCK.fullmatch(text):
        at = now.replace(hour=int(match[1]), minute=int(match[2]), second=0, microsecond=0)
        return at if at > now else at + timedelta(days=1)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        message = f"found {text!r}, expected 'idle 30m', a time as 18:00 or 2026-03-01T18:00, or '500 files'."
        raise typer.BadParameter(message, param_hint=option) from None
    at = at if at.tzinfo else at.replace(tzinfo=now.tzinfo)
    if at <= now:
        raise typer.BadParameter(f"{text!r} is past.", param_hint=option)
    return at


def duration_text(seconds: float) -> str:
    """A length of time in its two largest units, as `6 h 12 min`."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 1:
        return f"{rest} s"
    if minutes < 60:
        return f"{minutes} min {rest} s"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} days {minutes % 1440 // 60} h"
