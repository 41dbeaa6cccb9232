"""One answer of another program, as it stands in its file."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True)
class KnownRow:
    """Defocus of the micrograph `name`, not yet canonical; the phase shift already in degrees."""

    name: str
    defocus_u_A: float
    defocus_v_A: float
    angle_deg: float
    phase_shift_deg: float = 0.0


SUFFIXES = re.compile(
    r"(?<=.)\.(gz|bz2|mrcs?|tiff?|png|jpe?g|eer|ctf|ctfparam|psd|xmp|xmd|txt|star|cs)$", re.IGNORECASE
)
TAGS = re.compile(r"(?<=.)(_PS|_avrot|_ctf|_noDW|_DW|_patch_aligned|_rigid_aligned|_doseweighted)$")
IMAGE_NUMBER = re.compile(r"^\d+@")
UID = re.compile(r"^\d{15,}_(?=.)")


def key_of(path: object) -> str:
    """Name of a micrograph without folder, suffixes and the tags that programs append.

    Left out are, repeatedly: RELION's `:mrc` and `1@`, the suffixes of images, spectra and tables (`.mrc`,
    `.tif`, `.ctf`, `.txt` …), and the endings `_PS`, `_avrot`, `_ctf`, `_noDW`, `_DW` and those of
    cryoSPARC's motion correction, `_patch_aligned`, `_rigid_aligned` and `_doseweighted`. So
    `Movies/a_PS.ctf:mrc`, `a.mrc` and `a_avrot.txt` have one key, `a`. Other dots and endings belong to the
    name.
    """
    name = IMAGE_NUMBER.sub("", PurePosixPath(str(path)).name).removesuffix(":mrc")
    while (shorter := SUFFIXES.sub("", TAGS.sub("", name))) != name:
        name = shorter
    return name


def without_uid(key: str) -> str:
    """Cut off the long number that cryoSPARC puts before a file's name."""
    return UID.sub("", key)
