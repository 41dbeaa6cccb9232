"""Training, validation and test sets that have no session in common."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thonring.errors import InputError
from thonring.learn.data.element import SIMULATED, Columns

Indices = npt.NDArray[np.intp]

HELD_OUT = 0.1
"""Share of the elements for validation, and again for the test."""

TOO_MANY = 1.5
"""A set held out takes no further session that would make it this many times what it should be."""

FEWEST = 3
FEW_BLOCKS = 20
"""Fewer blocks of simulated scenes than this do not give tenths."""


@dataclass(frozen=True, slots=True)
class Splits:
    """Indices of elements, ascending; together all of them, none twice."""

    train: Indices
    validation: Indices
    test: Indices


def by_session(columns: Columns, seed: int) -> Splits:
    """Divide by session, never by row: micrographs of a session are alike.

    A tenth of the elements, as near as whole sessions allow, for the test and another for validation. Simulated
    scenes owe each other nothing, and are divided one by one where there are fewer than twenty blocks of them.

    Raises
    ------
    InputError
        If there are no elements, or fewer than three sessions.
    """
    if not len(columns):
        raise InputError("the data set is empty: expected elements of at least three sessions.")
    names = columns.session
    if len(set(names)) < FEW_BLOCKS and set(columns.source) == {SIMULATED}:
        names = columns.file
    sessions, session_of = np.unique(names, return_inverse=True)
    if len(sessions) < FEWEST:
        raise InputError(
            f"the data set holds {_counted(len(sessions))} ({', '.join(sessions)}), expected at least three, since "
            "training, validation and test shall have none in common. Add runs of other sessions, or name the sessions "
            "with `thonring dataset build --session`."
        )
    waiting = _order(np.bincount(session_of), seed)
    test = _taken(waiting, len(columns), leave=2)
    validation = _taken(waiting, len(columns), leave=1)
    parts = ([number for number, _ in part] for part in (waiting, validation, test))
    return Splits(*(np.flatnonzero(np.isin(session_of, part)) for part in parts))


def _counted(count: int) -> str:
    return "one session" if count == 1 else f"{count} sessions"


def _order(sizes: npt.NDArray[np.intp], seed: int) -> list[tuple[int, int]]:
    """Sessions with their sizes by chance, those too large to be held out last."""
    shuffled = np.random.default_rng(seed).permutation(len(sizes))
    target = HELD_OUT * sizes.sum()
    return sorted(
        ((int(number), int(sizes[number])) for number in shuffled),
        key=lambda session: max(session[1], target),
    )


def _taken(waiting: list[tuple[int, int]], total: int, leave: int) -> list[tuple[int, int]]:
    """Take sessions from the front until a tenth is reached; at least one, and some are left."""
    target = HELD_OUT * total
    taken = [waiting.pop(0)]
    count = taken[0][1]
    while len(waiting) > leave and count < target and count + waiting[0][1] <= TOO_MANY * target:
        taken.append(waiting.pop(0))
        count += taken[-1][1]
    return taken
