"""`thonring export`: a run's results in the form that another program reads."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from thonring.cli.ending import error_exit
from thonring.cli.request import ExportRequest


class Format(StrEnum):
    """What can be exported."""

    STAR = "star"
    XMD = "xmd"
    CSV = "csv"
    CTFFIND = "ctffind"
    CRYOSPARC_CSV = "cryosparc-csv"
    JSON = "json"


def export(
    *,
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run of `thonring estimate`.")],
    formats: Annotated[
        list[Format],
        typer.Option("--format", help="What to write; may be given several times.", show_default=False),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FOLDER", help="Where to write it.", show_default="RUN"),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Tell errors only.")] = False,
) -> None:
    """Write the results of a run from its store, also while it goes on.

    star: micrographs_ctf.star and rejected_ctf.star. xmd: micrographs.xmd. csv: results.csv and attempts.csv.
    ctffind: ctffind/NAME.txt (the curves of NAME_avrot.txt are not kept: estimate --ctffind-text writes those).
    cryosparc-csv: exposures_ctf.csv and rejected_exposures_ctf.csv. json: results.json, with everything.

    Exit codes: 0 written, 2 wrong use.
    """
    with error_exit():
        _perform(ExportRequest(run=run, formats=tuple(dict.fromkeys(formats)), out=out or run, quiet=quiet))


def _perform(request: ExportRequest) -> None:
    from thonring.cli.perform_export import perform

    perform(request)
