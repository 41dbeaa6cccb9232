"""A micrograph's number in the store, as requests name it."""

from typing import Annotated

import numpy as np
from fastapi import HTTPException
from pydantic import Field

from thonring.results import RunColumns

Number = Annotated[int, Field(ge=0, le=2**63 - 1, description="The micrograph's number in the store.")]


def known(columns: RunColumns, number: int) -> int:
    """Give the row of a finished micrograph.

    Raises
    ------
    HTTPException
        404 if there is none of this number.
    """
    row = int(np.searchsorted(columns.number, number))
    if row == len(columns) or columns.number[row] != number:
        raise HTTPException(404, f"micrograph {number} is not finished in this run.")
    return row
