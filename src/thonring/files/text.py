"""Text of other programs: decoded from what editors and spreadsheets write, and what is left out of a table.

Every table comes in through `read_text` or `decode`. A table is judged row by row: with a `TableReport`, a row that
cannot be used is left out and reported; without one it is an error, so that no row is lost in silence.
"""

import codecs
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from thonring.errors import InputError, ThonringError, UnreadableFile, UnreadableTable

T = TypeVar("T")

MOST_LISTED = 20
"""Rows that were left out are listed one by one up to this many; settings.json has all."""

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
"""Longer marks first: that of UTF-32 begins with that of UTF-16."""

_UTF16_SHARE = 0.4
"""ASCII text in UTF-16 has a NUL in every second byte; this share of one half tells it from other content."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that was left out of a table, and why; `row` is empty where the whole file was left out.

    `micrograph` is the name in that row, as far as it is known.
    """

    file: Path
    row: str
    reason: str
    micrograph: str = ""

    def __str__(self) -> str:
        place = f"{self.file}, {self.row}" if self.row else str(self.file)
        name = f"{self.micrograph}: " if self.micrograph and self.micrograph not in self.reason else ""
        return f"{place} left out: {name}{self.reason}"


@dataclass(slots=True)
class TableReport:
    """What reading tables left out, and what else the user should know of them."""

    left_out: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def leave_out(self, file: Path, row: str, problem: object, micrograph: str = "") -> None:
        """Record a row, or with an empty `row` a file, whose problem may begin with its own place."""
        reason = str(problem).removeprefix(str(file)).removeprefix(": ").removeprefix(", ")
        self.left_out.append(LeftOut(file, row, reason.removeprefix(f"{row}: "), micrograph))

    def lines(self) -> list[str]:
        """The notes, then the first rows that were left out, and how many there are besides."""
        more = len(self.left_out) - MOST_LISTED
        listed = [str(one) for one in self.left_out[:MOST_LISTED]]
        return [*self.notes, *listed, *([f"{more} more rows left out of tables"] if more > 0 else [])]

    def note(self, text: str) -> None:
        """Record a note once."""
        if text not in self.notes:
            self.notes.append(text)


class RowPlace(NamedTuple):
    """Where a row stands ("row 3"), and the micrograph that it names."""

    file: Path
    row: str
    micrograph: str


def usable_rows(places: Iterable[RowPlace], read: Callable[[int], T], report: TableReport | None) -> list[T]:
    """Read the rows of tables one by one, leaving out those that cannot be used; `read` reads that of an index.

    Raises
    ------
    ThonringError
        The problem of the first row that cannot be used, if there is no report, or if no row can be used.
    """
    kept: list[T] = []
    problems: list[tuple[RowPlace, ThonringError]] = []
    for index, place in enumerate(places):
        try:
            kept.append(read(index))
        except ThonringError as problem:
            if report is None:
                raise
            problems.append((place, problem))
    if problems and not kept:
        raise problems[0][1]
    if report is not None:
        for place, reason in problems:
            report.leave_out(place.file, place.row, reason, place.micrograph)
    return kept


def decode(content: bytes) -> str:
    """Decode UTF-8 with or without a byte order mark, UTF-16 and UTF-32; other bytes stay what they are.

    Bytes that are not UTF-8, such as a file name in Latin-1, come out as surrogates, as in paths of Python, so that
    the name still leads to the file; see `foreign_bytes`.

    Raises
    ------
    ValueError
        If UTF-16 or UTF-32 text is damaged.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            errors = "surrogateescape" if encoding == "utf-8-sig" else "strict"
            return content.decode(encoding, errors).removeprefix("\ufeff")
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if content and content[first::2].count(0) > _UTF16_SHARE * len(content):
            return content.decode(encoding)
    return content.decode("utf-8", "surrogateescape")


def foreign_bytes(text: str) -> str:
    """Say where a decoded text has a byte that is not UTF-8; empty where it has none."""
    for number, line in enumerate(text.split("\n"), start=1):
        found = next((character for character in line if "\udc80" <= character <= "\udcff"), None)
        if found is not None:
            return f"line {number} has the byte 0x{ord(found) - 0xDC00:02x}, which is not UTF-8 but perhaps Latin-1"
    return ""


def read_text(path: Path, error: type[InputError], report: TableReport | None = None) -> str:
    r"""Read a text file with ``\n`` as line end, whatever its line ends and its encoding; see `decode`.

    Raises
    ------
    OSError
        If the file cannot be read.
    InputError
        Of the given kind, if its encoding is damaged.
    """
    try:
        text = decode(path.read_bytes())
    except ValueError as problem:
        raise error(f"{path}: damaged text ({problem}). Save it as UTF-8.") from problem
    if report is not None and not text.isascii() and (found := foreign_bytes(text)):
        report.note(f"{path}: {found}; names are taken as the bytes that they are. Save it as UTF-8.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_toml(path: Path, expected: str) -> dict[str, Any]:
    """Read a TOML file, in any encoding that `decode` knows.

    Raises
    ------
    UnreadableFile
        If it cannot be read; the message ends with what was `expected`.
    UnreadableTable
        If it is not TOML.
    """
    try:
        text = decode(path.read_bytes()).replace("\r\n", "\n").replace("\r", "\n")
        if not text.isascii() and (found := foreign_bytes(text)):
            raise UnreadableTable(f"{path}: {found}. Save it as UTF-8.")
        return tomllib.loads(text)
    except OSError as problem:
        raise UnreadableFile(f"{path}: cannot be read ({problem.strerror or problem}). {expected}") from None
    except (ValueError, RecursionError) as problem:
        raise UnreadableTable(f"{path}: not TOML ({problem}). {expected}") from None
