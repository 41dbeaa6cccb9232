"""What is printed, in the words that other programs look for in CTFFIND's output."""

import math
from collections.abc import Callable
from importlib.metadata import version

from thonring.ctffind_cli.settings import CtffindRequest
from thonring.errors import ThonringError
from thonring.formats.ctffind_files import CtffindFiles, CtffindResult
from thonring.records import CtfFit


class CtffindConsole:
    """Tells how a call goes; `old_school` adds the lines by which readers of CTFFIND 3 find the values."""

    def __init__(
        self, tell: Callable[[str], None], warn: Callable[[str], None], *, old_school: bool = False
    ) -> None:
        self._tell = tell
        self._warn = warn
        self._old_school = old_school

    def welcomes(self, mode: str) -> None:
        """Say which program answers, and in whose place."""
        self._tell("\n\n        **   Welcome to Ctffind   **\n")
        self._tell(f"            Version : 4.1.14, as Thonring {version('thonring')} does its work")
        self._tell(f"               Mode : {mode}\n")

    def begins(self, request: CtffindRequest, micrographs: int) -> None:
        """Say what will be done."""
        self._tell("")
        for remark in request.remarks:
            self._tell(remark)
        self._tell(f"File name: {request.image.name}")
        self._tell(f"Number of micrographs: {micrographs}")

    def works_on(self, number: int, micrographs: int) -> None:
        """Say which micrograph is next."""
        self._tell(f"Working on micrograph {number} of {micrographs}")

    def found(self, request: CtffindRequest, result: CtffindResult, reasons: tuple[str, ...]) -> None:
        """Print the values of one micrograph, and the verdict."""
        fit = result.fit
        if fit is None:
            return
        if self._old_school:
            self._tell("\n      DFMID1      DFMID2      ANGAST          CC\n")
            axes = f"{fit.defocus_u_A:12.2f}{fit.defocus_v_A:12.2f}{fit.angle_deg:12.2f}"
            self._tell(f"{axes}{fit.score:12.5f}   Final Values")
        self._tell("\n")
        self._tell(
            f"Estimated defocus values        : {fit.defocus_u_A:.2f} , {fit.defocus_v_A:.2f} Angstroms"
        )
        self._tell(f"Estimated azimuth of astigmatism: {fit.angle_deg:.2f} degrees")
        if request.phase_shift_asked:
            self._tell(_phase_shift_line(fit))
        self._tell(f"Score                           : {fit.score:.5f}")
        self._tell(f"Pixel size for fitting          : {request.sampling_A:.3f} Angstroms")
        self._tell(f"Thon rings with good fit up to  : {fit.fit_resolution_A:.1f} Angstroms")
        self._tell(f"Standard error of the defocus   : {fit.defocus_sigma_A:.1f} Angstroms")
        verdict = "accepted" if not reasons else f"rejected: {' '.join(reasons)}"
        self._tell(f"Thonring's verdict              : {verdict}")
        for note in fit.notes:
            self._tell(f"Note                            : {note.text}")

    def failed(self, number: int, problem: ThonringError) -> None:
        """Say that a micrograph has no result."""
        self._warn(f"thonring-ctffind: micrograph {number}: {problem}")

    def ends(self, files: CtffindFiles) -> None:
        """Name the files; RELION finds its values by the first of these lines."""
        self._tell("\n")
        self._tell(f"Summary of results                          : {files.text}")
        self._tell(f"Diagnostic images                           : {files.diagnostic}")
        self._tell(f"Detailed results, including 1D fit profiles : {files.profiles}")
        self._tell("\n")


def _phase_shift_line(fit: CtfFit) -> str:
    shift_rad = math.radians(fit.phase_shift_deg)
    return (
        f"Additional phase shift          : {fit.phase_shift_deg:.3f} degrees ({shift_rad:.3f} radians) "
        f"({shift_rad / math.pi:.3f} PI)"
    )
