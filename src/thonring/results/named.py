"""An outcome with the name of the files that belong to it."""

from dataclasses import dataclass

from thonring.records import Outcome


@dataclass(frozen=True, slots=True)
class Named:
    """`name` is that of the micrograph's spectrum, pictures and texts: see `artefact_names`."""

    outcome: Outcome
    name: str
