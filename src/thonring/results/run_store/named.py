"""An outcome with the name of the files that belong to it."""

from dataclasses import dataclass

from thonring.records import Outcome
from thonring.results.run_store.decided import Decision


@dataclass(frozen=True, slots=True)
class Named:
    """`name` is that of the micrograph's spectrum, pictures and texts: see `artefact_names`.

    The outcome is that of the `decision`, if a person took one.
    """

    outcome: Outcome
    name: str
    decision: Decision | None = None
