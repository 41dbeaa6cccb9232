"""Recognise a file by its first bytes, for messages about files whose content contradicts their names."""

from pathlib import Path

START_BYTES = 512
MAX_TEXT_SHOWN = 40
SIGNATURES: dict[bytes, tuple[str, tuple[str, ...]]] = {
    b"\x89PNG": ("a PNG picture", (".png",)),
    b"\xff\xd8\xff": ("a JPEG picture", (".jpg", ".jpeg")),
    b"II*\x00": ("a TIFF file", (".tif", ".tiff")),
    b"MM\x00*": ("a TIFF file", (".tif", ".tiff")),
    b"II+\x00": ("a BigTIFF file", (".tif", ".tiff")),
    b"MM\x00+": ("a BigTIFF file", (".tif", ".tiff")),
    b"\x1f\x8b": ("a gzip-compressed file", (".gz",)),
    b"BZh": ("a bzip2-compressed file", (".bz2",)),
    b"\xfd7zXZ": ("an xz-compressed file", ()),
    b"\x28\xb5\x2f\xfd": ("a zstd-compressed file", ()),
    b"PK\x03\x04": ("a ZIP archive", ()),
    b"\x89HDF": ("an HDF5 file", ()),
    b"GIF8": ("a GIF picture", ()),
    b"%PDF": ("a PDF document", ()),
    b"\x93NUMPY": ("a numpy array (.npy)", ()),
    b"\x00\x00\x00\x03": ("a DigitalMicrograph DM3 file", ()),
    b"\x00\x00\x00\x04": ("a DigitalMicrograph DM4 file", ()),
}
"""First bytes → the file format, and its suffixes."""

MRC = ("an MRC file", (".mrc", ".mrcs", ".gz", ".bz2"))
MRC_MAP = slice(208, 211)
"""An MRC file starts with its size; its signature is in word 53 of the header."""


def resemblance(path: Path) -> str:
    """A sentence, after a space, about what the file looks like if that contradicts its name.

    Empty if the bytes are of no known format, or of the expected one.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(START_BYTES)
    except OSError:
        return ""
    if not start.strip(b"\0"):
        return f" Its first {len(start)} bytes are all zero: the copy or the acquisition failed."
    name, suffixes = _kind(start)
    return "" if not name or path.name.lower().endswith(suffixes) else f" Its content looks like {name}."


def _kind(start: bytes) -> tuple[str, tuple[str, ...]]:
    if start[MRC_MAP] == b"MAP":
        return MRC
    known = (kind for signature, kind in SIGNATURES.items() if start.startswith(signature))
    return next(known, (_text(start), ()))


def _text(start: bytes) -> str:
    """The first line if all is printable; the last character may be incomplete."""
    text = start.decode("utf-8", errors="ignore").strip()
    whole = len(text.encode()) >= len(start.strip()) - 3
    if not text or not whole or not all(letter.isprintable() or letter.isspace() for letter in text):
        return ""
    return f"text ({text.splitlines()[0][:MAX_TEXT_SHOWN]!r})"
