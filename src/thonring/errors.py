"""All errors that Thonring raises deliberately.

::

    ThonringError
    ├── InputError            a file cannot be used
    │   ├── UnreadableFile    missing, truncated, wrong magic, unknown suffix
    │   ├── UnsuitableImage   constant, too small, not one image, too many bad pixels
    │   └── UnreadableTable   a STAR, xmd, cs, text or TOML file that lacks what is needed
    ├── OpticsError           a microscope constant is impossible or missing
    ├── AnswerError           an answer to a question of CTFFIND is missing or impossible
    ├── SettingsError         an option is impossible: range upside down, unknown profile
    ├── OutputError           the run folder cannot be written
    │   └── RunInUse          another process is using it
    ├── DecisionError         a decision about a micrograph is not possible
    ├── ClusterError          the workers of a cluster are missing, unsuitable or lost
    └── FitError              no CTF could be fitted to a spectrum

Every message names the file or option, what was found, what was expected and what to do.
"""


class ThonringError(Exception):
    """Root of all errors that a user can act on."""


class InputError(ThonringError):
    """A file cannot be used."""


class UnreadableFile(InputError):  # noqa: N818 - the tree above reads better without "Error" twice
    """The bytes are not what the suffix promises, or there are none."""


class UnsuitableImage(InputError):  # noqa: N818
    """The file was read, but holds nothing a CTF could be estimated from."""


class UnreadableTable(InputError):  # noqa: N818
    """A table of micrographs, defocus values or limits lacks what is needed."""


class OpticsError(ThonringError):
    """A microscope constant is impossible or missing."""


class AnswerError(ThonringError):
    """An answer to a question that CTFFIND asks is missing or has an impossible value."""


class SettingsError(ThonringError):
    """An option has an impossible value."""


class OutputError(ThonringError):
    """The run folder cannot be written."""


class RunInUse(OutputError):  # noqa: N818 - as above
    """Another process is using the run; `holder` says which one, and since when."""

    def __init__(self, message: str, holder: str) -> None:
        super().__init__(message)
        self.holder = holder


class DecisionError(ThonringError):
    """A decision is not possible: an unknown micrograph, one without a fit, nothing to undo."""


class ClusterError(ThonringError):
    """The workers of a cluster are missing, unsuitable or lost."""


class FitError(ThonringError):
    """No CTF could be fitted to a spectrum."""
