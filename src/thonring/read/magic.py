"""What a file is by its first bytes, for messages about files that are not what their names say."""

from pathlib import Path

LENGTH = 512
SHOWN = 40
BEGINNINGS: dict[bytes, tuple[str, tuple[str, ...]]] = {
    b"\x89PNG": ("a PNG picture", (".png",)),
    b"\xff\xd8\xff": ("a JPEG picture", (".jpg", ".jpeg")),
    b"II*\x00": ("a TIFF file", (".tif", ".tiff")),
    b"MM\x00*": ("a TIFF file", (".tif", ".tiff")),
    b"II+\x00": ("a BigTIFF file", (".tif", ".tiff")),
    b"MM\x00+": ("a BigTIFF file", (".tif", ".tiff")),
    b"\x1f\x8b": ("a file packed with gzip", (".gz",)),
    b"BZh": ("a file packed with bzip2", (".bz2",)),
    b"\xfd7zXZ": ("a file packed with xz", ()),
    b"\x28\xb5\x2f\xfd": ("a file packed with zstd", ()),
    b"PK\x03\x04": ("a ZIP archive", ()),
    b"\x89HDF": ("an HDF5 file", ()),
    b"GIF8": ("a GIF picture", ()),
    b"%PDF": ("a PDF document", ()),
    b"\x93NUMPY": ("a numpy array", ()),
    b"\x00\x00\x00\x03": ("a DM3 file of DigitalMicrograph", ()),
    b"\x00\x00\x00\x04": ("a DM4 file of DigitalMicrograph", ()),
}
"""First bytes → what they begin, and the suffixes that promise it."""

MRC = ("an MRC file", (".mrc", ".mrcs", ".gz", ".bz2"))
MRC_MAP = slice(208, 211)


def resemblance(path: Path) -> str:
    """A sentence, a space before it, about what the file looks like instead of what its name promises.

    Empty where the bytes are of no known kind, or of the promised one.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(LENGTH)
    except OSError:
        return ""
    if not start.strip(b"\0"):
        return f" Its first {len(start)} bytes are all zero: the copy or the acquisition failed."
    name, suffixes = _kind(start)
    return "" if not name or path.name.lower().endswith(suffixes) else f" It begins like {name}."


def _kind(start: bytes) -> tuple[str, tuple[str, ...]]:
    if start[MRC_MAP] == b"MAP":
        return MRC
    known = (kind for magic, kind in BEGINNINGS.items() if start.startswith(magic))
    return next(known, (_text(start), ()))


def _text(start: bytes) -> str:
    """The first line where all is printable; the last character may be cut."""
    text = start.decode("utf-8", errors="ignore").strip()
    whole = len(text.encode()) >= len(start.strip()) - 3
    if not text or not whole or not all(letter.isprintable() or letter.isspace() for letter in text):
        return ""
    return f"text ({text.splitlines()[0][:SHOWN]!r})"
