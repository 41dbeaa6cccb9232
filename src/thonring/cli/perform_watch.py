"""A folder watched, and the user told."""

import time
from collections.abc import Sequence
from pathlib import Path

from thonring.batch.executors.open import open_executor
from thonring.batch.folder_scan import ScanPattern
from thonring.batch.jobs import Recipe
from thonring.batch.watch import Watch, Watched, watch
from thonring.cli.durations import duration_text
from thonring.cli.perform import exit_code
from thonring.cli.planned import known_of, recipe_of
from thonring.cli.request import WatchRequest
from thonring.cli.resumed import has_tables_alone, tell_note, tell_tables_alone
from thonring.cli.summary import print_summary
from thonring.cli.watched import watch_display
from thonring.errors import InputError
from thonring.files.entry import is_folder
from thonring.formats.run_tables import prepare_run
from thonring.read import check_optics
from thonring.run.open import open_run
from thonring.run.settings_file import write_settings
from thonring.run.store import Store
from thonring.run.summary import summary


def perform_watch(request: WatchRequest, command_line: Sequence[str]) -> int:
    """Watch until the end and give the exit code.

    Raises
    ------
    ThonringError
        If nothing can be done: no folder, a constant missing, an unknown profile, an unusable run folder, or one that
        another process works on; no workers, or unfit ones; if the disk is full.
    """
    how = request.estimation
    recipe, known = recipe_of(how), known_of(how)
    _check_folder(request.folder)
    check_optics(how.optics, metadata=how.metadata)
    asked = Watch(
        ScanPattern(request.folder, request.patterns, request.ignored, how.metadata),
        how.optics,
        recipe,
        request.until,
        known,
        every_s=request.every_s,
        stable_s=request.stable_s,
    )
    prepare_run(how.out)
    tables_alone = has_tables_alone(how.out)
    with open_run(how.out) as store:
        write_settings(how.out, recipe.settings, command_line, how.optics)
        if tables_alone and not how.quiet:
            tell_tables_alone(how.out)
        began = time.monotonic()
        with (
            open_executor(how.executor, how.out, [request.folder], tell_note) as executor,
            watch_display(request) as teller,
        ):
            watched = watch(store, asked, executor, teller)
        if not how.quiet:
            _tell_end(watched, recipe, store, time.monotonic() - began)
    return exit_code(watched.session)


def _check_folder(folder: Path) -> None:
    if not is_folder(folder):
        raise InputError(
            f"folder {folder}: not found, expected a folder to watch. Check the path, or create it first."
        )


def _tell_end(watched: Watched, recipe: Recipe, store: Store, seconds: float) -> None:
    counts = summary(one.outcome for one in store)
    print_summary(watched.session, recipe, counts, _ended(watched), duration_text(seconds))


def _ended(watched: Watched) -> str:
    interrupted = "Interrupted. " if watched.session.interrupted else ""
    left = f"Files that are there and not done: {watched.left}. " if watched.left else ""
    if not (interrupted or left):
        return ""
    return f"{interrupted}{left}The same command, or `thonring estimate`, goes on from here."
