"""Answers written for one release of CTFFIND are recognised and used; others are refused with what was understood.

The tables hold the answers that public programs write, in their order, with the place where they do so. What they
mean was read from the questions of each release, not from the program under test.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories.ctffind_sessions import IMAGES, VERSIONS, answers, files, lines_of
from thonring.ctffind_cli.dialogues import read_answers
from thonring.ctffind_cli.prompts import Script
from thonring.ctffind_cli.questions import DIALOGUES, Answers, Expert, KnownCtf, ask_all
from thonring.ctffind_cli.settings import to_request
from thonring.errors import AnswerError, ThonringError
from thonring.settings import KnownAstigmatism

HEAD = ["image.mrc", "out.mrc", *["0.83", "300", "2.7", "0.1", "512", "30", "5", "5000", "50000", "500"]]
MOVIE_HEAD = ["stack.mrc", "yes", "2", *HEAD[1:]]
STACK_HEAD = ["stack.mrc", "no", *HEAD[1:]]

RELION = "3dem/relion src/ctffind_runner.cpp"
NEXTPYP = "nextpyp/pyp src/pyp/ctf/core.py"
CRYOEM_TOOLS = "afanasyevp/cryoem_tools util/ctffind_helper.py"
EMWRAP = "3dem/emwrap emwrap/ctffind"
SCIPION = "scipion-em/scipion-em-cistem cistem/protocols/program_ctffind.py"
MAGELLON = "sstagg/Magellon plugins/magellon_ctf_plugin/Readme.md"

PLAIN = {
    f"4.1.14 {SCIPION}": "no no no no no",
    f"4.1.14 {SCIPION}, restraint": "no yes yes 500.000000 no no",
    f"4.1.14 {MAGELLON}": "no no no no no",
    f"4.1.14 {NEXTPYP}, spectra": "no no yes 100 no no",
    f"4.1.14 {RELION} of RELION 3.1.3": "no yes yes 100 no no",
    f"4.1.15 {RELION}, CTFFIND 4": "no yes yes 100 no no no",
    f"4.1.15 {NEXTPYP}, CTFFIND 4": "no no yes 100 no no no",
    f"5 {RELION}, CTFFIND 5": "no yes yes 100 no no no no",
    f"5 {RELION}, CTFFIND 5, fast": "no no yes 100 no no no no",
    f"5 {EMWRAP}": "no no yes 100.000000 no no no no",
    f"5 {NEXTPYP}, CTFFIND 5": "No No No No No No Yes Yes 1.4 No Yes 7",
    f"5 {CRYOEM_TOOLS}": "No Yes No No No No Yes Yes 1.4 No Yes 4",
}
"""Answers after the twelve values, by version and source: a plain fit, with nothing known."""

PHASE_SHIFT = {
    f"4.1.14 {SCIPION}": "no no no yes 0.000000 3.141593 0.174533 no",
    f"4.1.14 {NEXTPYP}": "no no yes 100 yes 0.0 3.15 0.5 no",
    f"4.1.14 {RELION} of RELION 3.1.3": "no yes yes 100 yes 0 3.14159 0.174533 no",
    f"5 {RELION}, either CTFFIND": "no yes yes 100 yes 0 3.14159 0.174533 no no",
    f"5 {CRYOEM_TOOLS}": "No No No Yes 0 3.15 0.5 No Yes Yes 1.4 No Yes 4",
    f"5 {NEXTPYP}, CTFFIND 5": "No No No Yes 0.0 3.15 0.5 No Yes Yes 1.4 No Yes 7",
    "5 tilt answered where CTFFIND does not ask": "no yes yes 800.0 yes 0 3.15 0.1 no no no",
}

KNOWN = {
    "4.1.14": "no no no no yes no yes 21000 20900 10 4",
    "4.1.15": "no no no no no yes no yes 21000 20900 10 4",
    "4.1.15 resampled": "no no no no no yes yes yes 21000 20900 10 4",
    "5 builds without the weighting": "no no no no no no yes no yes 21000 20900 10 4",
    "5": "no no no no no no yes no yes 21000 20900 10 yes 4",
    f"5 {CRYOEM_TOOLS}": "No Yes No No No No Yes Yes 1.4 Yes 21000 20900 10 Yes 4",
}
"""A known defocus of 21000 and 20900 Å at 10°."""

REFUSED = {
    "4.1.15 tilt": ("no no no no yes no", "'Determine sample tilt?': found yes"),
    "4.1.15 StochasticAnalytics/emClarity ctf/BH_runCtfFind2.m": (
        "no no yes 200.0 no yes yes yes no 7",
        "'Determine sample tilt?': found yes",
    ),
    f"5 {RELION}, tilt": ("no yes yes 100 no yes no no", "'Determine sample tilt?': found yes"),
    f"5 {RELION}, thickness": (
        "no yes yes 100 no no yes yes yes 30 3 no no no",
        "'Determine sample thickness?': found yes",
    ),
    f"5 {RELION}, thickness and phase shift": (
        "no yes yes 100 yes 0 3.14159 0.174533 yes yes yes 30 3 no no no",
        "'Determine sample thickness?': found yes",
    ),
    f"5 {NEXTPYP}, thickness": (
        "No No No No No Yes No No 30.0 3.0 No No Yes Yes 1.4 No Yes 7",
        "'Determine sample thickness?': found yes",
    ),
}


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The sessions' files, in the folder where everything runs."""
    before = Path.cwd()
    folder = files(tmp_path_factory.mktemp("dialogues"))
    os.chdir(folder)
    yield folder
    os.chdir(before)


def images_in(path: Path) -> int:
    return IMAGES.get(path.name, 1)


def read(lines: list[str]) -> Answers:
    """What a script means, its line ends those of a file."""
    found = read_answers([f"{line}\n" for line in lines], images_in).answers
    assert found is not None
    return found


def say(words: str, head: list[str] | None = None) -> Answers:
    """What the answers after the twelve values mean."""
    return read([*(HEAD if head is None else head), *words.split()])


def version_of(name: str) -> str:
    return name.split(maxsplit=1)[0]


@pytest.mark.parametrize("name", PLAIN)
def test_plain_answers_of_any_release_are_a_plain_fit(name: str) -> None:
    found = say(PLAIN[name])
    assert found.version == version_of(name)
    assert (found.tilt, found.thickness, found.phase_shift, found.expert.known) == (False, False, None, None)
    request = to_request(found)
    assert request.settings == to_request(say("no no no no no")).settings
    assert request.ctffind_version == version_of(name)


@pytest.mark.parametrize("name", PHASE_SHIFT)
def test_a_phase_shift_is_searched_whatever_follows(name: str) -> None:
    found = say(PHASE_SHIFT[name])
    assert found.version == version_of(name)
    assert found.phase_shift is not None
    assert found.phase_shift.highest_rad == pytest.approx(3.15, abs=0.01)
    assert to_request(found).settings.phase_shift


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_defocus_is_held_in_any_release(name: str) -> None:
    found = say(KNOWN[name])
    assert found.version == version_of(name)
    assert found.expert.known == KnownCtf(21000.0, 20900.0, 10.0)
    assert found.expert.threads == 4
    assert to_request(found).settings.fix_defocus


@pytest.mark.parametrize("version", VERSIONS)
def test_a_known_phase_shift_belongs_to_a_known_defocus(version: str) -> None:
    ends = {
        "4.1.14": "yes no yes 21000 20900 10 0.3 4",
        "4.1.15": "yes no yes 21000 20900 10 0.3 4",
        "5": "no yes no yes 21000 20900 10 0.3 no 4",
    }
    found = say(f"no no no yes 0 1 0.1 {ends[version]}")
    assert found.expert.known == KnownCtf(21000.0, 20900.0, 10.0, 0.3)


@pytest.mark.parametrize(("answered", "message"), REFUSED.values(), ids=REFUSED)
def test_what_would_be_left_out_of_the_result_is_refused(answered: str, message: str) -> None:
    with pytest.raises(AnswerError) as refused:
        to_request(say(answered))
    assert message in str(refused.value)
    assert "Answer no" in str(refused.value)


def test_a_known_astigmatism_stands_before_the_tilt() -> None:
    found = say("yes no 300 -60 no no no no")
    assert found.astigmatism.known == KnownAstigmatism(300.0, -60.0)
    assert found.version == "5"


MOVIES = {
    "4.1.14": "no no no no yes yes yes no no 4",
    "4.1.15 no question about dark": "no no no no no yes yes yes no no 4",
    "4.1.15": "no no no no no yes yes yes yes no no 4",
    f"4.1.15 {NEXTPYP}": "no no no no no no",
    "5": "no no no no no no yes yes 1.4 yes yes no no yes 4",
}


@pytest.mark.parametrize("name", MOVIES)
def test_movies_are_recognised(name: str) -> None:
    found = say(MOVIES[name], MOVIE_HEAD)
    assert found.version == version_of(name)
    assert found.frames_averaged == 2
    assert (found.expert.gain, found.expert.distortion, found.expert.known) == (None, None, None)
    assert say("no no no no no no", STACK_HEAD).frames_averaged is None


def test_a_dark_image_is_refused() -> None:
    asked = say("no no no no no yes yes no gain.mrc yes no no 4", MOVIE_HEAD)
    with pytest.raises(AnswerError, match="Movie is dark-subtracted"):
        to_request(asked)


def test_the_pixel_after_resampling_ends_the_diagnostic_image() -> None:
    def sampling_A(answered: str) -> float:
        return to_request(say(answered)).sampling_A

    assert sampling_A("no no no no no no yes yes 2.0 no yes 1") == pytest.approx(2.0, abs=0.01)
    assert sampling_A("no no no no no no yes yes 1.4 no yes 1") == sampling_A("no no no no no")
    assert sampling_A("no no no no no no yes no no yes 1") == 0.83


def test_the_weighting_of_low_resolution_is_listed_as_without_effect() -> None:
    request = to_request(say("no no no no no no yes no no no 1"))
    assert "weighting down of low resolution (no)" in request.remarks[0]


@pytest.mark.parametrize("after", [[""], ["", "  "], ["    EOF"], ["EOF", ""]], ids=repr)
def test_blank_lines_and_an_indented_end_of_a_here_document_are_no_answers(after: list[str]) -> None:
    assert read([*HEAD, *["no"] * 6, *after]).version == "4.1.15"


OVER_LONG = {
    "one more no than any release asks": "no no no no no no no no",
    "a yes after a plain dialogue": "no no no no no no no yes",
    "expert options after their end": "no no no no yes no no 4 no",
    "numbers after no to the expert options": "no no no no no no no 21000 20900",
    "a word": "no no no no no quit",
    "a phase shift with two answers too many": "no no no yes 0 3.15 0.1 no no no no",
}


@pytest.mark.parametrize("answered", OVER_LONG.values(), ids=OVER_LONG)
def test_an_answer_that_nobody_asks_for_is_refused(answered: str) -> None:
    lines = [*HEAD, *answered.split()]
    with pytest.raises(AnswerError) as refused:
        read(lines)
    message = str(refused.value)
    assert "Understood" in message
    assert " 1 Input image file name : image.mrc" in message
    for version in VERSIONS:
        assert f"CTFFIND {version}: question" in message or f"CTFFIND {version}: the input ended" in message


def test_what_is_left_is_shown_with_the_question_before_it() -> None:
    with pytest.raises(AnswerError) as refused:
        say("no no no no no no no yes")
    message = str(refused.value)
    assert (
        "CTFFIND 5: question 19, 'Do you want to set expert options?' (no), is the last one, but 1 more answer "
        "follows: yes." in message
    )
    assert "19 Do you want to set expert options? : no\n     not read : yes" in message


def complete(lines: list[str]) -> Answers | None:
    """The answers if they would be used, None if the program would end with a message."""
    with suppress(ThonringError):
        found = read(lines)
        to_request(found)
        return found
    return None


WHOLE = [
    [*HEAD, *text.split()]
    for text in [
        *PLAIN.values(),
        *PHASE_SHIFT.values(),
        *KNOWN.values(),
        *(text for text, _ in REFUSED.values()),
    ]
] + [[*MOVIE_HEAD, *text.split()] for text in MOVIES.values()]


def is_off(lines: list[str], found: Answers) -> str:
    """What the answers of a script say that was not understood: a number or a yes without its place."""
    yes_or_no = {"yes", "no"}
    numbers = [line for line in lines if line.lower() not in yes_or_no]
    held: list[Any] = [found.image, found.diagnostic, *vars_of(found)]
    missing = [word for word in numbers if word not in map(str, held) and not is_held(word, held)]
    return ", ".join(missing)


def vars_of(found: Answers) -> list[Any]:
    """All numbers of a session."""
    of, search, expert = found.microscope, found.search, found.expert
    held: list[Any] = [of.pixel_A, of.voltage_kV, of.cs_mm, of.amplitude_contrast, search.box_px]
    held += [*search.resolution_range_A, *search.defocus_range_A, search.defocus_step_A]
    held += [found.frames_averaged, found.astigmatism.tolerated_A, expert.target_pixel_A, expert.threads]
    if found.phase_shift is not None:
        held += [found.phase_shift.lowest_rad, found.phase_shift.highest_rad, found.phase_shift.step_rad]
    if expert.known is not None:
        held += [expert.known.defocus_1_A, expert.known.defocus_2_A, expert.known.angle_deg]
    return [value for value in held if value is not None]


def is_held(word: str, held: list[Any]) -> bool:
    return any(isinstance(value, int | float) and float(word) == value for value in held)


@pytest.mark.parametrize("lines", WHOLE, ids=" ".join)
def test_no_beginning_of_a_dialogue_is_used_with_another_meaning(lines: list[str]) -> None:
    """It is used only if it is a dialogue itself: every number in it is held, and nothing beyond it is."""
    for length in range(len(lines)):
        found = complete(lines[:length])
        if found is not None:
            assert not is_off(lines[:length], found)
            assert found.expert.known is None, "no prefix ends with a known defocus"
            assert lines[length - 1].lower() == "no"


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
@given(data=st.data())
def test_any_dialogue_of_any_release_is_understood_as_it_was_meant(version: str, data: st.DataObject) -> None:
    session = data.draw(answers(version))
    assert read(lines_of(session)) == session


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
@given(data=st.data())
def test_a_truncated_dialogue_is_used_only_where_the_rest_is_no(version: str, data: st.DataObject) -> None:
    """The beginning of a dialogue is used if it is one of an earlier release, with what was answered so far."""
    session = data.draw(answers(version))
    lines = lines_of(session)
    for length in range(len(lines)):
        found = complete(lines[:length])
        if found is not None:
            assert lines[length - 1] == "no"
            assert found == replace(session, expert=Expert(), tilt=False, thickness=False)


def test_one_wish_cut_short_cannot_be_told_from_expert_options() -> None:
    """A thickness with neither search, cut after the first limit, is that number of threads to CTFFIND 4.1.15."""
    found = say("no no no no no yes no no 30")
    assert (found.version, found.expert.threads) == ("4.1.15", 30)
    with pytest.raises(AnswerError):
        say("no no no no no yes no no 30.0")


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
@given(data=st.data())
def test_a_dialogue_has_one_meaning(version: str, data: st.DataObject) -> None:
    """Whichever dialogues the lines fit completely, they say the same, so that their order does not matter."""
    lines = lines_of(data.draw(answers(version)))
    meanings = []
    for dialogue in DIALOGUES:
        script = Script(lines)
        with suppress(AnswerError):
            found = ask_all(script, images_in, dialogue)
            meanings += [] if script.unread else [found]
    assert meanings
    assert all(meaning == meanings[0] for meaning in meanings)


@pytest.mark.slow
@given(st.lists(st.sampled_from(["yes", "no", "1", "4", "30.0", "21000", "", "maybe"]), max_size=16))
def test_any_tail_is_understood_completely_or_refused(tail: list[str]) -> None:
    lines = [*HEAD, "no", "no", "no", *tail]
    found = complete(lines)
    if found is not None:
        used = [line for line in lines if line]
        assert not is_off(used, found)
        assert (found.expert.known is not None) == ("21000" in tail and is_held("21000", vars_of(found)))
