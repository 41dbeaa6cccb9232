"""Which release of CTFFIND a list of answers was written for, and what it says.

A program that runs CTFFIND writes its answers in advance, to the questions of the release that it knows. Releases
differ in the questions about tilt and thickness and in the expert options, so the answers are read as each of them
asks, and the reading that uses every line is the right one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from thonring.ctffind_cli.prompts import Script
from thonring.ctffind_cli.questions import DIALOGUES, Answers, Dialogue, ask_all
from thonring.errors import AnswerError


@dataclass(frozen=True, slots=True)
class Reading:
    """The answers as one dialogue asks for them: `exchanges` are the questions with their answers, `unread` the rest.

    `answers` is None where they do not fit, and `problem` then says why.
    """

    dialogue: Dialogue
    answers: Answers | None
    exchanges: tuple[tuple[str, str], ...]
    unread: tuple[str, ...]
    problem: str = ""


def read_answers(lines: Sequence[str], images_in: Callable[[Path], int]) -> Reading:
    """Find the dialogue that all the lines fit.

    Parameters
    ----------
    lines
        All lines of the input.
    images_in
        Counts the images of a file, which decides whether the question about movies is asked.

    Raises
    ------
    ThonringError
        If the lines fit no dialogue; the message lists what was understood. If the images cannot be counted.
    """
    count = cache(images_in)
    readings = [_read(lines, count, dialogue) for dialogue in DIALOGUES]
    for reading in readings:
        if reading.answers is not None:
            return reading
    raise AnswerError(_no_dialogue(readings))


def _read(lines: Sequence[str], images_in: Callable[[Path], int], dialogue: Dialogue) -> Reading:
    script = Script(lines)
    try:
        answers = ask_all(script, images_in, dialogue)
    except AnswerError as error:
        return Reading(dialogue, None, tuple(script.exchanges), tuple(script.unread), str(error))
    exchanges, unread = tuple(script.exchanges), tuple(script.unread)
    if unread:
        question, answer = exchanges[-1]
        problem = (
            f"question {len(exchanges)}, '{question}' ({answer}), is the last one, but {len(unread)} more "
            f"{'answer follows' if len(unread) == 1 else 'answers follow'}: {', '.join(unread)}."
        )
        return Reading(dialogue, None, exchanges, unread, problem)
    return Reading(dialogue, answers, exchanges, unread)


def _no_dialogue(readings: Sequence[Reading]) -> str:
    """What is wrong, once if it is the same in every release and otherwise for each, and what was understood."""
    furthest: dict[str, Reading] = {}
    for reading in readings:
        version = reading.dialogue.version
        if version not in furthest or len(reading.exchanges) > len(furthest[version].exchanges):
            furthest[version] = reading
    best = max(furthest.values(), key=lambda reading: len(reading.exchanges))
    problems = {reading.problem for reading in furthest.values()}
    if len(problems) == 1:
        understood = f"\nUnderstood so far:\n{_listed(best)}" if best.exchanges else ""
        return problems.pop() + understood
    each = [f"  CTFFIND {version}: {reading.problem}" for version, reading in furthest.items()]
    return "\n".join(
        [
            "the answers fit no dialogue of CTFFIND.",
            *each,
            f"Understood as answers to CTFFIND {best.dialogue.version}:",
            _listed(best),
        ]
    )


def _listed(reading: Reading) -> str:
    lines = [f"  {number:2d} {text} : {answer}" for number, (text, answer) in enumerate(reading.exchanges, 1)]
    unread = [f"     not read : {answer}" for answer in reading.unread]
    return "\n".join([*lines, *unread])
