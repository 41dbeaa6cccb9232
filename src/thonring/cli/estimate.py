"""`thonring estimate`: micrographs in, graded CTFs out."""

import sys

import typer

from thonring.batch.termination import signal_of
from thonring.batch.threads import keep_freed_memory, one_thread_each
from thonring.cli import executor_options as who
from thonring.cli import options as opt
from thonring.cli.executor_request import executor_of
from thonring.cli.request import Request
from thonring.errors import ThonringError
from thonring.optics import PartialOptics
from thonring.settings import Settings


def estimate(  # noqa: PLR0913 - typer reads the options from the signature
    *,
    files: opt.Files,
    out: opt.Out,
    voltage: opt.Voltage = None,
    cs: opt.Cs = None,
    amplitude_contrast: opt.AmplitudeContrast = None,
    pixel: opt.Pixel = None,
    spectrum: opt.Spectrum = None,
    phase_shift: opt.PhaseShift = False,
    refine_amplitude_contrast: opt.RefineAmplitudeContrast = False,
    no_astigmatism: opt.NoAstigmatism = False,
    defocus_from: opt.DefocusFrom = None,
    fix_defocus: opt.FixDefocus = False,
    resolution_range: opt.ResolutionRange = opt.DEFAULT_RESOLUTION_RANGE,
    downsampling: opt.Downsampling = None,
    samplings: opt.Samplings = opt.DEFAULT_SAMPLINGS,
    defocus_range: opt.DefocusRange = opt.DEFAULT_DEFOCUS_RANGE,
    search: opt.Search = opt.DEFAULTS.search,
    start: opt.Start = opt.DEFAULTS.start,
    clip: opt.Clip = opt.DEFAULTS.clip_outliers,
    local_maximum: opt.LocalMaximum = opt.DEFAULTS.local_maximum,
    profile: opt.Profile = opt.DEFAULTS.profile,
    ctffind_text: opt.CtffindText = False,
    plots: opt.Plots = False,
    signals: opt.Signals = False,
    redo: opt.Redo = False,
    hashed: opt.Hashed = False,
    executor: who.Executor = None,
    workers: who.Workers = None,
    scheduler: who.Scheduler = None,
    cluster: who.Cluster = None,
    queue: who.Queue = None,
    jobs: who.Jobs = None,
    job_cores: who.JobCores = None,
    job_memory: who.JobMemory = None,
    job_time: who.JobTime = None,
    job_directive: who.JobDirective = None,
    dashboard: who.Dashboard = None,
    quiet: opt.Quiet = False,
) -> None:
    """Estimate the CTF of micrographs and judge each, with reasons.

    On a folder of an earlier run only new, changed and failed micrographs are done.

    Exit codes: 0 all inputs were processed, 1 some failed (see results.csv), 2 wrong use or no workers, 130 or 143
    interrupted.
    """
    if fix_defocus and defocus_from is None:
        raise typer.BadParameter(
            "needs --defocus-from FILE, which says what to hold.", param_hint="--fix-defocus"
        )
    choice = executor_of(
        who.ExecutorOptions(
            executor=executor,
            workers=workers,
            scheduler=scheduler,
            cluster=cluster,
            queue=queue,
            jobs=jobs,
            job_cores=job_cores,
            job_memory=job_memory,
            job_time=job_time,
            job_directive=tuple(job_directive or ()),
            dashboard=dashboard,
        )
    )
    try:
        settings = Settings(
            samplings_A=opt.samplings_of(samplings),
            downsampling=downsampling,
            defocus_range_A=opt.range_of(defocus_range, "--defocus-range"),
            resolution_range_A=opt.range_of(resolution_range, "--resolution-range"),
            search=search,
            start=start,
            clip_outliers=clip,
            local_maximum=local_maximum,
            astigmatism=not no_astigmatism,
            phase_shift=phase_shift,
            refine_amplitude_contrast=refine_amplitude_contrast,
            fix_defocus=fix_defocus,
            profile=profile,
        )
        optics = PartialOptics(voltage, cs, amplitude_contrast, pixel)
        request = Request(
            files=tuple(files),
            out=out,
            optics=optics,
            settings=settings,
            spectrum_kind=spectrum,
            defocus_from=defocus_from,
            ctffind_text=ctffind_text,
            plots=plots,
            signals=signals,
            redo=redo,
            hashed=hashed,
            executor=choice,
            quiet=quiet,
        )
        code = _perform(request)
    except ThonringError as problem:
        typer.echo(f"thonring: {problem}", err=True)
        code = 2
    except KeyboardInterrupt as stop:
        code = 128 + signal_of(stop)
    raise typer.Exit(code)


def _perform(request: Request) -> int:
    one_thread_each()
    keep_freed_memory()
    from thonring.cli.perform import perform

    return perform(request, sys.argv)
