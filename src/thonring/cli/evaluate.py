"""`thonring evaluate`: runs beside what is true."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from thonring.cli.ending import error_exit

Runs = Annotated[
    list[Path],
    typer.Argument(
        metavar="RUN",
        help=(
            "Run folders of `thonring estimate`; also defoci of other programs: RELION .star, CTFFIND .txt or their "
            "folder, Xmipp .xmd or .ctfparam, cryoSPARC .cs. Several are compared."
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
        help="A person's labels: .csv with columns file,label (usable or bad), or .star with rlnSelected.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Folder for the report.", show_default="RUN/evaluation"),
]
Resolution = Annotated[
    float | None,
    typer.Option(
        "--tolerance-resolution",
        metavar="Å",
        help="An estimate is right if its phase is less than 90° off up to this resolution (4 unless given).",
    ),
]
Partial = Annotated[
    bool, typer.Option("--partial", help="Evaluate what runs, truth and labels have in common.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Tell errors only.")]


def evaluate(  # noqa: PLR0913 - typer reads the options from the signature
    *,
    runs: Runs,
    truth: Truth = None,
    labels: Labels = None,
    out: Out = None,
    tolerance_resolution: Resolution = None,
    partial: Partial = False,
    quiet: Quiet = False,
) -> None:
    """Measure runs against truth or labels: verdicts, errors, error bars, and which criterion did what.

    Writes evaluation.txt, .json and .html. Exit codes: 0 done, 2 wrong use.
    """
    from thonring.evaluate.output import write_evaluation
    from thonring.evaluate.report import EvaluationRequest
    from thonring.evaluate.report import evaluate as answer

    with error_exit():
        question = EvaluationRequest(tuple(runs), truth, labels, partial=partial)
        if tolerance_resolution is not None:
            question = replace(question, tolerance_resolution_A=tolerance_resolution)
        report = answer(question)
        written = write_evaluation(report, out or _beside(runs[0]))
    if not quiet:
        from thonring.evaluate.output import as_text

        typer.echo(as_text(report))
        typer.echo(f"written: {', '.join(map(str, written))}")


def _beside(run: Path) -> Path:
    """Where the report goes if nobody says."""
    return (run if run.is_dir() else run.parent) / "evaluation"
