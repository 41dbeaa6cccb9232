"""A request carried out: the stages and the batch joined, the user told."""

import time
from collections.abc import Sequence

from thonring.batch.executors.base import Inline
from thonring.batch.executors.open import open_executor
from thonring.batch.jobs import Recipe, plan
from thonring.batch.resume import PendingJob, plan_resume
from thonring.batch.run import Session, estimate_all
from thonring.batch.threads import uncollected
from thonring.cli.planned import known_of, recipe_of
from thonring.cli.progress import progress
from thonring.cli.request import Request
from thonring.cli.resumed import has_tables_alone, tell_note, tell_resumed
from thonring.cli.summary import print_summary, times
from thonring.formats.run_tables import prepare_run
from thonring.read import sources
from thonring.run.open import open_run
from thonring.run.settings_file import write_settings
from thonring.run.store import Store
from thonring.run.summary import summary


def perform(request: Request, command_line: Sequence[str]) -> int:
    """Estimate what was asked for and give the exit code.

    Raises
    ------
    ThonringError
        If nothing can be done: no inputs, a constant missing, an unknown profile, an unusable folder,
        or one that another process works on; no workers, or unfit ones; if the disk is full.
    """
    how = request.estimation
    recipe = recipe_of(how)
    spectra = how.spectrum_kind is not None
    with uncollected():
        inputs = sources(request.files, how.optics, spectra=spectra, metadata=how.metadata)
    known = known_of(how)
    prepare_run(how.out)
    tables_alone = has_tables_alone(how.out)
    with open_run(how.out) as store:
        with uncollected():
            jobs = plan(inputs, recipe, known, store.register([source.path for source in inputs]))
            resumed = plan_resume(store, jobs, recipe, redo=request.redo)
        write_settings(how.out, recipe.settings, command_line, how.optics)
        if not how.quiet:
            tell_resumed(how.out, resumed, tables_alone=tables_alone)
        return _estimate(request, recipe, store, resumed.due)


def _estimate(request: Request, recipe: Recipe, store: Store, due: Sequence[PendingJob]) -> int:
    started = time.monotonic()
    how = request.estimation
    choice = how.executor if due else Inline()
    inputs = [one.job.source.path for one in due]
    with (
        open_executor(choice, how.out, inputs, tell_note) as executor,
        progress(len(due), quiet=how.quiet) as tell,
    ):
        session = estimate_all(store, due, executor, tell)
    if not how.quiet:
        counts = summary(one.outcome for one in store)
        took = times(session, counts, time.monotonic() - started)
        print_summary(session, recipe, counts, _ended(session, len(due)), took)
    return exit_code(session)


def _ended(session: Session, total: int) -> str:
    if not session.interrupted:
        return ""
    done = f"{session.done} of {total} micrographs are done and in the tables"
    return f"Interrupted: {done}. The same command goes on from here."


def exit_code(session: Session) -> int:
    """0 all processed, 1 some failed, 128 and its number where a signal ended it, as shells have it."""
    if session.stopped_by is not None:
        return 128 + session.stopped_by
    return 1 if session.failed else 0
