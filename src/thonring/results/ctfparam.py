"""Xmipp's `.ctfparam`: the CTF of one micrograph, a label and a value a line, as its CTF programs write and read it."""

from thonring.records import Outcome
from thonring.results.run_store.named import Named
from thonring.results.tables.listed import listed
from thonring.results.tables.xmd import XMIPP_HEADER, labelled

BLOCK = "data_fullMicrograph"


def ctfparam_text(outcome: Outcome) -> str | None:
    """Text of a `.ctfparam`; None where the micrograph has no fit.

    `ctfSamplingRate` is the pixel of the micrograph, angles are degrees; Xmipp takes what is not there as 0. The
    criteria of an `xmipp-` profile stand under Xmipp's own labels, as in micrographs.xmd.
    """
    fitted = listed(Named(outcome, "")).fitted
    if fitted is None:
        return None
    lines = (f" _{label} {value}\n" for label, value in labelled(fitted, outcome.pixel_A).items())
    return f"{XMIPP_HEADER}{BLOCK}\n{''.join(lines)}"
