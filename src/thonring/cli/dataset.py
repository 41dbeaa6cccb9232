"""`thonring dataset`: what networks are trained with."""

from pathlib import Path
from typing import Annotated

import typer

from thonring.batch.threads import keep_freed_memory, one_thread_each
from thonring.cli import options as opt
from thonring.cli.dataset_request import BuildRequest, DrawRequest
from thonring.cli.ending import error_exit

dataset = typer.Typer(
    name="dataset",
    no_args_is_help=True,
    help="Make data sets that networks are trained with, and look into them (extra `train`).",
)

Runs = Annotated[
    list[Path],
    typer.Argument(metavar="RUN", help="Run folders of `thonring estimate`.", show_default=False),
]
Data = Annotated[
    list[Path],
    typer.Argument(
        metavar="DATA", help="Data sets, or folders with the files of the thesis.", show_default=False
    ),
]
Out = Annotated[
    Path, typer.Option("--out", metavar="DATA.h5", help="The data set: new, or one to be added to.")
]
Session = Annotated[
    str | None,
    typer.Option(
        "--session",
        metavar="NAME",
        help="Session of all these micrographs; their folders if not given. Sessions are never divided between "
        "training and test.",
    ),
]
ThesisFiles = Annotated[
    Path | None,
    typer.Option(
        "--thesis-files",
        metavar="DIR",
        help="Also write metadata.txt, preparedImageStack.npy and preparedDefocusStack.npy, 6.3 MB an element.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Write the files of the thesis however large they are.")]
Count = Annotated[int, typer.Option("--count", metavar="N", min=1, max=10_000_000, help="How many elements.")]
Seed = Annotated[
    int,
    typer.Option(
        "--seed", metavar="S", min=0, help="Another seed draws other elements; one file may hold several."
    ),
]
Recipe = Annotated[
    str,
    typer.Option(
        "--recipe",
        metavar="NAME|FILE",
        help="What is drawn from: a recipe of `thonring simulate`; only its usable scenes are.",
    ),
]
Picture = Annotated[
    Path | None,
    typer.Option(
        "--picture", metavar="FILE.png", help="Where the histograms go; beside the first DATA if not given."
    ),
]


@dataset.command()
def build(  # noqa: PLR0913 - typer reads the options from the signature
    *,
    runs: Runs,
    out: Out,
    session: Session = None,
    thesis_files: ThesisFiles = None,
    yes: Yes = False,
    workers: opt.Workers = 1,
    quiet: opt.Quiet = False,
) -> None:
    """Make a data set of the micrographs that runs accepted, with their estimates as truth.

    Exit codes: 0 all are in, 1 some failed, 2 wrong use, 130 interrupted; the same command goes on.
    """
    request = BuildRequest(tuple(runs), out, session, thesis_files, yes, workers, quiet)
    with error_exit():
        one_thread_each()
        keep_freed_memory()
        from thonring.cli.perform_dataset import perform_build

        code = perform_build(request)
    raise typer.Exit(code)


@dataset.command()
def simulate(  # noqa: PLR0913 - typer reads the options from the signature
    *,
    count: Count,
    out: Out,
    recipe: Recipe = "training",
    seed: Seed = 0,
    thesis_files: ThesisFiles = None,
    yes: Yes = False,
    workers: opt.Workers = 1,
    quiet: opt.Quiet = False,
) -> None:
    """Make a data set of simulated spectra, which need no images.

    Exit codes: 0 all are in, 1 some failed, 2 wrong use, 130 interrupted; the same command goes on.
    """
    request = DrawRequest(count, out, recipe, seed, thesis_files, yes, workers, quiet)
    with error_exit():
        one_thread_each()
        keep_freed_memory()
        from thonring.cli.perform_dataset import perform_drawing

        code = perform_drawing(request)
    raise typer.Exit(code)


@dataset.command()
def info(*, data: Data, picture: Picture = None) -> None:
    """Tell what data sets hold, together, and draw their histograms.

    Exit codes: 0 done, 2 wrong use.
    """
    with error_exit():
        from thonring.cli.perform_dataset import perform_info

        perform_info(data, picture)
