"""What tables must know of all micrographs before they can write the first."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from thonring.optics import Optics
from thonring.records import Attempt, Outcome
from thonring.results.names import spectra_folder, spectrum_file
from thonring.results.run_store.named import Named
from thonring.results.tables.listed import listed
from thonring.results.tables.optics_groups import Microscope, microscope


@dataclass(frozen=True, slots=True)
class Overview:
    """A run as a whole; `spectra` is the folder of its spectra as tables write it.

    `criteria` are those of the attempts that were kept, `attempt_criteria` those of all, in the order in which
    they are first met; `fitted_criteria` those of the micrographs that have a fit. `groups` are RELION's optics
    groups, numbered as they come. `phase_shifted` holds the statuses of micrographs fitted with a phase shift.
    """

    run: Path
    criteria: tuple[str, ...]
    attempt_criteria: tuple[str, ...]
    fitted_criteria: frozenset[str]
    groups: Mapping[Microscope, int]
    phase_shifted: frozenset[str]
    spectra: str

    def spectrum(self, name: str) -> str:
        """Path of the spectrum of the micrograph whose artefacts are called `name`."""
        return f"{self.spectra}/{spectrum_file(name)}"


def overview(run: Path, micrographs: Iterable[Named]) -> Overview:
    """See all micrographs of a run once."""
    seen = _Seen()
    for one in micrographs:
        seen.see(one)
    return Overview(
        run=run,
        criteria=tuple(seen.criteria),
        attempt_criteria=tuple(seen.attempt_criteria),
        fitted_criteria=frozenset(seen.fitted_criteria),
        groups=seen.groups,
        phase_shifted=frozenset(seen.phase_shifted),
        spectra=spectra_folder(run).as_posix(),
    )


@dataclass(slots=True)
class _Seen:
    """Dictionaries keep the order in which things came."""

    criteria: dict[str, None] = field(default_factory=dict)
    attempt_criteria: dict[str, None] = field(default_factory=dict)
    fitted_criteria: dict[str, None] = field(default_factory=dict)
    groups: dict[Microscope, int] = field(default_factory=dict)
    phase_shifted: set[str] = field(default_factory=set)
    microscopes: dict[tuple[Optics, float], None] = field(default_factory=dict)

    def see(self, one: Named) -> None:
        outcome = one.outcome
        self._see_optics(outcome)
        for attempt in outcome.attempts:
            self.attempt_criteria.update(_names(attempt))
        self.criteria.update(_names(outcome.attempt))
        fitted = listed(one).fitted
        if fitted is not None:
            self.fitted_criteria.update(_names(outcome.attempt))
            if fitted.fit.phase_shift_deg:
                self.phase_shifted.add(outcome.status)

    def _see_optics(self, outcome: Outcome) -> None:
        if outcome.optics is None or not 0 < outcome.pixel_A < math.inf:
            return
        if (outcome.optics, outcome.pixel_A) not in self.microscopes:
            self.microscopes[outcome.optics, outcome.pixel_A] = None
            self.groups.setdefault(microscope(outcome.optics, outcome.pixel_A), len(self.groups) + 1)


def _names(attempt: Attempt | None) -> dict[str, None]:
    return {} if attempt is None else dict.fromkeys(one.name for one in attempt.verdict.criteria)
