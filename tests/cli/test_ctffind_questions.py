"""The questions are those of CTFFIND 4.1.14, as recorded and, where it is installed, as it asks them now."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factories.ctffind_sessions import DEFAULTS, IMAGES, PLAIN, SESSIONS, answers, files, lines_of
from thonring.ctffind_cli.prompts import COLUMN, Question, Script, Terminal
from thonring.ctffind_cli.questions import Answers, ask_all
from thonring.errors import AnswerError

CTFFIND = shutil.which(os.environ.get("CTFFIND", "ctffind"))
ECHO = re.compile(rf"^(.{{{COLUMN}}}) : (.*)$")


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The sessions' files, in the folder where everything runs."""
    before = Path.cwd()
    folder = files(tmp_path_factory.mktemp("sessions"))
    (folder / "a").mkdir()
    os.chdir(folder)
    yield folder
    os.chdir(before)


def images_in(path: Path) -> int:
    return IMAGES[path.name]


def asked(lines: list[str]) -> tuple[Answers, list[list[str]]]:
    """What comes of a script, and the questions as they are echoed with their answers."""
    script = Script([f"{line}\n" for line in lines])
    understood = ask_all(script, images_in)
    return understood, [[question, answer] for question, answer in script.exchanges]


def echoed(text: str) -> list[list[str]]:
    """Questions and answers in a printed session of either program."""
    found = [ECHO.match(line) for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()]
    return [[match[1].rstrip(), match[2]] for match in found if match and match[2]]


@pytest.mark.parametrize("name", SESSIONS)
def test_a_recorded_session_is_asked_the_same_questions(name: str) -> None:
    recorded = SESSIONS[name]["asked"]
    _, questions = asked([answer for _, answer in recorded])
    assert questions == recorded


def test_what_relion_says_is_understood() -> None:
    understood, _ = asked([answer for _, answer in SESSIONS["phase plate of relion"]["asked"]])
    assert understood.diagnostic == Path("out.ctf")
    assert understood.astigmatism.tolerated_A == 100.0
    assert understood.phase_shift is not None
    assert understood.phase_shift.highest_rad == pytest.approx(3.14159)
    assert understood.search.resolution_range_A == (30.0, 5.0)


def test_the_defaults_are_those_of_ctffind() -> None:
    shown: dict[str, str] = {}
    for start, yes in (("stack.mrc", True), ("image.mrc", False)):

        def answer(question: Question[Any], start: str = start, yes: bool = yes) -> Any:
            shown.setdefault(question.text, question.default)
            if question.text == "Input image file name":
                return Path(start)
            if question.expected != "yes or no":
                return Path("gain.mrc") if "Gain" in question.text else question.parse(question.default)
            if "gain-corrected" in question.text or "restraint" in question.text:
                return not yes
            return yes

        ask_all(answer, images_in)
    assert shown == DEFAULTS


@pytest.mark.slow
@given(answers())
def test_any_session_is_understood_as_it_was_meant(session: Answers) -> None:
    understood, _ = asked(lines_of(session))
    assert understood == session


@pytest.mark.slow
@pytest.mark.clients
@pytest.mark.skipif(
    CTFFIND is None, reason="CTFFIND 4 is not installed: set CTFFIND or put ctffind on the PATH"
)
@given(answers())
@settings(max_examples=60)
def test_ctffind_itself_asks_the_same(session: Answers) -> None:
    """The last answer is left out, so that it asks everything and computes nothing."""
    assert CTFFIND is not None
    lines = lines_of(session)
    text = "\n".join(lines[:-1]) + "\n"
    environment = {**os.environ, "LC_ALL": "C", "OMP_NUM_THREADS": "1"}
    said = subprocess.run(
        [CTFFIND], input=text, capture_output=True, text=True, check=False, env=environment
    ).stdout
    _, questions = asked(lines)
    assert echoed(said) == questions[:-1]
    assert questions[-1][0] in said, "it waits for the same last answer"


@pytest.mark.parametrize("length", range(len(PLAIN)))
def test_an_input_that_ends_says_which_answer_is_missing(length: int) -> None:
    text = SESSIONS["plain"]["asked"][length][0]
    with pytest.raises(
        AnswerError, match=re.escape(f"ended before question {length + 1}, '{text}': expected")
    ):
        asked(PLAIN[:length])


WRONG = {
    "no such file": (
        0,
        "nothing.mrc",
        "'Input image file name': found 'nothing.mrc' (no such file), expected",
    ),
    "text for a pixel": (2, "abc", "question 3, 'Pixel size': found 'abc'"),
    "a negative pixel": (2, "-1", "(out of range), expected a number of at least 0."),
    "two numbers": (2, "1,5", "'Pixel size': found '1,5'"),
    "no number": (2, "nan", "'Pixel size': found 'nan' (not finite)"),
    "per cent": (
        5,
        "7",
        "'Amplitude contrast': found '7' (out of range), expected a number from 0 to 1.",
    ),
    "a small box": (6, "127", "'Size of amplitude spectrum to compute': found '127'"),
    "half a pixel": (6, "512.5", "(not a whole number), expected a whole number of at least 128."),
    "resolutions upside down": (8, "31", "'Maximum resolution': found '31' (out of range)"),
    "defoci upside down": (10, "4999", "'Maximum defocus': found '4999'"),
    "no step": (11, "0", "'Defocus search step': found '0'"),
    "neither yes nor no": (
        12,
        "maybe",
        "'Do you know what astigmatism is present?': found 'maybe' (neither)",
    ),
    "a blank": (9, "  ", "question 10, 'Minimum defocus': found a blank line, expected a number."),
}


@pytest.mark.parametrize(("place", "answer", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_answer_names_its_question(place: int, answer: str, message: str) -> None:
    with pytest.raises(AnswerError, match=re.escape(message)):
        asked([*PLAIN[:place], answer, *PLAIN[place + 1 :]])


def test_numbers_may_be_written_in_other_ways() -> None:
    other = [*PLAIN[:2], " 6.6655e-1", "3e2", "2.70", ".1", "512.0", *PLAIN[7:]]
    assert asked(other)[0] == asked(PLAIN)[0]


def at_a_terminal(*typed: str) -> tuple[Answers, list[str]]:
    told: list[str] = []
    waiting = iter(typed)

    def ask(_prompt: str) -> str:
        try:
            return next(waiting)
        except StopIteration:
            raise EOFError from None

    return ask_all(Terminal(ask, told.append), images_in), told


def test_a_person_may_leave_defaults_and_is_asked_again() -> None:
    understood, told = at_a_terminal("nothing.mrc", "image.mrc", "", "abc", "0.66655", *[""] * 14)
    assert understood.microscope.pixel_A == 0.66655
    assert understood.microscope.voltage_kV == float(DEFAULTS["Acceleration voltage"])
    assert understood.diagnostic == Path(DEFAULTS["Output diagnostic image file name"])
    assert told[0] == "'nothing.mrc' (no such file): expected the name of an existing file."
    assert told[1].startswith("'abc'")
    assert len(told) == 2


def test_a_person_may_leave() -> None:
    with pytest.raises(AnswerError, match="the input ended at 'Pixel size'"):
        at_a_terminal("image.mrc", "out.mrc")


@pytest.mark.slow
@given(st.lists(st.text(max_size=9), max_size=30))
def test_any_text_is_understood_or_refused(lines: list[str]) -> None:
    with suppress(AnswerError):
        asked(["image.mrc", *lines])
