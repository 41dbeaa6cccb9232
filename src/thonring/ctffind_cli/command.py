"""The command `thonring-ctffind`: flags, answers, and the exit code; nothing here loads numpy before it runs."""

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thonring.batch.threads import keep_freed_memory, one_thread_each
from thonring.ctffind_cli.dialogues import read_answers
from thonring.ctffind_cli.old_school import read_old_school
from thonring.ctffind_cli.prompts import COLUMN, Terminal
from thonring.ctffind_cli.questions import CTFFIND_4_1_14, Answers, ask_all
from thonring.errors import AnswerError, ThonringError

if TYPE_CHECKING:
    from thonring.ctffind_cli.estimate import CtffindConsole

FAILED = 1
WRONG_ANSWERS = 2

OldSchool = Annotated[
    bool, typer.Option("--old-school-input", help="Read CTFFIND 3's lines instead of asking questions.")
]
OldSchoolCtffind4 = Annotated[
    bool,
    typer.Option(
        "--old-school-input-ctffind4", help="The same, with two extra lines for movies and phase shift."
    ),
]
AmplitudeSpectrum = Annotated[
    bool, typer.Option("--amplitude-spectrum-input", help="The input is an amplitude spectrum, not an image.")
]
FilteredSpectrum = Annotated[
    bool,
    typer.Option(
        "--filtered-amplitude-spectrum-input", help="Not supported: Thonring needs the unfiltered spectrum."
    ),
]
Fast = Annotated[bool, typer.Option("--fast", help="Accepted without effect.")]
Threads = Annotated[
    int | None,
    typer.Option(
        "-j",
        "--omp-num-threads",
        metavar="N",
        min=1,
        help="Accepted without effect: Thonring uses one thread.",
    ),
]


def ctffind(
    *,
    old_school: OldSchool = False,
    old_school_ctffind4: OldSchoolCtffind4 = False,
    amplitude_spectrum: AmplitudeSpectrum = False,
    filtered_spectrum: FilteredSpectrum = False,
    fast: Fast = False,
    threads: Threads = None,
) -> None:
    """Drop-in replacement for CTFFIND 4.1 and 5: the same questions and files, with Thonring's estimate.

    Exit codes: 0 the files were written, 1 they were not, 2 the answers are wrong, incomplete or too many; a
    message says why.
    """
    one_thread_each()
    keep_freed_memory()
    try:
        if filtered_spectrum:
            raise AnswerError(
                "--filtered-amplitude-spectrum-input: Thonring fits the spectrum before background subtraction. Give "
                "the unfiltered one with --amplitude-spectrum-input, or the image."
            )
        _session(
            old_school=old_school or old_school_ctffind4,
            of_ctffind4=old_school_ctffind4,
            amplitude_spectrum=amplitude_spectrum,
            unused=_unused_flags(fast=fast, threads=threads),
        )
    except ThonringError as problem:
        sys.stdout.flush()
        typer.echo(f"thonring-ctffind: {problem}", err=True)
        raise typer.Exit(WRONG_ANSWERS if isinstance(problem, AnswerError) else FAILED) from None


def _session(*, old_school: bool, of_ctffind4: bool, amplitude_spectrum: bool, unused: str) -> None:
    from thonring.ctffind_cli.estimate import CtffindConsole, estimate_ctffind
    from thonring.ctffind_cli.settings import to_request

    console = CtffindConsole(typer.echo, lambda line: typer.echo(line, err=True), old_school=old_school)
    answers = (
        read_old_school(_lines(), typer.echo, of_ctffind4=of_ctffind4) if old_school else _answers(console)
    )
    if unused:
        typer.echo(unused)
    estimate_ctffind(to_request(answers, amplitude_spectrum=amplitude_spectrum), console)


def _answers(console: "CtffindConsole") -> Answers:
    """Ask a person the questions of CTFFIND 4.1.14; echo those of the release that a script answers."""
    if sys.stdin.isatty():
        console.print_welcome("Interactive", CTFFIND_4_1_14.version)
        return ask_all(Terminal(input, typer.echo), _images_in)
    reading = read_answers(list(_lines()), _images_in)
    console.print_welcome("Scripted", reading.dialogue.version)
    for question, answer in reading.exchanges:
        typer.echo(f"{question:<{COLUMN}} : {answer}")
    assert reading.answers is not None
    return reading.answers


def _images_in(path: Path) -> int:
    from thonring.read import image_count

    return image_count(path)


def _lines() -> Iterator[str]:
    return iter(sys.stdin)


def _unused_flags(*, fast: bool, threads: int | None) -> str:
    flags = [*(["--fast"] if fast else []), *([f"-j {threads}"] if threads is not None else [])]
    return f"Accepted without effect: {', '.join(flags)}." if flags else ""


def main() -> None:
    """Run the command line; ends the process with an exit code.

    Names of files may hold any bytes, whatever the locale is.
    """
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")
    app = typer.Typer(
        name="thonring-ctffind",
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.command()(ctffind)
    app()
