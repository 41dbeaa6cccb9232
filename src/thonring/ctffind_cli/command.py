"""The command `thonring-ctffind`: flags, the session, and the exit code."""

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from thonring.batch.threads import keep_freed_memory, one_thread_each
from thonring.ctffind_cli.prompts import Script, Terminal
from thonring.ctffind_cli.questions import Answers
from thonring.errors import AnswerError, ThonringError

FAILED = 1

OldSchool = Annotated[
    bool, typer.Option("--old-school-input", help="Read CTFFIND 3's lines instead of asking questions.")
]
OldSchoolCtffind4 = Annotated[
    bool,
    typer.Option("--old-school-input-ctffind4", help="The same with two lines more: movie, phase shift."),
]
AmplitudeSpectrum = Annotated[
    bool, typer.Option("--amplitude-spectrum-input", help="The input is an amplitude spectrum, no image.")
]
FilteredSpectrum = Annotated[
    bool,
    typer.Option("--filtered-amplitude-spectrum-input", help="Refused: Thonring needs the unfiltered one."),
]
Fast = Annotated[bool, typer.Option("--fast", help="Accepted: nothing is left out.")]
Threads = Annotated[
    int | None,
    typer.Option("-j", "--omp-num-threads", metavar="N", min=1, help="Accepted: one thread does it."),
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
    """Answer in the place of CTFFIND 4.1: its questions on standard input, its files, Thonring's estimate.

    Exit codes: 0 the files are written, 1 they are not, and a message says why.
    """
    one_thread_each()
    keep_freed_memory()
    try:
        if filtered_spectrum:
            raise AnswerError(
                "--filtered-amplitude-spectrum-input: Thonring's fit needs the spectrum before its background is "
                "taken away. Give that, with --amplitude-spectrum-input, or the image."
            )
        code = _session(
            old_school=old_school or old_school_ctffind4,
            of_ctffind4=old_school_ctffind4,
            amplitude_spectrum=amplitude_spectrum,
            unused=_unused(fast=fast, threads=threads),
        )
    except ThonringError as problem:
        sys.stdout.flush()
        typer.echo(f"thonring-ctffind: {problem}", err=True)
        code = FAILED
    raise typer.Exit(code)


def _session(*, old_school: bool, of_ctffind4: bool, amplitude_spectrum: bool, unused: str) -> int:
    from thonring.ctffind_cli.perform import perform_ctffind
    from thonring.ctffind_cli.report import CtffindConsole
    from thonring.ctffind_cli.settings import to_request

    report = CtffindConsole(typer.echo, lambda line: typer.echo(line, err=True), old_school=old_school)
    if old_school:
        from thonring.ctffind_cli.questions import read_old_school

        answers = read_old_school(_lines(), typer.echo, of_ctffind4=of_ctffind4)
    else:
        report.welcomes("Interactive" if sys.stdin.isatty() else "Scripted")
        answers = _asked()
    if unused:
        typer.echo(unused)
    return perform_ctffind(to_request(answers, amplitude_spectrum=amplitude_spectrum), report)


def _asked() -> Answers:
    from thonring.ctffind_cli.questions import ask_all

    asker = Terminal(input, typer.echo) if sys.stdin.isatty() else Script(_lines(), typer.echo)
    return ask_all(asker, _images_in)


def _images_in(path: Path) -> int:
    from thonring.read import image_count

    return image_count(path)


def _lines() -> Iterator[str]:
    return iter(sys.stdin)


def _unused(*, fast: bool, threads: int | None) -> str:
    flags = [*(["--fast"] if fast else []), *([f"-j {threads}"] if threads is not None else [])]
    return f"Accepted and without effect: {', '.join(flags)}." if flags else ""


def main() -> None:
    """Run the command line; ends the process with an exit code.

    Names of files may hold any bytes, whatever the locale says.
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
