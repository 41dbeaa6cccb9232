"""What a command that estimates needs before the first micrograph."""

from collections.abc import Mapping
from dataclasses import replace

from thonring.batch.jobs import Recipe
from thonring.cli.request import Estimation
from thonring.formats.known_defocus import known_defocus
from thonring.quality import load_profile
from thonring.records import KnownDefocus


def recipe_of(how: Estimation) -> Recipe:
    """What all micrographs share.

    Raises
    ------
    ThonringError
        If there is no such profile of limits, or no network to start from.
    """
    settings = replace(how.settings, limits=load_profile(how.settings.profile))
    if settings.start != "search":
        _check_network()
    return Recipe(
        how.out,
        settings,
        how.spectrum_kind,
        ctffind_text=how.ctffind_text,
        plots=how.plots,
        signals=how.signals,
        hashed=how.hashed,
    )


def known_of(how: Estimation) -> Mapping[str, KnownDefocus] | None:
    """The defoci of --defocus-from; None where it was not given.

    Raises
    ------
    ThonringError
        If there is no such file, or it cannot be read.
    """
    return None if how.defocus_from is None else known_defocus(how.defocus_from)


def _check_network() -> None:
    """Find out before the first micrograph if there is no network to start from."""
    from thonring.learn.predict import Predictor

    Predictor.load()
