"""One job, from its file to its artefacts."""

import math
from dataclasses import replace
from pathlib import Path

from thonring import pipeline
from thonring.batch.jobs import Job
from thonring.batch.signals import fourier_signals
from thonring.plot import Pictures, write_plots, write_signals
from thonring.records import Attempt, CtfFit, Evidence, Note, Outcome
from thonring.results import (
    NO_CURVE,
    content_hash,
    diagnostic_image,
    spectrum_path,
    write_ctf_image,
    write_ctffind_text,
)
from thonring.spectrum import enhance, resample


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
