"""Accuracy on simulated micrographs in units of the Cramér-Rao bound, ours and that of CTFFIND 4.

Whole micrographs (--count) are written as MRC, and both programs read the same files. Spectra (--spectra) are drawn
directly, without an image and its window, and test the fit alone; they are fast enough for the coverage of confidence
intervals from several hundred.

    python -m benchmarks.accuracy.cramer_rao [--count 120] [--size 2048] [--spectra 400] [--workers 2]
"""

import argparse
import functools
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import thonring
from benchmarks.lib.ctffind import WAVELENGTH_RATIO, find_ctffind, run_ctffind
from benchmarks.lib.fit_errors import (
    Estimate,
    compare_with_truth,
    defocus_error_A,
    estimate_measurement,
    is_gross_error,
)
from benchmarks.lib.harness import Cell, map_in_processes, print_table, print_target, write_mrc
from benchmarks.lib.simulated_micrographs import BAND_A, MicrographSpec, typical_micrograph
from thonring import Settings
from thonring.measurement import SPECTRUM_PIXELS, Measurement
from thonring.records import Floats, Spectrum
from thonring.simulate import CramerRaoBound, cramer_rao, white_micrograph
from thonring.simulate.white_noise import spectrum_of

SIGNALS = {"strong": 1.0, "weak": 0.1}
NORMAL_95 = 1.95996
SPECTRUM_FINEST_A = 1.25
HEADER = [
    "signal",
    "program",
    "n",
    "no fit",
    "gross",
    "RMS defocus Å",
    "bound Å",
    "defocus/bound",
    "±",
    "mean z",
    "astigm./bound",
    "±",
    "median |err|/bound",
]
COVERAGE_HEADER = ["signal", "n", "defocus %", "±", "astigm. %", "±", "sigma/bound"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One simulated micrograph: its Cramér-Rao bound, and its estimates by program."""

    spec: MicrographSpec
    bound: CramerRaoBound
    estimates: dict[str, Estimate]


def image_trial(seed: int, contrast: float, size: int, executable: str | None) -> Trial:
    spec = typical_micrograph(seed, contrast, size)
    micrograph = white_micrograph(spec.truth, spec.shape, seed)
    with tempfile.TemporaryDirectory() as folder:
        image = write_mrc(Path(folder) / "simulated.mrc", micrograph.pixels, spec.truth.pixel_A)
        outcome = thonring.estimate(image, spec.truth.optics, Settings())
        estimates = {"thonring": compare_with_truth(spec.truth, outcome.fit, outcome.reasons)}
        if executable is not None:
            estimates["CTFFIND 4"] = _ctffind_estimate(executable, image, spec)
    return Trial(spec, cramer_rao(spec.truth, spec.shape, BAND_A), estimates)


def _ctffind_estimate(executable: str, image: Path, spec: MicrographSpec) -> Estimate:
    result = run_ctffind(executable, image, spec.truth.optics)
    u_A, v_A = WAVELENGTH_RATIO * result.defocus_u_A, WAVELENGTH_RATIO * result.defocus_v_A
    error_A = defocus_error_A(spec.truth, u_A, v_A, result.angle_deg)
    summary = f"U {u_A:.0f} V {v_A:.0f} Å at {result.angle_deg:.1f}°, fit to {result.fit_resolution_A:.2f} Å"
    return Estimate(error_A, np.full(3, np.nan), accepted=True, summary=summary)


def spectrum_trial(seed: int, contrast: float, size: int) -> Trial:
    spec = typical_micrograph(seed, contrast, size)
    estimates = {"thonring": estimate_measurement(spec, random_spectrum(spec), Settings())}
    return Trial(spec, cramer_rao(spec.truth, spec.shape, BAND_A), estimates)


def random_spectrum(spec: MicrographSpec) -> Measurement:
    """Draw the periodogram of a stationary field of shape `spec.shape`: independent exponential values."""
    truth, size = spec.truth, spec.shape[0]
    step_per_A = 1 / (size * truth.pixel_A)
    columns = min(size // 2, int(0.5 / SPECTRUM_FINEST_A / step_per_A) + 1)
    ky = (np.arange(-columns, columns) * step_per_A)[:, None]
    kx = (np.arange(columns + 1) * step_per_A)[None, :]
    noise, rings, chi = spectrum_of(truth, kx**2 + ky**2, np.arctan2(ky, kx))
    exponential = np.random.default_rng(spec.seed).standard_exponential(chi.shape)
    power = ((noise + rings * np.sin(chi) ** 2) * exponential).astype(np.float32)
    spectrum = Spectrum(power, step_per_A, step_per_A, 0.5 / (columns * step_per_A), 1.0)
    variance = SPECTRUM_PIXELS**2 / size**2
    return Measurement(spectrum, truth.pixel_A, truth.optics, spec.shape, (), variance)


def error_row(signal: str, name: str, trials: list[Trial]) -> list[Cell]:
    """Errors of one program over the bound; gross errors are counted and left out of the other columns."""
    kept = _without_gross(name, trials)
    in_A = np.array([trial.estimates[name].error_A for trial in kept])
    bounds = _bounds(kept)
    ratio = in_A / bounds
    defocus, astigmatism = _rms(ratio[:, 0]), _rms(ratio[:, 1:])
    without = sum(not trial.estimates[name].has_fit for trial in trials)
    return [
        signal,
        name,
        len(trials),
        without,
        len(trials) - without - len(kept),
        f"{_rms(in_A[:, 0]):.2f}",
        f"{_rms(bounds[:, 0]):.2f}",
        f"{defocus:.3f}",
        f"{defocus / np.sqrt(2 * len(kept)):.3f}",
        f"{ratio[:, 0].mean():+.2f}",
        f"{astigmatism:.3f}",
        f"{astigmatism / np.sqrt(4 * len(kept)):.3f}",
        f"{np.median(abs(ratio[:, 0])):.2f}",
    ]


def coverage_row(signal: str, trials: list[Trial]) -> list[Cell]:
    """Percentage of truths inside our 95 % interval, with its binomial standard error."""
    kept = _without_gross("thonring", trials)
    estimates = [trial.estimates["thonring"] for trial in kept]
    sigma = np.array([estimate.sigma_A for estimate in estimates])
    inside = abs(np.array([estimate.error_A for estimate in estimates])) < NORMAL_95 * sigma
    defocus, astigmatism = float(inside[:, 0].mean()), float(inside[:, 1:].mean())
    shares = [(defocus, len(kept)), (astigmatism, 2 * len(kept))]
    cells = [f"{100 * value:.1f}" for p, n in shares for value in (p, np.sqrt(p * (1 - p) / n))]
    return [signal, len(kept), *cells, f"{np.median(sigma[:, 0] / _bounds(kept)[:, 0]):.3f}"]


def accepted_of(results: dict[str, list[Trial]]) -> dict[str, list[Trial]]:
    """The micrographs that we accepted, without signals of which we accepted none."""
    accepted = {
        signal: [trial for trial in trials if trial.estimates["thonring"].accepted]
        for signal, trials in results.items()
    }
    return {signal: trials for signal, trials in accepted.items() if _without_gross("thonring", trials)}


def print_images(results: dict[str, list[Trial]], size: int) -> None:
    names = list(next(iter(results.values()))[0].estimates)
    rows = [error_row(signal, name, trials) for signal, trials in results.items() for name in names]
    rows += [
        error_row(f"{signal}, accepted", "thonring", accepted)
        for signal, accepted in accepted_of(results).items()
    ]
    print_table(f"Simulated micrographs, {size} px: error over the Cramér-Rao bound", HEADER, rows)
    print("  gross: off by more than 10 % or 1000 Å, left out of the columns to the right.")
    print("  CTFFIND: box 512, 30-5 Å, defoci corrected for its wavelength constant (-0.035 %).")
    print("  bound: 30-2.5 Å, noise and envelope known.")
    _print_worst(results)
    for signal, trials in results.items():
        row = error_row(signal, "thonring", trials)
        print_target(
            f"{signal}: mean defocus, RMS/bound {row[7]} (target: <= 1.15)",
            met=float(str(row[7])) <= 1.15,
        )
        print_target(
            f"{signal}: astigmatism, RMS/bound {row[10]} (target: <= 1.15)",
            met=float(str(row[10])) <= 1.15,
        )


def print_coverage(results: dict[str, list[Trial]], title: str) -> None:
    rows = [coverage_row(signal, trials) for signal, trials in results.items()]
    rows += [coverage_row(f"{signal}, accepted", trials) for signal, trials in accepted_of(results).items()]
    print_table(f"Coverage of our 95 % interval, {title}", COVERAGE_HEADER, rows)
    for row in rows:
        for name, covered in (("mean defocus", row[2]), ("astigmatism components", row[4])):
            met = 93 <= float(str(covered)) <= 97
            print_target(f"{row[0]}, {title}: {name} {covered} % covered (target: 93-97)", met=met)


def _print_worst(results: dict[str, list[Trial]]) -> None:
    """Print our estimates that have no fit or are off by at least four times the bound, gross errors included."""
    for signal, trials in results.items():
        for trial in trials:
            estimate = trial.estimates["thonring"]
            if abs(estimate.error_A[0]) < 4 * trial.bound.defocus_A:
                continue
            bound = f"bound {trial.bound.defocus_A:.1f} Å"
            print(f"  OUTLIER ({signal}, {bound}) {trial.spec.describe()}\n      -> {estimate.summary}")


def _without_gross(name: str, trials: list[Trial]) -> list[Trial]:
    return [
        trial
        for trial in trials
        if trial.estimates[name].has_fit
        and not is_gross_error(trial.spec.truth, float(trial.estimates[name].error_A[0]))
    ]


def _bounds(trials: list[Trial]) -> Floats:
    return np.array([[t.bound.defocus_A, t.bound.astigmatism_A, t.bound.astigmatism_A] for t in trials])


def _rms(values: Floats) -> float:
    return float(np.sqrt((values**2).mean()))


def _run_trials(trial: Callable[..., Trial], count: int, workers: int) -> dict[str, list[Trial]]:
    return {
        signal: map_in_processes(functools.partial(trial, contrast=contrast), range(count), workers)
        for signal, contrast in SIGNALS.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=120, help="micrographs for each signal")
    parser.add_argument("--size", type=int, default=2048, help="image size in pixels")
    parser.add_argument("--spectra", type=int, default=400, help="spectra for each signal")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    executable = find_ctffind()
    if options.count:
        work = functools.partial(image_trial, size=options.size, executable=executable)
        results = _run_trials(work, options.count, options.workers)
        print_images(results, options.size)
        print_coverage(results, "micrographs")
    if options.spectra:
        results = _run_trials(
            functools.partial(spectrum_trial, size=options.size), options.spectra, options.workers
        )
        rows = [error_row(signal, "thonring", trials) for signal, trials in results.items()]
        rows += [
            error_row(f"{signal}, accepted", "thonring", accepted)
            for signal, accepted in accepted_of(results).items()
        ]
        print_table(f"Simulated spectra, {options.size} px: error over the Cramér-Rao bound", HEADER, rows)
        _print_worst(results)
        print_coverage(results, "spectra")


if __name__ == "__main__":
    main()
