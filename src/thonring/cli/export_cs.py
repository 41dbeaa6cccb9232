"""`thonring export-cs`: a run's CTFs into a cryoSPARC table of exposures."""

from pathlib import Path
from typing import Annotated

import typer

from thonring.cli.ending import error_exit

Run = Annotated[
    Path, typer.Argument(metavar="RUN", help="Run folder of `thonring estimate`.", show_default=False)
]
Exposures = Annotated[
    Path,
    typer.Argument(
        metavar="EXPOSURES.cs", help="cryoSPARC's exposures of the same micrographs.", show_default=False
    ),
]
Out = Annotated[Path, typer.Option("--out", metavar="OUT.cs", help="Table to write.", show_default=False)]
WithRejected = Annotated[
    bool,
    typer.Option(
        "--with-rejected", help="Keep rejected micrographs that have a fit, with thonring/accepted 0."
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Tell errors only.")]


def export_cs(
    *, run: Run, exposures: Exposures, out: Out, with_rejected: WithRejected = False, quiet: Quiet = False
) -> None:
    """Write cryoSPARC's exposures with the CTFs of a run in their ctf/ fields, uids and all else kept.

    Exposures without a fit, or not in the run, are left out. Exit codes: 0 done, 2 wrong use.
    """
    from thonring.cli.perform_export_cs import perform_export_cs

    with error_exit():
        told = perform_export_cs(run, exposures, out, with_rejected=with_rejected)
    if not quiet:
        typer.echo(told)
