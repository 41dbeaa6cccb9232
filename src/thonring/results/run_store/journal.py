"""Which journal SQLite may keep: a write-ahead log needs memory that all readers share, so a disk of this machine."""

from pathlib import Path
from typing import Literal

Journal = Literal["WAL", "DELETE"]

_LOCAL = frozenset(
    {
        *("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "bcachefs", "f2fs", "jfs", "reiserfs", "nilfs2"),
        *("tmpfs", "ramfs", "overlay", "aufs", "vfat", "exfat"),
    }
)
_MOUNTS = Path("/proc/self/mounts")


def journal_for(folder: Path) -> Journal:
    """WAL on a file system known to be a local disk's; elsewhere, and where that is unknown, a rollback journal."""
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return "DELETE"
    return "WAL" if file_system(folder.resolve(), mounts) in _LOCAL else "DELETE"


def file_system(folder: Path, mounts: str) -> str:
    """Type of the file system of an absolute folder, by a table in the form of fstab(5); "" if none holds it."""
    deepest, found = -1, ""
    for line in mounts.splitlines():
        _, point, kind, *_ = line.split(" ")
        mounted = Path(_unescaped(point))
        if folder.is_relative_to(mounted) and len(mounted.parts) >= deepest:
            deepest, found = len(mounted.parts), kind
    return found


def _unescaped(point: str) -> str:
    """Blanks and backslashes stand there as octal numbers."""
    for escaped, plain in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(escaped, plain)
    return point
