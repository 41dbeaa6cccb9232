"""`thonring evaluate` and `thonring compare`: runs against ground truth, and against each other."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thonring.cli import options as opt
from thonring.cli.console import error_exit, print_table_report

if TYPE_CHECKING:
    from thonring.files.text import LeftOut

Runs = Annotated[
    list[Path],
    typer.Argument(
        metavar="RUN",
        help=(
            "Run folders of `thonring estimate`, or defocus values from other programs: RELION .star, CTFFIND .txt or "
            "a folder of them, Xmipp .xmd or .ctfparam, cryoSPARC .cs. Several are compared with each other."
        ),
        show_default=False,
    ),
]
Truth = Annotated[
    Path | None,
    typer.Option("--truth", metavar="FILE", help="The truth.csv of `thonring simulate`."),
]
Labels = Annotated[
    Path | None,
    typer.Option(
        "--labels",
        metavar="FILE",
        help="Manual labels: .csv with the columns file,label (usable or bad), or .star with rlnSelected.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Folder for the report.", show_default="RUN/evaluation"),
]
Tolerance = Annotated[
    float | None,
    typer.Option(
        "--tolerance-resolution",
        metavar="Å",
        help="An estimate is correct if its CTF phase error is below 90° up to this resolution (4 by default).",
    ),
]
Partial = Annotated[
    bool,
    typer.Option(
        "--partial", help="Evaluate only the micrographs that runs, truth and labels have in common."
    ),
]
Others = Annotated[
    list[Path],
    typer.Argument(
        metavar="OTHER",
        help=(
            "What to compare it with: another run folder, or defocus values from RELION (.star), CTFFIND (.txt or a "
            "folder of them), Xmipp (.xmd, .ctfparam or a folder of .ctfparam) or cryoSPARC (.cs)."
        ),
        show_default=False,
    ),
]
Figure = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Plot the comparison (.png, .pdf, .svg).")
]
Table = Annotated[
    Path | None, typer.Option("--table", metavar="FILE", help="Write one row per micrograph (.csv).")
]
Resolutions = Annotated[
    str,
    typer.Option(
        "--resolution",
        metavar="LIST",
        help="Count the micrographs that agree to these resolutions, in Å.",
    ),
]


def evaluate(  # noqa: PLR0913 - typer reads the options from the signature
    *,
    runs: Runs,
    truth: Truth = None,
    labels: Labels = None,
    out: Out = None,
    tolerance_resolution: Tolerance = None,
    partial: Partial = False,
    quiet: opt.PlainQuiet = False,
) -> None:
    """Evaluate runs against ground truth or labels: verdicts, errors, error bars, and the effect of each criterion.

    Writes evaluation.txt, .json and .html. Exit codes: 0 done, 1 rows of tables were left out, 2 usage error.
    """
    with error_exit():
        text, left_out = _evaluate(runs, truth, labels, out, tolerance_resolution, partial=partial)
    _end(text, left_out, quiet=quiet)


def _evaluate(
    runs: Sequence[Path],
    truth: Path | None,
    labels: Path | None,
    out: Path | None,
    tolerance_resolution_A: float | None,
    *,
    partial: bool,
) -> "tuple[str, Sequence[LeftOut]]":
    """Evaluate runs, write the report, and give its text, and the rows left out.

    Raises
    ------
    ThonringError
        If results, truth or labels cannot be read or do not match, or a file cannot be written.
    """
    from thonring.evaluate.output import as_text, write_evaluation
    from thonring.evaluate.report import EvaluationRequest
    from thonring.evaluate.report import evaluate as evaluate_runs

    request = EvaluationRequest(tuple(runs), truth, labels, partial=partial)
    if tolerance_resolution_A is not None:
        request = replace(request, tolerance_resolution_A=tolerance_resolution_A)
    report = evaluate_runs(request)
    first = runs[0]
    folder = first if first.is_dir() else first.parent
    written = write_evaluation(report, out or folder / "evaluation")
    return f"{as_text(report)}\nwritten: {', '.join(map(str, written))}", report.left_out


def compare(
    *,
    run: opt.Run,
    others: Others,
    out: Figure = None,
    table: Table = None,
    resolution: Resolutions = "4,3",
    quiet: opt.PlainQuiet = False,
) -> None:
    """Measure how well a run agrees with other results for the same micrographs; no ground truth is needed.

    Reports the differences in defocus and astigmatism, and the resolution up to
    which the CTF phases agree within 90°. Exit codes: 0 done, 1 rows of tables were left out, 2 usage error.
    """
    resolutions_A = _resolutions(resolution)
    with error_exit():
        text, left_out = _compare(run, others, resolutions_A, figure=out, table=table)
    _end(text, left_out, quiet=quiet)


def _compare(
    run: Path,
    others: Sequence[Path],
    resolutions_A: tuple[float, ...],
    *,
    figure: Path | None,
    table: Path | None,
) -> "tuple[str, Sequence[LeftOut]]":
    """Compare runs, write what was asked for, and give the text of the comparison, and the rows left out.

    Raises
    ------
    ThonringError
        If results cannot be read, no micrograph is in both, or a file cannot be written.
    """
    from thonring.evaluate.agreement import compare_runs, write_agreements
    from thonring.evaluate.agreement_report import agreement_text, write_agreement_figure
    from thonring.evaluate.results import left_out_of

    agreements = compare_runs(run, others)
    written = []
    if table is not None:
        write_agreements(table, agreements)
        written.append(table)
    if figure is not None:
        write_agreement_figure(figure, agreements, resolutions_A)
        written.append(figure)
    files = f"\nwritten: {', '.join(map(str, written))}" if written else ""
    text = agreement_text(agreements, resolutions_A).rstrip("\n") + files
    return text, left_out_of([agreements[0].run, *(one.other for one in agreements)])


def _end(text: str, left_out: "Sequence[LeftOut]", *, quiet: bool) -> None:
    """Print a report, or if `quiet` only the rows that were left out, and end with exit code 1 if there are any."""
    if not quiet:
        typer.echo(text)
    elif left_out:
        from thonring.files.text import TableReport

        print_table_report(TableReport(list(left_out)), quiet=quiet)
    if left_out:
        raise typer.Exit(1)


def _resolutions(text: str) -> tuple[float, ...]:
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if not found or not all(0.5 <= resolution_A <= 100 for resolution_A in found):
        message = f"found {text!r}, expected resolutions from 0.5 to 100 Å separated by commas, such as 4,3."
        raise typer.BadParameter(message, param_hint="--resolution")
    return found
