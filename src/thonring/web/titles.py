"""What the columns of a run are called where people read them, and in which units they are."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from thonring.quality import CRITERIA
from thonring.results import RunColumns

Kind = Literal["text", "number", "time", "criterion"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `name` as in results.csv, `title` for people, `about` a sentence where the title does not say all."""

    name: str
    title: str
    unit: str = ""
    kind: Kind = "number"
    about: str = ""


_FILE = Column("file", "File", kind="text")
_RECORDED = Column("recorded_at", "Recorded", kind="time", about="Time of the file.")
_NUMBERS = (
    Column("defocus_A", "Defocus", "Å", about="Mean defocus, underfocus positive."),
    Column("defocus_sigma_A", "Defocus ±", "Å", about="One standard error of the mean defocus."),
    Column("astigmatism_A", "Astigmatism", "Å", about="Difference of the two defoci."),
    Column("astigmatism_sigma_A", "Astigmatism ±", "Å", about="One standard error of the astigmatism."),
    Column("fit_resolution_A", "Fit resolution", "Å", about="To where rings and fit agree."),
    Column("score", "Score", about="Correlation of measured and fitted rings."),
    Column("defocus_u_A", "Defocus U", "Å"),
    Column("defocus_v_A", "Defocus V", "Å"),
    Column("angle_deg", "Angle of U", "°"),
    Column("phase_shift_deg", "Phase shift", "°"),
    Column("amplitude_contrast", "Amplitude contrast"),
    Column("sampling_A", "Sampling", "Å/px", about="Of the spectrum that was fitted."),
    Column("dispersion", "Dispersion", about="Scatter around the fit over the scatter expected."),
    Column("log_likelihood_gain", "Likelihood gain", about="Of the rings over none, in logarithms."),
    Column("runner_up_A", "Next best defocus", "Å"),
    Column("runner_up_gap", "Gap to the next best", about="Twice the difference of the log-likelihoods."),
    Column("start_A", "Start", "Å", about="Defocus that the fit started from."),
    Column("coarse_defocus_A", "Coarse defocus", "Å", about="Defocus that the search found."),
    Column("pixel_A", "Pixel", "Å"),
    Column("voltage_kV", "Voltage", "kV"),
    Column("cs_mm", "Cs", "mm"),
    Column("cpu_seconds", "CPU time", "s"),
    Column("finished_at", "Estimated", kind="time", about="When the estimate was finished."),
)


def columns_of(columns: RunColumns) -> tuple[Column, ...]:
    """Give the columns of a run: file and time, what was estimated, and its criteria in their order."""
    numbers = (column for column in _NUMBERS if column.name not in columns.criteria)
    return (_FILE, _RECORDED, *numbers, *_criteria(columns))


def _criteria(columns: RunColumns) -> Iterator[Column]:
    for name in columns.criteria:
        title = name.replace("xmipp_", "Xmipp ").replace("_", " ")
        criterion = CRITERIA.get(name)
        about = f"{criterion.description[:1].upper()}{criterion.description[1:]}." if criterion else ""
        yield Column(
            name, title[:1].upper() + title[1:], criterion.unit if criterion else "", "criterion", about
        )
