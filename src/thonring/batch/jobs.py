"""The units of work of a run, planned before the first of them starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from thonring.read import key_of
from thonring.records import KnownDefocus, Note, Source
from thonring.results import artefact_names
from thonring.settings import Settings

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
        Defoci by the key of `read.key_of`; None where the user named no file of them. A micrograph missing
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
