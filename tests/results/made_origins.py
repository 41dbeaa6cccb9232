"""Where outcomes may come from, for the tests of the store."""

from thonring.optics import Optics
from thonring.records import KnownDefocus
from thonring.run.provenance import FileState, Provenance, inputs_text, processing
from thonring.settings import Settings

OPTICS = Optics(300.0, 2.7, 0.1)


def origin(
    size: int = 1000,
    settings: Settings | None = None,
    known: KnownDefocus | None = None,
    version: str = "0.1.0",
) -> Provenance:
    return Provenance(
        FileState(size, 1_700_000_000_123_456_789),
        inputs_text(OPTICS, known),
        processing(settings or Settings(), None, (), version),
    )
