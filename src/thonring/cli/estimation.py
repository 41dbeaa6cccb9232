"""The options of every command that estimates."""

from dataclasses import dataclass
from pathlib import Path

import typer

from thonring.batch.executors.open import ExecutorChoice
from thonring.cli import options as opt
from thonring.cli.request import Estimation
from thonring.optics import PartialOptics
from thonring.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimationOptions:
    """The options as the command line gives them, see `with_shared_options`."""

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

    def estimation(self, out: Path, executor: ExecutorChoice) -> Estimation:
        """What is asked for, to be written into `out` by the chosen executor.

        Raises
        ------
        SettingsError
            If a value is impossible.
        typer.BadParameter
            If a text cannot be read, or --fix-defocus has no defoci to hold.
        """
        if self.fix_defocus and self.defocus_from is None:
            raise typer.BadParameter(
                "needs --defocus-from FILE, which says what to hold.", param_hint="--fix-defocus"
            )
        return Estimation(
            out=out,
            optics=PartialOptics(self.voltage, self.cs, self.amplitude_contrast, self.pixel),
            metadata=not self.no_metadata,
            settings=self._settings(),
            spectrum_kind=self.spectrum,
            defocus_from=self.defocus_from,
            ctffind_text=self.ctffind_text,
            plots=self.plots,
            signals=self.signals,
            hashed=self.hashed,
            executor=executor,
            quiet=self.quiet,
        )

    def _settings(self) -> Settings:
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
