"""The command line: one file per command, each its arguments and one call.

Nothing here imports numpy before a command runs, so that help and usage errors come at once.
"""

from thonring.cli.app import main

__all__ = ["main"]
