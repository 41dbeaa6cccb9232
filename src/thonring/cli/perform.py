"""A request carried out: the stages and the batch joined, the user told."""

import time
from collections.abc import Sequence
from dataclasses import replace

from thonring.batch.executor import Inline
from thonring.batch.jobs import Recipe, plan
from thonring.batch.opening import opened
from thonring.batch.resume import Due, resume
from thonring.batch.session import Session, estimate_all
from thonring.batch.threads import uncollected
from thonring.cli.progress import progress
from thonring.cli.request import Request
from thonring.cli.resumed import has_tables_alone, tell_note, tell_resumed
from thonring.cli.summary import print_summary
from thonring.quality import load_profile
from thonring.read import known_defocus, sources
from thonring.results import Store, open_run, prepare_run, summary, write_settings


def perform(request: Request, command_line: Sequence[str]) -> int:
    """Estimate what was asked for and give the exit code.

    Raises
    ------
    ThonringError
        If nothing can be done: no inputs, a constant missing, an unknown profile, an unusable folder,
        or one that another process works on; no workers, or unfit ones; if the disk is full.
    """
    settings = replace(request.settings, limits=load_profile(request.settings.profile))
    with uncollected():
        inputs = sources(request.files, request.optics, spectra=request.spectrum_kind is not None)
    known = None if request.defocus_from is None else known_defocus(request.defocus_from)
    recipe = Recipe(
        request.out,
        settings,
        request.spectrum_kind,
        ctffind_text=request.ctffind_text,
        plots=request.plots,
        signals=request.signals,
        hashed=request.hashed,
    )
    if settings.start != "search":
        _check_network()
    prepare_run(request.out)
    tables_alone = has_tables_alone(request.out)
    with open_run(request.out) as store:
        with uncollected():
            jobs = plan(inputs, recipe, known, store.register([source.path for source in inputs]))
            resumed = resume(store, jobs, recipe, redo=request.redo)
        write_settings(request.out, settings, command_line, request.optics)
        if not request.quiet:
            tell_resumed(request.out, resumed, tables_alone=tables_alone)
        return _estimate(request, recipe, store, resumed.due)


def _estimate(request: Request, recipe: Recipe, store: Store, due: Sequence[Due]) -> int:
    started = time.monotonic()
    choice = request.executor if due else Inline()
    inputs = [one.job.source.path for one in due]
    with (
        opened(choice, request.out, inputs, tell_note) as executor,
        progress(len(due), quiet=request.quiet) as tell,
    ):
        session = estimate_all(store, due, executor, tell)
    if not request.quiet:
        counts = summary(one.outcome for one in store)
        print_summary(session, recipe, counts, len(due), time.monotonic() - started)
    return exit_code(session)


def _check_network() -> None:
    """Find out before the first micrograph if there is no network to start from."""
    from thonring.learn.predict import Predictor

    Predictor.load()


def exit_code(session: Session) -> int:
    """0 all processed, 1 some failed, 128 and its number where a signal ended it, as shells have it."""
    if session.stopped_by is not None:
        return 128 + session.stopped_by
    return 1 if session.failed else 0
