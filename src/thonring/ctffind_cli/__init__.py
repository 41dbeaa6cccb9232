"""`thonring-ctffind`: CTFFIND 4.1 and 5 as other programs call them, with Thonring's estimate behind it."""

from thonring.ctffind_cli.command import main

__all__ = ["main"]
