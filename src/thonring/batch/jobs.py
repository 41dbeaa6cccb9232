"""The units of work of a run, planned before the first of them starts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from thonring import fit, pipeline
from thonring.formats.ctffind import write_ctffind_text
from thonring.formats.ctffind_files import diagnostic_image
from thonring.plot import Pictures, write_plots, write_signals
from thonring.records import Attempt, CtfFit, Evidence, KnownDefocus, Note, Outcome, SearchSignals, Source
from thonring.run.ctf_image import write_ctf_image
from thonring.run.names import artefact_names, key_of, spectrum_path
from thonring.run.provenance import content_hash
from thonring.run.rows import NO_CURVE
from thonring.settings import Settings
from thonring.spectrum import enhance, resample

SpectrumKind = Literal["amplitude", "power"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What all micrographs of a run share.

    `spectrum_kind` is set where the inputs are spectra that another program computed; `ctffind_text`, `plots`
    and `signals` say what is written beside the tables; `hashed`, whether the files' contents are hashed.
    """

    run: Path
    settings: Settings
    spectrum_kind: SpectrumKind | None = None
    ctffind_text: bool = False
    plots: bool = False
    signals: bool = False
    hashed: bool = False

    @property
    def artefacts(self) -> tuple[str, ...]:
        """What is written beside the tables, by name."""
        asked = {"ctffind_text": self.ctffind_text, "plots": self.plots, "signals": self.signals}
        return tuple(name for name, wanted in asked.items() if wanted)


@dataclass(frozen=True, slots=True)
class Job:
    """One micrograph to be estimated, complete enough to be sent to another process.

    `name` is that of its artefacts; a `refusal` is why it fails without being read.
    """

    source: Source
    recipe: Recipe
    name: str
    known: KnownDefocus | None = None
    notes: tuple[Note, ...] = ()
    refusal: str = ""


def plan(
    sources: Sequence[Source],
    recipe: Recipe,
    known: Mapping[str, KnownDefocus] | None = None,
    names: Mapping[Path, str] | None = None,
) -> list[Job]:
    """One job a source, in their order, each with its own name and the defocus that is known of it.

    Parameters
    ----------
    known
        Defoci by the key of `key_of`; None where the user named no file of them. A micrograph missing
        there is estimated freely and told, or, where the defocus is to be held fixed, refused.
    names
        Those that the run's store gave; `artefact_names` of the sources where there is none.
    """
    if names is None:
        names = artefact_names([source.path for source in sources])
    if known is None:
        return [Job(source, recipe, names[source.path]) for source in sources]
    return [_with_known(source, recipe, names[source.path], known) for source in sources]


def _with_known(source: Source, recipe: Recipe, name: str, known: Mapping[str, KnownDefocus]) -> Job:
    found = known.get(key_of(source.path))
    if found is not None:
        return Job(source, recipe, name, found)
    missing = f"{source.path}: no defocus for it in the file of --defocus-from"
    if recipe.settings.fix_defocus:
        advice = "Nothing to hold fixed: add it to that file, or leave out --fix-defocus."
        return Job(source, recipe, name, refusal=f"{missing}. {advice}")
    return Job(source, recipe, name, notes=(Note("no-known-defocus", f"{missing}; estimated freely."),))


def fourier_signals(evidence: Evidence, settings: Settings) -> SearchSignals:
    """Search the evidence's band by Fourier transform, for diagnosis only.

    Raises
    ------
    FitError
        If the transform has no peak inside the defocus range.
    """
    low_A, high_A = settings.resolution_range_A
    band = evidence.profiles.within(1.0 / low_A, min(1.0 / high_A, 0.5 / evidence.sampling_A))
    return fit.fourier(band, evidence.optics, settings)[1]


def work(job: Job) -> Outcome:
    """Estimate one micrograph and write what belongs to it alone.

    The outcome comes back without curves and signals, which are in the artefacts. An artefact that cannot be
    written is told as a note and costs no estimate. A file's content is hashed before it is read.
    """
    if job.refusal:
        return failure(job, job.refusal)
    hashed = content_hash(job.source.path) if job.recipe.hashed else ""
    outcome, evidence = pipeline.examine(
        job.source, job.recipe.settings, known=job.known, spectrum_kind=job.recipe.spectrum_kind
    )
    notes = (*outcome.notes, *job.notes, *_write_artefacts(job, outcome, evidence))
    attempts = tuple(_without_curves(attempt) for attempt in outcome.attempts)
    return replace(outcome, notes=notes, attempts=attempts, content_hash=hashed)


def failure(job: Job, reason: str) -> Outcome:
    """Outcome of a job that came to nothing."""
    return Outcome(
        path=job.source.path,
        status="failed",
        reasons=(reason,),
        optics=job.source.optics,
        pixel_A=math.nan,
        shape=(0, 0),
        notes=job.notes,
    )


def _write_artefacts(job: Job, outcome: Outcome, evidence: Evidence | None) -> tuple[Note, ...]:
    try:
        pictures = None if evidence is None else _pictures(outcome, evidence)
        _write_numbers(job, outcome, pictures)
        if job.recipe.plots:
            write_plots(_pictures_folder(job), job.name, outcome, pictures)
        if job.recipe.signals and evidence is not None and outcome.fit is not None:
            signals = outcome.fit.signals or fourier_signals(evidence, job.recipe.settings)
            write_signals(_pictures_folder(job), job.name, outcome, signals)
    except Exception as problem:  # noqa: BLE001 - whatever a picture runs into, the estimate stands
        text = f"{job.source.path}: estimated, but not all its pictures and texts were written: {problem}"
        return (Note("artefact-missing", text),)
    return ()


def _pictures(outcome: Outcome, evidence: Evidence) -> Pictures:
    enhanced = enhance(resample(evidence.measured, evidence.sampling_A))
    if outcome.fit is None:
        return Pictures(enhanced, None)
    return Pictures(enhanced, diagnostic_image(enhanced, outcome.fit, evidence.optics, evidence.sampling_A))


def _write_numbers(job: Job, outcome: Outcome, pictures: Pictures | None) -> None:
    if pictures is not None and outcome.attempt is not None:
        picture = pictures.enhanced if pictures.composite is None else pictures.composite
        write_ctf_image(spectrum_path(job.recipe.run, job.name), picture, outcome.attempt.sampling_A)
    if job.recipe.ctffind_text:
        write_ctffind_text(job.recipe.run / "ctffind", outcome, job.name)


def _pictures_folder(job: Job) -> Path:
    return job.recipe.run / "plots"


def _without_curves(attempt: Attempt) -> Attempt:
    return replace(attempt, fit=None if attempt.fit is None else _slim(attempt.fit))


def _slim(fit: CtfFit) -> CtfFit:
    return replace(fit, curve=NO_CURVE, signals=None)
