"""The options shared by the commands that estimate, and the records that a run takes from them."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from thonring.cli import options as opt
from thonring.optics import PartialOptics
from thonring.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from thonring.batch.jobs import Artefact, RunOptions
    from thonring.files.text import TableReport
    from thonring.records import KnownDefocus


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimationOptions:
    """The options as given on the command line, see `with_shared_options`."""

    voltage: opt.Voltage = None
    cs: opt.Cs = None
    amplitude_contrast: opt.AmplitudeContrast = None
    pixel: opt.Pixel = None
    no_metadata: opt.NoMetadata = False
    spectrum: opt.Spectrum = None
    phase_shift: opt.PhaseShift = False
    refine_amplitude_contrast: opt.RefineAmplitudeContrast = False
    no_astigmatism: opt.NoAstigmatism = False
    defocus_from: opt.DefocusFrom = None
    fix_defocus: opt.FixDefocus = False
    resolution_range: opt.ResolutionRange = opt.DEFAULT_RESOLUTION_RANGE
    downsampling: opt.Downsampling = None
    samplings: opt.Samplings = opt.DEFAULT_SAMPLINGS
    defocus_range: opt.DefocusRange = opt.DEFAULT_DEFOCUS_RANGE
    search: opt.Search = opt.DEFAULTS.search
    start: opt.Start = opt.DEFAULTS.start
    clip: opt.Clip = opt.DEFAULTS.clip_outliers
    local_maximum: opt.LocalMaximum = opt.DEFAULTS.local_maximum
    profile: opt.Profile = opt.DEFAULTS.profile
    ctffind_text: opt.CtffindText = False
    plots: opt.Plots = False
    signals: opt.Signals = False
    hashed: opt.Hashed = False
    quiet: opt.Quiet = False

    def check(self) -> None:
        """Reject impossible values before anything heavy is loaded.

        Raises
        ------
        ThonringError
            If a value is impossible.
        typer.BadParameter
            If a text cannot be read, or --fix-defocus has no values to keep fixed.
        """
        if self.fix_defocus and self.defocus_from is None:
            raise typer.BadParameter(
                "needs --defocus-from FILE with the values to keep fixed.", param_hint="--fix-defocus"
            )
        self.settings()
        self.optics()

    def optics(self) -> PartialOptics:
        """The constants of the microscope, as far as given.

        Raises
        ------
        OpticsError
            If one is impossible.
        """
        return PartialOptics(self.voltage, self.cs, self.amplitude_contrast, self.pixel)

    def settings(self) -> Settings:
        """How to estimate; the limits of the profile are not loaded.

        Raises
        ------
        SettingsError
            If a value is impossible.
        typer.BadParameter
            If a text cannot be read.
        """
        return Settings(
            samplings_A=opt.samplings_of(self.samplings),
            downsampling=self.downsampling,
            defocus_range_A=opt.range_of(self.defocus_range, "--defocus-range"),
            resolution_range_A=opt.range_of(self.resolution_range, "--resolution-range"),
            search=self.search,
            start=self.start,
            clip_outliers=self.clip,
            local_maximum=self.local_maximum,
            astigmatism=not self.no_astigmatism,
            phase_shift=self.phase_shift,
            refine_amplitude_contrast=self.refine_amplitude_contrast,
            fix_defocus=self.fix_defocus,
            profile=self.profile,
        )

    def run_options(self, run: Path) -> "RunOptions":
        """What all micrographs of a run share, with the limits of the profile loaded.

        Raises
        ------
        ThonringError
            If the profile of limits does not exist, or there is no network to start from.
        """
        from thonring.batch.jobs import RunOptions
        from thonring.quality import load_profile

        settings = replace(self.settings(), limits=load_profile(self.profile))
        if settings.start != "search":
            from thonring.learn.predict import Predictor

            Predictor.load()  # a missing network is found here, not at the first micrograph
        requested: dict[Artefact, bool] = {
            "ctffind_text": self.ctffind_text,
            "plots": self.plots,
            "signals": self.signals,
        }
        artefacts = frozenset(name for name, is_wanted in requested.items() if is_wanted)
        return RunOptions(run, settings, self.spectrum, artefacts, self.hashed)

    def known_defocus(self, report: "TableReport") -> "Mapping[str, KnownDefocus] | None":
        """The defocus values of --defocus-from by micrograph; None where it was not given. Bad rows are reported.

        Raises
        ------
        ThonringError
            If the file does not exist or cannot be read.
        """
        if self.defocus_from is None:
            return None
        from thonring.formats.known_defocus import known_defocus

        return known_defocus(self.defocus_from, report)
