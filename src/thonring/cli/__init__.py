"""The command line: one file per command, with its options and the function that does the work.

Nothing here imports numpy before a command runs, so that help and usage errors appear at once.
"""

from thonring.cli.app import main

__all__ = ["main"]
