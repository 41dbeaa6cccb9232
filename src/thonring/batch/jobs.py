"""The jobs of a run, all planned before the first one starts, and the work of one job."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from thonring import fit, pipeline
from thonring.formats.ctffind import write_ctffind_text
from thonring.formats.ctffind_files import diagnostic_image
from thonring.plot import Pictures, write_plots, write_signals
from thonring.records import Attempt, Evidence, KnownDefocus, Note, Outcome, SearchSignals, Source
from thonring.run.ctf_image import write_ctf_image
from thonring.run.names import artefact_names, key_of, spectrum_path
from thonring.run.provenance import content_hash
from thonring.run.rows import NO_CURVE
from thonring.settings import Settings, SpectrumKind
from thonring.spectrum import enhance, resample

Artefact = Literal["ctffind_text", "plots", "signals"]
"""What is written for each micrograph in addition to the tables; the run's database stores these words."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What all micrographs of a run share.

    Attributes
    ----------
    run
        The run folder.
    settings
        How to estimate, with the limits of the profile loaded.
    spectrum_kind
        Set if the inputs are spectra computed by another program, not images.
    artefacts
        What is written for each micrograph in addition to the tables.
    hashed
        Whether the contents of the files are hashed, so that changed files are recognised by content.
    """

    run: Path
    settings: Settings
    spectrum_kind: SpectrumKind | None = None
    artefacts: frozenset[Artefact] = frozenset()
    hashed: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """One micrograph to estimate, self-contained so that it can be sent to another process.

    `name` is used for its artefacts; `refusal`, if any, is the reason why it fails without being read.
    """

    source: Source
    options: RunOptions
    name: str
    known: KnownDefocus | None = None
    notes: tuple[Note, ...] = ()
    refusal: str = ""


def plan(
    sources: Sequence[Source],
    options: RunOptions,
    known: Mapping[str, KnownDefocus] | None = None,
    names: Mapping[Path, str] | None = None,
) -> list[Job]:
    """Plan one job per source, in order, each with its own name and its known defocus.

    Parameters
    ----------
    known
        Known defocus values by the key of `key_of`; None if the user gave no file of them. The defocus of a
        micrograph that is missing there is searched for, with a note; where it is to be kept fixed, the job is
        refused.
    names
        Artefact names from the run's database; by default `artefact_names` of the sources.
    """
    if names is None:
        names = artefact_names([source.path for source in sources])
    if known is None:
        return [Job(source, options, names[source.path]) for source in sources]
    return [_with_known(source, options, names[source.path], known) for source in sources]


def _with_known(source: Source, options: RunOptions, name: str, known: Mapping[str, KnownDefocus]) -> Job:
    defocus = known.get(key_of(source.path))
    if defocus is not None:
        return Job(source, options, name, defocus)
    missing = f"{source.path}: the --defocus-from file has no defocus for it"
    if options.settings.fix_defocus:
        advice = "There is no defocus to keep fixed: add the micrograph to that file, or drop --fix-defocus."
        return Job(source, options, name, refusal=f"{missing}. {advice}")
    note = Note("no-known-defocus", f"{missing}; its defocus was searched for instead.")
    return Job(source, options, name, notes=(note,))


def fourier_signals(evidence: Evidence, settings: Settings) -> SearchSignals:
    """The signals of a Fourier search in the fitted band, for diagnosis only.

    Raises
    ------
    FitError
        If the transform has no peak inside the defocus range.
    """
    low_A, high_A = settings.resolution_range_A
    band = evidence.profiles.within(1.0 / low_A, min(1.0 / high_A, 0.5 / evidence.sampling_A))
    return fit.fourier(band, evidence.optics, settings)[1]


def work(job: Job) -> Outcome:
    """Estimate one micrograph and write its artefacts.

    The outcome comes back without curves and signals, which are in the artefacts. An artefact that cannot be
    written leaves a note and does not affect the estimate. The file is hashed before it is read.
    """
    if job.refusal:
        return failure(job, job.refusal)
    hashed = content_hash(job.source.path) if job.options.hashed else ""
    outcome, evidence = pipeline.examine(
        job.source, job.options.settings, known=job.known, spectrum_kind=job.options.spectrum_kind
    )
    notes = (*outcome.notes, *job.notes, *_write_artefacts(job, outcome, evidence))
    attempts = tuple(_without_curve(attempt) for attempt in outcome.attempts)
    return replace(outcome, notes=notes, attempts=attempts, content_hash=hashed)


def failure(job: Job, reason: str) -> Outcome:
    """The outcome of a job that failed, with the reason."""
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
        _write_ctf_files(job, outcome, pictures)
        if "plots" in job.options.artefacts:
            write_plots(_pictures_folder(job), job.name, outcome, pictures)
        if "signals" in job.options.artefacts and evidence is not None and outcome.fit is not None:
            signals = outcome.fit.signals or fourier_signals(evidence, job.options.settings)
            write_signals(_pictures_folder(job), job.name, outcome, signals)
    except Exception as problem:  # noqa: BLE001 - whatever fails in a picture, the estimate is kept
        text = f"{job.source.path}: estimated, but not all of its pictures and text files could be written: {problem}"
        return (Note("artefact-missing", text),)
    return ()


def _pictures(outcome: Outcome, evidence: Evidence) -> Pictures:
    enhanced = enhance(resample(evidence.measured, evidence.sampling_A))
    if outcome.fit is None:
        return Pictures(enhanced, None)
    return Pictures(enhanced, diagnostic_image(enhanced, outcome.fit, evidence.optics, evidence.sampling_A))


def _write_ctf_files(job: Job, outcome: Outcome, pictures: Pictures | None) -> None:
    if pictures is not None and outcome.attempt is not None:
        picture = pictures.enhanced if pictures.composite is None else pictures.composite
        write_ctf_image(spectrum_path(job.options.run, job.name), picture, outcome.attempt.sampling_A)
    if "ctffind_text" in job.options.artefacts:
        write_ctffind_text(job.options.run / "ctffind", outcome, job.name)


def _pictures_folder(job: Job) -> Path:
    return job.options.run / "plots"


def _without_curve(attempt: Attempt) -> Attempt:
    if attempt.fit is None:
        return attempt
    return replace(attempt, fit=replace(attempt.fit, curve=NO_CURVE, signals=None))
