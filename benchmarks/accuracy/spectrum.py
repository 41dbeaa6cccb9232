"""Periodogram of the whole image against overlapping tiles: quality of the spectrum and of fits to it.

Variance: that of sector bins of pure noise over the variance that `values_per_pixel` predicts; 1 is correct. Leakage:
power of the sectors at 10-3 Å with a strong object added to the noise, over that without it, both relative to their
median sector; the objects are the edge of a carbon film, which has power of its own there, and uneven illumination in
the shape of a bowl, which has none. Fits: bias and RMS of the mean defocus over the Cramér-Rao bound, and CPU seconds.

    python -m benchmarks.accuracy.spectrum [--count 40] [--size 2048] [--workers 2]
"""

import argparse
import functools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.lib.fit_errors import best_attempt, defocus_error_A, is_gross_error
from benchmarks.lib.harness import Cell, map_in_processes, print_table
from benchmarks.lib.simulated_micrographs import BAND_A, typical_micrograph
from thonring import Optics, Settings, spectrum
from thonring.measurement import SPECTRUM_PIXELS, Measurement
from thonring.records import Floats, Micrograph, SectorProfiles
from thonring.simulate import cramer_rao, noise_micrograph, white_micrograph

FINEST_A = 1.25
TILES_PX = {"whole image": math.inf, "tiles 1024 px": 1024, "tiles 512 px": 512}
SIGNALS = {"strong": 1.0, "weak": 0.1}
OPTICS = Optics(300.0, 2.7, 0.1, 1.0)
NYQUIST_PER_A = 0.5
LEAKAGE_BAND_A = (10.0, 3.0)
OBJECT_HEIGHT = 10.0
NOISE_AT_NYQUIST = 0.3
MIN_VALUES = 20


@dataclass(frozen=True, slots=True)
class FitResult:
    """One fit: error over bound and over its own sigma (NaN: no fit, or a gross error), and CPU seconds."""

    over_bound: float
    over_sigma: float
    spectrum_seconds: float
    fit_seconds: float


def measure(micrograph: Micrograph, tile_px: float) -> Measurement:
    """Measure a micrograph by tiles of this size; one transform of the whole image if it is infinite."""
    power = spectrum.periodogram(micrograph, FINEST_A, tile_px * micrograph.pixel_A)
    shape = (micrograph.pixels.shape[0], micrograph.pixels.shape[1])
    variance = SPECTRUM_PIXELS**2 / (shape[0] * shape[1])
    return Measurement(power, micrograph.pixel_A, micrograph.optics, shape, (), variance)


def fits(seed: int, contrast: float, size: int) -> dict[str, FitResult]:
    """Fit one micrograph by each kind of spectrum."""
    spec = typical_micrograph(seed, contrast, size)
    micrograph = white_micrograph(spec.truth, spec.shape, seed)
    bound_A = cramer_rao(spec.truth, spec.shape, BAND_A).defocus_A
    found = {}
    for name, tile_px in TILES_PX.items():
        began = time.process_time()
        measurement = measure(micrograph, tile_px)
        between = time.process_time()
        fit = best_attempt(measurement, Settings()).fit
        ended = time.process_time()
        error_A = sigma_A = math.nan
        if fit is not None:
            error_A = float(defocus_error_A(spec.truth, fit.defocus_u_A, fit.defocus_v_A, fit.angle_deg)[0])
            sigma_A = fit.defocus_sigma_A
        if is_gross_error(spec.truth, error_A):
            error_A = math.nan
        found[name] = FitResult(error_A / bound_A, error_A / sigma_A, between - began, ended - between)
    return found


def dispersion_of_noise(seed: int, size: int) -> dict[str, float]:
    """Variance of the sector bins of pure noise over their predicted variance."""
    micrograph = noise_micrograph(OPTICS, (size, size), seed, NOISE_AT_NYQUIST)
    found = {}
    for name, tile_px in TILES_PX.items():
        bins = _sectors(micrograph, tile_px)
        level = bins.power / NOISE_AT_NYQUIST ** (bins.squared_frequency / NYQUIST_PER_A**2)
        used = bins.values > MIN_VALUES
        level, values = level[used], bins.values[used]
        level /= np.average(level, weights=values)
        found[name] = float(np.mean(values * (level - 1) ** 2))
    return found


def leakage(
    seed: int, size: int, height: Callable[[Floats, Floats], Floats]
) -> dict[str, tuple[float, float]]:
    """Mean and largest relative power of a sector at 10-3 Å, with an object over without it.

    `height(x, y)` is the height of the object in standard deviations of the noise.
    """
    plain = noise_micrograph(OPTICS, (size, size), seed, NOISE_AT_NYQUIST)
    y, x = np.mgrid[:size, :size] / size
    added = float(plain.pixels.std()) * height(x, y)
    with_object = replace(plain, pixels=(plain.pixels + added).astype(np.float32))
    found = {}
    for name, tile_px in TILES_PX.items():
        ratio = _sector_power(with_object, tile_px) / _sector_power(plain, tile_px)
        found[name] = float(ratio.mean()), float(ratio.max())
    return found


def edge(x: Floats, y: Floats) -> Floats:
    """Straight edge of a carbon film."""
    return np.where(x + 0.3 * y > 0.8, OBJECT_HEIGHT, 0.0)


def bowl(x: Floats, y: Floats) -> Floats:
    """Uneven illumination, a paraboloid."""
    return 4 * OBJECT_HEIGHT * ((x - 0.5) ** 2 + (y - 0.5) ** 2)


def _sector_power(micrograph: Micrograph, tile_px: float) -> Floats:
    """Power of 36 sectors between 10 and 3 Å, over that of the median sector."""
    bins = _sectors(micrograph, tile_px).within(1 / LEAKAGE_BAND_A[0], 1 / LEAKAGE_BAND_A[1])
    power: Floats = (bins.power * bins.values).sum(axis=1) / bins.values.sum(axis=1)
    return power / np.median(power)


def _sectors(micrograph: Micrograph, tile_px: float) -> SectorProfiles:
    found = spectrum.periodogram(micrograph, FINEST_A, tile_px * micrograph.pixel_A)
    return spectrum.sector_profiles(found, 1 / BAND_A[0], 1 / BAND_A[1])


def print_noise(size: int, count: int) -> None:
    dispersions = [dispersion_of_noise(seed, size) for seed in range(count)]
    leaks = {shape.__name__: leakage(0, size, shape) for shape in (edge, bowl)}
    header = ["spectrum", "noise variance / predicted", "±"]
    header += [f"{shape}: {which}" for shape in leaks for which in ("mean sector", "largest")]
    rows: list[list[Cell]] = []
    for name in TILES_PX:
        values = [one[name] for one in dispersions]
        deviation = float(np.std(values, ddof=1)) / math.sqrt(count)
        cells = [f"{value:.3f}" for leak in leaks.values() for value in leak[name]]
        rows.append([name, f"{np.mean(values):.3f}", f"{deviation:.3f}", *cells])
    print_table(f"Variance and leakage, {size} px of noise at 1 Å/px, {count} images", header, rows)


def print_fits(signal: str, size: int, found: list[dict[str, FitResult]]) -> None:
    rows: list[list[Cell]] = []
    for name in TILES_PX:
        fitted = [one[name] for one in found]
        ratio = np.array([one.over_bound for one in fitted])
        score = np.array([one.over_sigma for one in fitted])
        kept = np.isfinite(ratio)
        rms, mean = math.sqrt(float((ratio[kept] ** 2).mean())), float(ratio[kept].mean())
        cells = [f"{rms:.3f}", f"{rms / math.sqrt(2 * kept.sum()):.3f}", f"{mean:+.2f}"]
        cells.append(f"{1 / math.sqrt(kept.sum()):.2f}")
        cells.append(f"{math.sqrt(float((score[kept] ** 2).mean())):.3f}")
        cells.append(f"{np.median([one.spectrum_seconds for one in fitted]):.3f}")
        cells.append(f"{np.median([one.fit_seconds for one in fitted]):.3f}")
        rows.append([name, len(found), int((~kept).sum()), *cells])
    header = ["spectrum", "n", "no fit or gross", "RMS/bound", "±", "bias/bound", "±", "RMS/sigma"]
    header += ["spectrum CPU s", "fit CPU s"]
    print_table(f"Mean defocus, {signal} signal, {size} px", header, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=40, help="micrographs for each signal")
    parser.add_argument("--noise", type=int, default=8, help="images of noise")
    parser.add_argument("--size", type=int, default=2048, help="image size in pixels")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    print_noise(options.size, options.noise)
    for signal, contrast in SIGNALS.items():
        work = functools.partial(fits, contrast=contrast, size=options.size)
        print_fits(signal, options.size, map_in_processes(work, range(options.count), options.workers))


if __name__ == "__main__":
    main()
