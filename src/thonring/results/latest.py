"""How the micrographs of a run were made last."""

from thonring.results import queries
from thonring.results.origin import Made
from thonring.results.store import Store


def latest_made(store: Store) -> Made | None:
    """How the micrograph that was finished last was estimated; None while there is none.

    Raises
    ------
    OutputError
        If the store cannot be read.
    """
    with store.snapshot() as connection:
        row = connection.execute(queries.LATEST_RECIPE).fetchone()
    return None if row is None else queries.made_of(row)
