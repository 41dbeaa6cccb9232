"""The syntax of STAR files: quoting and loops, as RELION, Xmipp and gemmi all read them.

A quoted string ends at its quote followed by a blank; RELION knows no text between semicolons.
"""

import math
import re
from collections.abc import Iterable, Sequence

from thonring.errors import OutputError

_BARE = re.compile(r"[A-Za-z0-9./-][A-Za-z0-9_./:@+,=~%*&^!<>|(){}-]*", re.ASCII)
_RESERVED = re.compile(r"(data_|save_).*|loop_|stop_|global_", re.ASCII | re.IGNORECASE)
_ABSENT = {".", "?"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def quoted(text: str) -> str:
    """Write a string as one STAR value, quoted where it must be.

    Raises
    ------
    OutputError
        If the string has control characters, or both kinds of quotes each before a blank.
    """
    if _CONTROL.search(text):
        raise OutputError(f"{text!r} has control characters, which a STAR file cannot hold. Rename it.")
    if _BARE.fullmatch(text) and text not in _ABSENT and not _RESERVED.fullmatch(text):
        return text
    for quote in sorted("\"'", key=text.count):
        if not re.search(rf"{quote}\s", text):
            return f"{quote}{text}{quote}"
    raise OutputError(
        f"{text!r} has both kinds of quotes before blanks, which a STAR file cannot hold. Rename it."
    )


def number(value: float, missing: float = 0.0) -> str:
    """Write a number with six decimals; `missing` in the place of NaN and infinities."""
    return f"{value if math.isfinite(value) else missing:.6f}"


def loop_head(labels: Sequence[str]) -> str:
    """Write what stands before the rows of a table."""
    return "\n".join(["loop_", *labels]) + "\n"


def loop_rows(rows: Iterable[Sequence[str]]) -> str:
    """Write the rows of a table, whose values are formatted already."""
    return "".join(" ".join(row) + "\n" for row in rows)
