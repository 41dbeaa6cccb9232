"""Questions, and how they get their answers: from a script, which has one try, or from a person, who may try again."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from thonring.errors import AnswerError

T = TypeVar("T")

COLUMN = 50
"""Questions are filled to this width, as CTFFIND prints them."""


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """One question in CTFFIND's words; `parse` raises a ValueError that says what is wrong with an answer."""

    text: str
    default: str
    expected: str
    parse: Callable[[str], T]


def any_text(text: str, default: str) -> Question[str]:
    """Ask for a text of any kind."""
    return Question(text, default, "a name", lambda answer: answer)


def existing_file(text: str, default: str) -> Question[Path]:
    """Ask for an existing file."""

    def parse(answer: str) -> Path:
        path = Path(answer)
        if not path.is_file():
            raise ValueError("no such file")
        return path

    return Question(text, default, "the name of an existing file", parse)


def number(text: str, default: str, low: float = -math.inf, high: float = math.inf) -> Question[float]:
    """Ask for a number from `low` to `high`."""

    def parse(answer: str) -> float:
        value = float(answer)
        if not math.isfinite(value):
            raise ValueError("not finite")
        return _within(value, low, high)

    return Question(text, default, f"a number{_bounds(low, high)}", parse)


def whole_number(text: str, default: str, low: int, high: float = math.inf) -> Question[int]:
    """Ask for a whole number, which may be written as 512.0, from `low` to `high`."""

    def parse(answer: str) -> int:
        value = float(answer)
        if not value.is_integer():
            raise ValueError("not a whole number")
        return int(_within(value, low, high))

    return Question(text, default, f"a whole number{_bounds(low, high)}", parse)


def thread_count(text: str, default: str) -> Question[int]:
    """Ask for a number of threads: digits only, as CTFFIND takes it, so that 30.0 is not mistaken for one."""

    def parse(answer: str) -> int:
        if not (answer.isascii() and answer.isdecimal()):
            raise ValueError("not a whole number")
        return int(_within(int(answer), 1, math.inf))

    return Question(text, default, "a whole number of at least 1", parse)


def yes_or_no(text: str, default: str = "no") -> Question[bool]:
    """Ask for a word that begins like yes or no, in any case."""

    def parse(answer: str) -> bool:
        first = answer[:1].lower()
        if first not in {"y", "n"}:
            raise ValueError("neither")
        return first == "y"

    return Question(text, default, "yes or no", parse)


def only_no(text: str) -> Question[bool]:
    """Ask for a word that begins like no."""

    def parse(answer: str) -> bool:
        if answer[:1].lower() != "n":
            raise ValueError("not asked here")
        return False

    return Question(text, "no", "no", parse)


def _within(value: float, low: float, high: float) -> float:
    if not low <= value <= high:
        raise ValueError("out of range")
    return value


def _bounds(low: float, high: float) -> str:
    if math.isinf(low) and math.isinf(high):
        return ""
    if math.isinf(high):
        return f" of at least {low:g}"
    return f" from {low:g} to {high:g}"


class Prompter(Protocol):
    """Gets the answers."""

    def __call__(self, question: Question[T]) -> T:
        """Get the answer to a question."""
        ...


class Script:
    """Takes answers from lines; the first missing, blank or wrong one ends the dialogue.

    `exchanges` holds each question with its answer, in order.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = [line.strip() for line in lines]
        self.exchanges: list[tuple[str, str]] = []

    @property
    def unread(self) -> list[str]:
        """The answers that no question has taken.

        Blank lines and the mark EOF at the end are none; an indented here-document leaves the latter.
        """
        rest = self._lines[len(self.exchanges) :]
        while rest and rest[-1].upper() in {"", "EOF"}:
            rest.pop()
        return rest

    def __call__(self, question: Question[T]) -> T:
        """Take the next line.

        Raises
        ------
        AnswerError
            If there is none, or it is not an answer; the message names the question.
        """
        number = len(self.exchanges)
        place = f"question {number + 1}, '{question.text}'"
        if not self.unread:
            raise AnswerError(
                f"the input ended before {place}: expected {question.expected}, such as {question.default}."
            )
        answer = self._lines[number]
        if not answer:
            raise AnswerError(
                f"{place}: found a blank line, expected {question.expected}. A blank line means the "
                f"default ({question.default}) only at a terminal."
            )
        try:
            value = question.parse(answer)
        except ValueError as problem:
            raise AnswerError(
                f"{place}: found {answer!r} ({problem}), expected {question.expected}."
            ) from None
        self.exchanges.append((question.text, answer))
        return value


class Terminal:
    """Takes answers from a person: a blank line means the default, and a wrong answer repeats the question."""

    def __init__(self, ask: Callable[[str], str], write: Callable[[str], None]) -> None:
        self._ask = ask
        self._write = write

    def __call__(self, question: Question[T]) -> T:
        """Ask until there is an answer.

        Raises
        ------
        AnswerError
            If the input ends.
        """
        prompt = f"{f'{question.text} [{question.default}]':<{COLUMN}} : "
        while True:
            try:
                answer = self._ask(prompt).strip() or question.default
            except EOFError:
                raise AnswerError(f"the input ended at '{question.text}'.") from None
            try:
                return question.parse(answer)
            except ValueError as problem:
                self._write(f"{answer!r} ({problem}): expected {question.expected}.")
