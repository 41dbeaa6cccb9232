"""`thonring compare`: a run beside other runs and other programs' results."""

from pathlib import Path
from typing import Annotated

import typer

from thonring.cli.ending import error_exit

Run = Annotated[
    Path, typer.Argument(metavar="RUN", help="Run folder of `thonring estimate`.", show_default=False)
]
Others = Annotated[
    list[Path],
    typer.Argument(
        metavar="OTHER",
        help=(
            "What to hold it against: another run folder, or defoci of RELION (.star), CTFFIND (.txt or their folder), "
            "Xmipp (.xmd, .ctfparam or their folder) or cryoSPARC (.cs)."
        ),
        show_default=False,
    ),
]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Draw the comparison (.png, .pdf, .svg).")
]
Table = Annotated[
    Path | None, typer.Option("--table", metavar="FILE", help="Write a row for each micrograph (.csv).")
]
Resolutions = Annotated[
    str, typer.Option("--resolution", metavar="LIST", help="Count how many agree up to these, in Å.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Tell errors only.")]


def compare(
    *,
    run: Run,
    others: Others,
    out: Out = None,
    table: Table = None,
    resolution: Resolutions = "4,3",
    quiet: Quiet = False,
) -> None:
    """Measure how far a run agrees with other results of the same micrographs, with no truth.

    Tells differences of defocus and astigmatism, and the resolution up to which the CTFs agree within 90° of phase.
    Exit codes: 0 done, 2 wrong use.
    """
    resolutions_A = _resolutions(resolution)
    with error_exit():
        told = _perform(run, others, resolutions_A, picture=out, table=table)
    if not quiet:
        typer.echo(told)


def _perform(
    run: Path,
    others: list[Path],
    resolutions_A: tuple[float, ...],
    *,
    picture: Path | None,
    table: Path | None,
) -> str:
    from thonring.evaluate.agreement import compare_runs, write_agreements
    from thonring.evaluate.agreement_report import agreement_text, write_agreement_figure

    found = compare_runs(run, others)
    written = []
    if table is not None:
        write_agreements(table, found)
        written.append(table)
    if picture is not None:
        write_agreement_figure(picture, found, resolutions_A)
        written.append(picture)
    told = f"\nwritten: {', '.join(map(str, written))}" if written else ""
    return agreement_text(found, resolutions_A).rstrip("\n") + told


def _resolutions(text: str) -> tuple[float, ...]:
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if not found or not all(0.5 <= resolution_A <= 100 for resolution_A in found):
        message = f"found {text!r}, expected resolutions from 0.5 to 100 Å with commas between, as 4,3."
        raise typer.BadParameter(message, param_hint="--resolution")
    return found
