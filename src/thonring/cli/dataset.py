"""`thonring dataset`: data sets to train networks with."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from thonring.batch.threads import keep_freed_memory, one_thread_each
from thonring.cli import options as opt
from thonring.cli.console import add_lines, error_exit, output_console, two_columns
from thonring.errors import InputError, OutputError

if TYPE_CHECKING:
    from thonring.batch.dataset import DatasetResult, ExampleJob, ExampleResult
    from thonring.cli.progress import StatusLine

_STATUSES = ("added", "failed")

dataset = typer.Typer(
    name="dataset",
    no_args_is_help=True,
    help="Create and inspect data sets for training networks (extra `train`).",
)

Runs = Annotated[
    list[Path],
    typer.Argument(metavar="RUN", help="Run folders of `thonring estimate`.", show_default=False),
]
Data = Annotated[
    list[Path],
    typer.Argument(
        metavar="DATA", help="Data sets, or folders with thesis-format files.", show_default=False
    ),
]
Out = Annotated[Path, typer.Option("--out", metavar="DATA.h5", help="The data set to create or extend.")]
Session = Annotated[
    str | None,
    typer.Option(
        "--session",
        metavar="NAME",
        help="Session name for all these micrographs; by default their folders. A session is never split between "
        "training and test.",
    ),
]
ThesisFiles = Annotated[
    Path | None,
    typer.Option(
        "--thesis-files",
        metavar="DIR",
        help="Also write metadata.txt, preparedImageStack.npy and preparedDefocusStack.npy, 6.3 MB per element.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Write the thesis-format files regardless of their size.")]
Count = Annotated[
    int, typer.Option("--count", metavar="N", min=1, max=10_000_000, help="Number of elements.")
]
Seed = Annotated[
    int,
    typer.Option(
        "--seed",
        metavar="S",
        min=0,
        help="A different seed gives different elements; one file may hold several seeds.",
    ),
]
Recipe = Annotated[
    str,
    typer.Option(
        "--recipe",
        metavar="NAME|FILE",
        help="Recipe of `thonring simulate`; only its usable scenes are simulated.",
    ),
]
Picture = Annotated[
    Path | None,
    typer.Option(
        "--picture",
        metavar="FILE.png",
        help="Where to save the histograms; by default next to the first DATA.",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetOptions:
    """The options of both commands that add to a data set, see `with_shared_options`."""

    out: Out
    thesis_files: ThesisFiles = None
    yes: Yes = False
    workers: opt.Workers = 1
    quiet: opt.Quiet = False

    @property
    def limit_GB(self) -> float:
        """Size limit of the thesis-format files."""
        from thonring.learn.dataset import thesis_export

        return math.inf if self.yes else thesis_export.LIMIT_GB


@dataset.command()
@opt.with_shared_options
def build(*, runs: Runs, session: Session = None, options: DatasetOptions) -> None:
    """Build a data set from the micrographs that runs accepted, with their estimates as ground truth.

    Exit codes: 0 all elements were added, 1 some failed, 2 usage error, 130 or 143 interrupted; run the same command
    again to continue.
    """
    one_thread_each()
    keep_freed_memory()
    with error_exit():
        from thonring.batch.dataset import measured_jobs
        from thonring.learn.dataset.example import accepted_of, not_accepted_of

        accepted = [micrograph for run in runs for micrograph in accepted_of(run)]
        if not accepted:
            raise InputError(f"{', '.join(map(str, runs))}: found no accepted micrographs. See results.csv.")
        paths = {micrograph.path for micrograph in accepted}
        lost = [path for run in runs for path in not_accepted_of(run) if path not in paths]
        code = _extend(options, "", measured_jobs(accepted, session), len(paths), lost)
    raise typer.Exit(code)


@dataset.command()
@opt.with_shared_options
def simulate(*, count: Count, recipe: Recipe = "training", seed: Seed = 0, options: DatasetOptions) -> None:
    """Build a data set of simulated spectra; no images are needed.

    Exit codes: 0 all elements were added, 1 some failed, 2 usage error, 130 or 143 interrupted; run the same command
    again to continue.
    """
    one_thread_each()
    keep_freed_memory()
    with error_exit():
        from thonring.batch.dataset import SimulatedJob
        from thonring.simulate import draw, load_recipe
        from thonring.simulate.output import recipe_text

        chosen = load_recipe(recipe).model_copy(update={"defective_share": 0.0})
        draw(chosen, seed, 0)
        jobs = [SimulatedJob(chosen, seed, index) for index in range(count)]
        code = _extend(options, recipe_text(chosen.model_dump(), ()), jobs, count)
    raise typer.Exit(code)


@dataset.command()
def info(*, data: Data, picture: Picture = None) -> None:
    """Summarise data sets and plot their histograms.

    Exit codes: 0 done, 2 usage error.
    """
    with error_exit():
        from thonring.learn.dataset.dataset import open_dataset
        from thonring.learn.dataset.overview import overview, write_histograms

        content = open_dataset(data)
        path = data[0].with_name(f"{data[0].stem}_info.png") if picture is None else picture
        write_histograms(content, path)
        table = two_columns()
        for name, text in (*overview(content), ("picture", str(path))):
            table.add_row(f"[bold]{name}[/]", escape(text))
        output_console().print(table)


def _extend(
    options: DatasetOptions,
    recipe: str,
    jobs: "Sequence[ExampleJob]",
    count: int,
    not_accepted: Sequence[Path] = (),
) -> int:
    """Add the examples of the jobs to the data set, write the thesis-format files, and return the exit code.

    Parameters
    ----------
    recipe
        What the examples are simulated from, as TOML; empty for those of runs.
    count
        The data set will hold at least this many examples.
    not_accepted
        Micrographs that the runs rejected: reported if the data set holds them.

    Raises
    ------
    ThonringError
        If the file is not such a data set, cannot be written, or the thesis-format files would be too large.
    """
    from thonring.learn.dataset.dataset import open_dataset
    from thonring.learn.dataset.thesis_export import check_size, write_thesis_files

    thesis = options.thesis_files
    if thesis is not None:
        check_size(count, thesis, options.limit_GB)
    done = _fill(options, recipe, jobs, not_accepted)
    if thesis is not None and not done.run.interrupted:
        written = write_thesis_files(open_dataset([options.out]), thesis, options.limit_GB)
        if not options.quiet:
            output_console().print(escape(f"written: {', '.join(map(str, written))}"))
    return done.run.exit_code


def _fill(
    options: DatasetOptions, recipe: str, jobs: "Sequence[ExampleJob]", not_accepted: Sequence[Path]
) -> "DatasetResult":
    """Add what is missing, show progress and print the summary."""
    from thonring.batch.dataset import fill_dataset, plan_dataset
    from thonring.cli.progress import show_progress
    from thonring.learn.dataset.hdf5 import dataset_writer

    out = options.out
    if not out.absolute().parent.is_dir():
        raise OutputError(
            f"{out}: the parent folder does not exist. Create it, or choose another with --out."
        )
    started = time.monotonic()
    with dataset_writer(out, recipe) as writer:
        plan = plan_dataset(writer, jobs, not_accepted)
        with show_progress(plan.count, _STATUSES, quiet=options.quiet) as show:
            done = fill_dataset(writer, plan, options.workers, lambda result: show(_status_line(result)))
        present = (("were already there", plan.present), (f"in {out}", len(writer)))
    if not options.quiet:
        _print_summary(done, present, time.monotonic() - started)
    return done


def _status_line(result: "ExampleResult") -> "StatusLine":
    """Name and defocus, or the reason for a failure."""
    from thonring.cli.progress import StatusLine

    if result.reason:
        return StatusLine(f"failed: {result.reason}", "failed")
    return StatusLine(f"{result.file} {result.defocus_A:.0f} Å", "added")


def _print_summary(done: "DatasetResult", present: Sequence[tuple[str, int]], seconds: float) -> None:
    reasons = [result.reason for result in done.results if result.reason]
    counts = (("added", len(done.results) - len(reasons)), ("failed", len(reasons)), *present)
    table = two_columns(counts=True)
    for text, count in counts:
        if count or text == "added":
            table.add_row(f"[bold]{count}[/]", escape(text))
    add_lines(table, reasons, more="more failed")
    table.add_row("", f"{seconds:.1f} s")
    console = output_console()
    console.print()
    if done.run.interrupted:
        console.print(
            "Interrupted: the elements added so far are kept; run the same command again to continue."
        )
    console.print(table)
