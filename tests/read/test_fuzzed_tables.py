"""Tables with anything in them: a list, a set of defoci, or a reason; nothing else, and no memory beyond the file's."""

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from factories.memory import MARGIN_BYTES, peak_bytes
from thonring import read
from thonring.errors import ThonringError, UnreadableTable
from thonring.formats.known_defocus import known_defocus
from thonring.optics import PartialOptics

TIMES_THE_TABLE = 100
"""Every value of a table becomes a text and a number of Python's."""

fuzzed = settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
GRAMMAR = (
    "data_",
    "loop_\n",
    "save_",
    "stop_",
    "global_",
    "#",
    ";",
    "\n;\n",
    "'",
    '"',
    "$ ",
    "[",
    "]",
    "?",
    ".",
)
BLOCKS = ("data_\n", "data_optics\n", "data_micrographs\n", "# Input file: a.mrc\n")
RELION = ("MicrographName", "OpticsGroup", "Voltage", "DefocusU", "DefocusV", "DefocusAngle", "Magnification")
XMIPP = ("micrograph", "image", "ctfDefocusU", "ctfDefocusV", "ctfDefocusAngle")
VALUES = (
    "a.mrc ",
    "'a b.mrc' ",
    "1 ",
    "300 ",
    "nan ",
    "inf ",
    "1e999 ",
    "-999 ",
    "0 ",
    "../" * 50,
    "x" * 3000,
)
ODD = ("\0", "\r\n", "\t", "é", "\ud800")
LABELS = (*(f"_rln{name}\n" for name in RELION), *(f"_{name}\n" for name in XMIPP))
PIECES = st.sampled_from((*GRAMMAR, *BLOCKS, *LABELS, *VALUES, *ODD))
written = st.lists(st.one_of(PIECES, st.text(max_size=6)), max_size=25).map("".join)
texts = st.one_of(written.map(lambda text: text.encode("utf-8", "surrogatepass")), st.binary(max_size=300))


def read_all(path: Path) -> None:
    """Read a table in every way, errors of Thonring's own apart."""
    for reader in (known_defocus, _listed):
        try:
            reader(path)
        except ThonringError as problem:
            if isinstance(problem, UnreadableTable) and str(path) not in str(problem):
                raise AssertionError(f"the message does not name the file: {problem}") from problem


def _listed(path: Path) -> Sequence[object]:
    return read.sources([str(path)], PartialOptics(300, 2.7))


@fuzzed
@given(content=texts, suffix=st.sampled_from([".star", ".xmd", ".ctfparam", ".txt", ".cs"]))
@example(content=b"data_\xff\nloop_\n_rlnMicrographName\n\xfe.mrc\n", suffix=".star")
def test_texts(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"table{suffix}"
    path.write_bytes(content)
    assert peak_bytes(read_all, path) <= TIMES_THE_TABLE * len(content) + MARGIN_BYTES


FIELDS = [
    ("micrograph_blob/path", "S20"),
    *((f"ctf/{name}", "<f4") for name in ("df1_A", "df2_A", "df_angle_rad")),
]


SHAPES = ("(2,)", "()", "(2**40,)", "(-1,)", "(2,2)", "(9999999999999,)", "('a',)")
KINDS = (repr(FIELDS), "'<f4'", "'|O'", "'S2000000000'", "[]", "'V1'")


@fuzzed
@example(shape="(2,)", kind="'S0'", kept=100)
@given(
    shape=st.one_of(st.sampled_from(SHAPES), st.text()),
    kind=st.one_of(st.sampled_from(KINDS), st.text(max_size=20)),
    kept=st.integers(0, 300),
)
def test_numpy_tables_of_cryosparc(tmp_path: Path, shape: str, kind: str, kept: int) -> None:
    header = f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}\n".encode(
        "utf-8", "surrogatepass"
    )
    content = (
        b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + np.zeros(5, FIELDS).tobytes()[:kept]
    )
    path = tmp_path / "table.cs"
    path.write_bytes(content)
    assert peak_bytes(read_all, path) <= TIMES_THE_TABLE * len(content) + MARGIN_BYTES


@pytest.mark.parametrize("suffix", [".star", ".txt"])
def test_a_table_that_is_not_utf8_is_refused_or_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"table{suffix}"
    path.write_bytes(b"\xff\xfe\x00data_")
    with pytest.raises(UnreadableTable, match=f"table\\{suffix}"):
        known_defocus(path)
