"""`thonring predict`: what a network says of micrographs."""

from pathlib import Path
from typing import Annotated

import typer

from thonring.batch.threads import keep_freed_memory, one_thread_each
from thonring.cli import options as opt
from thonring.cli.ending import error_exit
from thonring.cli.request import PredictionRequest
from thonring.optics import PartialOptics

Out = Annotated[Path, typer.Option("--out", metavar="FILE.csv", help="The table to write.")]
Model = Annotated[
    Path | None,
    typer.Option(
        "--model",
        metavar="MODEL.onnx",
        help="A model of `thonring train`, with its card MODEL.toml beside it.",
        show_default="the packaged one",
    ),
]
Batch = Annotated[
    int, typer.Option("--batch", metavar="N", min=1, max=4096, help="Files that the network answers at once.")
]


def predict(  # noqa: PLR0913 - typer reads the options from the signature
    *,
    files: opt.Files,
    out: Out,
    model: Model = None,
    voltage: opt.Voltage = None,
    cs: opt.Cs = None,
    amplitude_contrast: opt.AmplitudeContrast = None,
    pixel: opt.Pixel = None,
    no_metadata: opt.NoMetadata = False,
    spectrum: opt.Spectrum = None,
    workers: opt.Workers = 1,
    batch: Batch = 8,
    quiet: opt.Quiet = False,
) -> None:
    """Predict the mean defocus of micrographs by a network, with its standard error.

    Exit codes: 0 all inputs were processed, 1 some failed (see the table), 2 wrong use, 130 interrupted.
    """
    with error_exit():
        request = PredictionRequest(
            files=tuple(files),
            out=out,
            model=model,
            optics=PartialOptics(voltage, cs, amplitude_contrast, pixel),
            metadata=not no_metadata,
            spectrum_kind=spectrum,
            workers=workers,
            batch=batch,
            quiet=quiet,
        )
        code = _perform(request)
    raise typer.Exit(code)


def _perform(request: PredictionRequest) -> int:
    one_thread_each()
    keep_freed_memory()
    from thonring.cli.perform_prediction import perform_prediction

    return perform_prediction(request)
