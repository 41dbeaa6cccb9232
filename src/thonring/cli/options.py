"""The options of the command line: their names, help and how their text is read."""

from pathlib import Path
from typing import Annotated

import typer

from thonring.settings import FitStart, SearchMethod, Settings, SpectrumKind

DEFAULTS = Settings()


def _shown(values: tuple[float | None, ...]) -> str:
    return ",".join("native" if value is None else f"{value:g}" for value in values)


DEFAULT_SAMPLINGS = _shown(DEFAULTS.samplings_A)
DEFAULT_DEFOCUS_RANGE = _shown(DEFAULTS.defocus_range_A)
DEFAULT_RESOLUTION_RANGE = _shown(DEFAULTS.resolution_range_A)

_OPTICS, _FIT, _SEARCH, _JUDGE, _OUT = "Microscope", "Fit", "Search", "Judgement", "Output and work"

Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILES",
        help="Micrographs (MRC, TIFF, PNG, JPEG), folders, patterns, or RELION STAR files.",
    ),
]
Out = Annotated[Path, typer.Option("--out", metavar="RUN", help="Folder for the results.")]

Voltage = Annotated[
    float | None,
    typer.Option("--voltage", metavar="kV", help="Voltage, as 300, over metadata.", rich_help_panel=_OPTICS),
]
Cs = Annotated[
    float | None,
    typer.Option("--cs", metavar="mm", help="Spherical aberration, as 2.7.", rich_help_panel=_OPTICS),
]
AmplitudeContrast = Annotated[
    float | None,
    typer.Option(
        "--amplitude-contrast",
        metavar="FRACTION",
        help="Amplitude contrast, a fraction (0.1 unless given).",
        rich_help_panel=_OPTICS,
    ),
]
Pixel = Annotated[
    float | None,
    typer.Option(
        "--pixel",
        metavar="Å",
        help="Pixel size; wins over header and metadata.",
        rich_help_panel=_OPTICS,
    ),
]
NoMetadata = Annotated[
    bool,
    typer.Option(
        "--no-metadata",
        help="Do not look at the microscope's files beside the images (SerialEM .mdoc, EPU .xml).",
        rich_help_panel=_OPTICS,
    ),
]
Spectrum = Annotated[
    SpectrumKind | None,
    typer.Option(
        "--spectrum",
        help="The inputs are spectra of this kind, not micrographs.",
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
    bool, typer.Option("--no-astigmatism", help="Fit one defocus for all directions.", rich_help_panel=_FIT)
]
DefocusFrom = Annotated[
    Path | None,
    typer.Option(
        "--defocus-from",
        metavar="FILE",
        help=(
            "Start from the defoci in this file (RELION .star, CTFFIND .txt, Xmipp .xmd or .ctfparam, cryoSPARC .cs) "
            "or folder (of .txt or .ctfparam)."
        ),
        rich_help_panel=_FIT,
    ),
]
FixDefocus = Annotated[
    bool,
    typer.Option("--fix-defocus", help="Hold the defoci of --defocus-from fixed.", rich_help_panel=_FIT),
]
ResolutionRange = Annotated[
    str,
    typer.Option(
        "--resolution-range", metavar="LOW,HIGH", help="Frequencies to fit, in Å.", rich_help_panel=_FIT
    ),
]

Downsampling = Annotated[
    float | None,
    typer.Option(
        "--downsampling",
        metavar="F",
        help="One sampling only: the pixel times F (below 1: finer).",
        rich_help_panel=_SEARCH,
    ),
]
Samplings = Annotated[
    str,
    typer.Option(
        "--samplings",
        metavar="LIST",
        help="Samplings in Å/px tried until the criteria hold.",
        rich_help_panel=_SEARCH,
    ),
]
DefocusRange = Annotated[
    str,
    typer.Option(
        "--defocus-range",
        metavar="LOW,HIGH",
        help="Defoci to search, in Å, underfocus positive.",
        rich_help_panel=_SEARCH,
    ),
]
Search = Annotated[
    SearchMethod,
    typer.Option(
        "--search", help="How the first defocus is found: matched rings, or a peak.", rich_help_panel=_SEARCH
    ),
]
Start = Annotated[
    FitStart,
    typer.Option(
        "--start",
        metavar="WHERE",
        help="Where fits start: search, network (beside the search), or network-only.",
        rich_help_panel=_SEARCH,
    ),
]
Clip = Annotated[
    bool,
    typer.Option(
        "--clip/--no-clip", help="Fourier search: clip values beyond mean + 3σ.", rich_help_panel=_SEARCH
    ),
]
LocalMaximum = Annotated[
    bool,
    typer.Option(
        "--local-maximum/--no-local-maximum",
        help="Fourier search: take only true peaks.",
        rich_help_panel=_SEARCH,
    ),
]

Profile = Annotated[
    str,
    typer.Option(
        "--profile",
        metavar="NAME|FILE",
        help="Limits to judge by: default, xmipp-before, xmipp-after, xmipp-phase-plate, or a .toml file.",
        rich_help_panel=_JUDGE,
    ),
]

CtffindText = Annotated[
    bool, typer.Option("--ctffind-text", help="Also write CTFFIND's text files.", rich_help_panel=_OUT)
]
Plots = Annotated[
    bool,
    typer.Option("--plots/--no-plots", help="Draw the spectrum and the profile.", rich_help_panel=_OUT),
]
Signals = Annotated[
    bool, typer.Option("--signals", help="Draw the signals of the Fourier search.", rich_help_panel=_OUT)
]
Redo = Annotated[
    bool, typer.Option("--redo", help="Do finished, unchanged micrographs again.", rich_help_panel=_OUT)
]
Hashed = Annotated[
    bool,
    typer.Option(
        "--hash", help="Tell changed files by their content, not by size and time.", rich_help_panel=_OUT
    ),
]
Workers = Annotated[
    int, typer.Option("--workers", metavar="N", min=1, help="Processes.", rich_help_panel=_OUT)
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Tell errors only.", rich_help_panel=_OUT)]


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
        message = f"found {text!r}, expected two numbers with a comma between them, LOW,HIGH."
        raise typer.BadParameter(message, param_hint=option) from None
    return low, high


def samplings_of(text: str) -> tuple[float | None, ...]:
    """Read samplings in Å/px from a list with commas; None for `native`.

    Raises
    ------
    typer.BadParameter
        If a part is neither a number nor `native`.
    """
    try:
        return tuple(None if part.strip() == "native" else float(part) for part in text.split(","))
    except ValueError:
        message = (
            f"found {text!r}, expected numbers in Å/px or 'native' with commas between, as 1.75,2.75,native."
        )
        raise typer.BadParameter(message, param_hint="--samplings") from None
