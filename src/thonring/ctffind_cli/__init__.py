"""`thonring-ctffind`: the program CTFFIND 4.1 as other programs call it, with Thonring's estimate behind it."""

from thonring.ctffind_cli.command import main

__all__ = ["main"]
