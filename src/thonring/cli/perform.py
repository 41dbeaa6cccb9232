"""A request carried out: the stages and the batch joined, the user told."""

import time
from collections.abc import Sequence
from dataclasses import replace

from thonring.batch.jobs import Recipe, plan
from thonring.batch.session import Session, estimate_all
from thonring.cli.progress import progress
from thonring.cli.request import Request
from thonring.cli.summary import print_summary
from thonring.quality import load_profile
from thonring.read import known_defocus, sources
from thonring.results import prepare_run, write_settings


def perform(request: Request, command_line: Sequence[str]) -> int:
    """Estimate what was asked for and give the exit code.

    Raises
    ------
    ThonringError
        If nothing can be done: no inputs, a constant missing, an unknown profile, an unusable folder.
    """
    settings = replace(request.settings, limits=load_profile(request.settings.profile))
    inputs = sources(request.files, request.optics, spectra=request.spectrum_kind is not None)
    known = None if request.defocus_from is None else known_defocus(request.defocus_from)
    recipe = Recipe(
        request.out,
        settings,
        request.spectrum_kind,
        ctffind_text=request.ctffind_text,
        plots=request.plots,
        signals=request.signals,
    )
    jobs = plan(inputs, recipe, known)
    if settings.start != "search":
        _check_network()
    prepare_run(request.out)
    write_settings(request.out, settings, command_line, request.optics)
    started = time.monotonic()
    with progress(len(jobs), quiet=request.quiet) as tell:
        session = estimate_all(jobs, request.workers, tell)
    if not request.quiet:
        print_summary(session, recipe, len(jobs), time.monotonic() - started)
    return exit_code(session)


def _check_network() -> None:
    """Find out before the first micrograph if there is no network to start from."""
    from thonring.learn.predict import Predictor

    Predictor.load()


def exit_code(session: Session) -> int:
    """0 all processed, 1 some failed, 130 interrupted (as shells number Ctrl-C)."""
    if session.interrupted:
        return 130
    return 1 if any(outcome.status == "failed" for outcome in session.outcomes) else 0
