"""The options of the command line: names, help, how their text is parsed, and how commands share them."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any

import typer

from thonring.settings import FitStart, SearchMethod, Settings, SpectrumKind

DEFAULTS = Settings()


def _shown(values: tuple[float | None, ...]) -> str:
    return ",".join("native" if value is None else f"{value:g}" for value in values)


DEFAULT_SAMPLINGS = _shown(DEFAULTS.samplings_A)
DEFAULT_DEFOCUS_RANGE = _shown(DEFAULTS.defocus_range_A)
DEFAULT_RESOLUTION_RANGE = _shown(DEFAULTS.resolution_range_A)

_OPTICS, _FIT, _SEARCH, _ACCEPTANCE, _OUT = (
    "Microscope",
    "Fit",
    "Search",
    "Acceptance",
    "Output and processing",
)

Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILES",
        help="Micrographs (MRC, TIFF, PNG, JPEG), folders, glob patterns, or RELION STAR files.",
    ),
]
Run = Annotated[
    Path, typer.Argument(metavar="RUN", help="Run folder of `thonring estimate`.", show_default=False)
]
Out = Annotated[Path, typer.Option("--out", metavar="RUN", help="Run folder for the results.")]

Voltage = Annotated[
    float | None,
    typer.Option(
        "--voltage",
        metavar="kV",
        help="Acceleration voltage, such as 300; overrides metadata.",
        rich_help_panel=_OPTICS,
    ),
]
Cs = Annotated[
    float | None,
    typer.Option("--cs", metavar="mm", help="Spherical aberration, such as 2.7.", rich_help_panel=_OPTICS),
]
AmplitudeContrast = Annotated[
    float | None,
    typer.Option(
        "--amplitude-contrast",
        metavar="FRACTION",
        help="Amplitude contrast as a fraction (default 0.1).",
        rich_help_panel=_OPTICS,
    ),
]
Pixel = Annotated[
    float | None,
    typer.Option(
        "--pixel",
        metavar="Å",
        help="Pixel size; overrides header and metadata.",
        rich_help_panel=_OPTICS,
    ),
]
NoMetadata = Annotated[
    bool,
    typer.Option(
        "--no-metadata",
        help="Ignore microscope metadata files next to the images (SerialEM .mdoc, EPU .xml).",
        rich_help_panel=_OPTICS,
    ),
]
Spectrum = Annotated[
    SpectrumKind | None,
    typer.Option(
        "--spectrum",
        help="The inputs are spectra of this kind rather than micrographs.",
        rich_help_panel=_OPTICS,
    ),
]

PhaseShift = Annotated[
    bool, typer.Option("--phase-shift", help="Fit a phase shift (phase plate).", rich_help_panel=_FIT)
]
RefineAmplitudeContrast = Annotated[
    bool,
    typer.Option("--refine-amplitude-contrast", help="Fit the amplitude contrast.", rich_help_panel=_FIT),
]
NoAstigmatism = Annotated[
    bool,
    typer.Option("--no-astigmatism", help="Fit a single defocus for all directions.", rich_help_panel=_FIT),
]
DefocusFrom = Annotated[
    Path | None,
    typer.Option(
        "--defocus-from",
        metavar="FILE",
        help=(
            "Start from the defocus values in this file (RELION .star, CTFFIND .txt, Xmipp .xmd or .ctfparam, "
            "cryoSPARC .cs) or folder (of .txt or .ctfparam files)."
        ),
        rich_help_panel=_FIT,
    ),
]
FixDefocus = Annotated[
    bool,
    typer.Option("--fix-defocus", help="Keep the values of --defocus-from fixed.", rich_help_panel=_FIT),
]
ResolutionRange = Annotated[
    str,
    typer.Option(
        "--resolution-range", metavar="LOW,HIGH", help="Resolution range to fit, in Å.", rich_help_panel=_FIT
    ),
]

Downsampling = Annotated[
    float | None,
    typer.Option(
        "--downsampling",
        metavar="F",
        help="Use a single sampling: the pixel size times F (below 1: finer).",
        rich_help_panel=_SEARCH,
    ),
]
Samplings = Annotated[
    str,
    typer.Option(
        "--samplings",
        metavar="LIST",
        help="Samplings in Å/px, tried in turn until the criteria hold.",
        rich_help_panel=_SEARCH,
    ),
]
DefocusRange = Annotated[
    str,
    typer.Option(
        "--defocus-range",
        metavar="LOW,HIGH",
        help="Defocus range to search, in Å; underfocus is positive.",
        rich_help_panel=_SEARCH,
    ),
]
Search = Annotated[
    SearchMethod,
    typer.Option(
        "--search",
        help="How the initial defocus is found: matching rings, or the peak of a Fourier transform.",
        rich_help_panel=_SEARCH,
    ),
]
Start = Annotated[
    FitStart,
    typer.Option(
        "--start",
        metavar="WHERE",
        help="Where fits start: search, network (in addition to the search), or network-only.",
        rich_help_panel=_SEARCH,
    ),
]
Clip = Annotated[
    bool,
    typer.Option(
        "--clip/--no-clip", help="Fourier search: clip values above mean + 3σ.", rich_help_panel=_SEARCH
    ),
]
LocalMaximum = Annotated[
    bool,
    typer.Option(
        "--local-maximum/--no-local-maximum",
        help="Fourier search: accept only true local maxima.",
        rich_help_panel=_SEARCH,
    ),
]

Profile = Annotated[
    str,
    typer.Option(
        "--profile",
        metavar="NAME|FILE",
        help="Acceptance limits: default, xmipp-before, xmipp-after, xmipp-phase-plate, or a .toml file.",
        rich_help_panel=_ACCEPTANCE,
    ),
]

CtffindText = Annotated[
    bool, typer.Option("--ctffind-text", help="Also write CTFFIND's text files.", rich_help_panel=_OUT)
]
Plots = Annotated[
    bool,
    typer.Option(
        "--plots/--no-plots", help="Plot the spectrum and the radial profile.", rich_help_panel=_OUT
    ),
]
Signals = Annotated[
    bool, typer.Option("--signals", help="Plot the signals of the Fourier search.", rich_help_panel=_OUT)
]
Redo = Annotated[
    bool, typer.Option("--redo", help="Process finished, unchanged micrographs again.", rich_help_panel=_OUT)
]
Hashed = Annotated[
    bool,
    typer.Option(
        "--hash", help="Detect changed files by content rather than by size and time.", rich_help_panel=_OUT
    ),
]
Workers = Annotated[
    int, typer.Option("--workers", metavar="N", min=1, help="Number of processes.", rich_help_panel=_OUT)
]
_QUIET = "Print errors only."
Quiet = Annotated[bool, typer.Option("--quiet", help=_QUIET, rich_help_panel=_OUT)]
PlainQuiet = Annotated[bool, typer.Option("--quiet", help=_QUIET)]
"""The same option for commands whose help has no panels."""


def range_of(text: str, option: str) -> tuple[float, float]:
    """Read two numbers from `LOW,HIGH`.

    Raises
    ------
    typer.BadParameter
        If there are not two, or they are not numbers.
    """
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        message = f"found {text!r}, expected two numbers separated by a comma, LOW,HIGH."
        raise typer.BadParameter(message, param_hint=option) from None
    return low, high


def samplings_of(text: str) -> tuple[float | None, ...]:
    """Read comma-separated samplings in Å/px; None for `native`.

    Raises
    ------
    typer.BadParameter
        If a part is neither a number nor `native`.
    """
    try:
        return tuple(None if part.strip() == "native" else float(part) for part in text.split(","))
    except ValueError:
        message = f"found {text!r}, expected values in Å/px or 'native' separated by commas, such as 1.75,2.75,native."
        raise typer.BadParameter(message, param_hint="--samplings") from None


def with_shared_options(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command for typer, in which each parameter that is a dataclass is replaced by its fields.

    Each field becomes an option, as if the command itself had declared it there; the values are passed to
    `command` as the dataclass. All parameters are keywords.
    """
    own = inspect.signature(command).parameters.values()

    def expanded(**given: Any) -> None:  # noqa: ANN401 - whatever the options are
        return command(**{parameter.name: _collected(parameter, given) for parameter in own})

    declared = [option for parameter in own for option in _expanded(parameter)]
    expanded.__name__, expanded.__doc__ = command.__name__, command.__doc__
    expanded.__annotations__ = {option.name: option.annotation for option in declared}
    vars(expanded)["__signature__"] = Signature(declared)
    return expanded


def _expanded(parameter: Parameter) -> Iterator[Parameter]:
    kind = parameter.annotation
    if isinstance(kind, type) and is_dataclass(kind):
        yield from inspect.signature(kind).parameters.values()
    else:
        yield parameter


def _collected(parameter: Parameter, given: dict[str, Any]) -> object:
    kind = parameter.annotation
    if isinstance(kind, type) and is_dataclass(kind):
        return kind(**{field.name: given[field.name] for field in fields(kind)})
    return given[parameter.name]
