"""One transform of the whole image against overlapped tiles: what each does to spectrum and fit.

Honesty: variance of sector bins of pure noise over what `values_per_pixel` promises (1 is honest). Leakage: the
sectors' power at 10-3 Å with a strong object on the same noise, over that without it, both relative to their
median sector; the objects are a carbon edge, which has power of its own there, and a bowl of illumination,
which has none. Then the fits: bias and RMS of the mean defocus over the Cramér-Rao bound, and CPU seconds.

    python benchmarks/spectrum.py [--count 40] [--size 2048] [--workers 2]
"""

import argparse
import functools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from draws import BAND_A, usual
from errors_of_fits import best_attempt, error_of, is_gross
from pool import in_processes
from tables import Cell, print_table
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
LEAST_VALUES = 20


@dataclass(frozen=True, slots=True)
class Fitted:
    """One fit: error over bound and over its own sigma (NaN: no fit, or gross), CPU seconds of its two parts."""

    over_bound: float
    over_sigma: float
    spectrum_seconds: float
    fit_seconds: float


def measured(micrograph: Micrograph, tile_px: float) -> Measurement:
    found = spectrum.periodogram(micrograph, FINEST_A, tile_px * micrograph.pixel_A)
    shape = (micrograph.pixels.shape[0], micrograph.pixels.shape[1])
    variance = SPECTRUM_PIXELS**2 / (shape[0] * shape[1])
    return Measurement(found, micrograph.pixel_A, micrograph.optics, shape, (), variance)


def fits(seed: int, contrast: float, size: int) -> dict[str, Fitted]:
    """The same micrograph by every way of taking its spectrum."""
    draw = usual(seed, contrast, size)
    micrograph = white_micrograph(draw.truth, draw.shape, seed)
    bound_A = cramer_rao(draw.truth, draw.shape, BAND_A).defocus_A
    found = {}
    for name, tile_px in TILES_PX.items():
        began = time.process_time()
        measurement = measured(micrograph, tile_px)
        between = time.process_time()
        fit = best_attempt(measurement, Settings()).fit
        ended = time.process_time()
        error_A = sigma_A = math.nan
        if fit is not None:
            error_A = float(error_of(draw.truth, fit.defocus_u_A, fit.defocus_v_A, fit.angle_deg)[0])
            sigma_A = fit.defocus_sigma_A
        if is_gross(draw.truth, error_A):
            error_A = math.nan
        found[name] = Fitted(error_A / bound_A, error_A / sigma_A, between - began, ended - between)
    return found


def dispersion_of_noise(seed: int, size: int) -> dict[str, float]:
    """Variance of the sector bins of pure noise over their promised variance."""
    micrograph = noise_micrograph(OPTICS, (size, size), seed, NOISE_AT_NYQUIST)
    found = {}
    for name, tile_px in TILES_PX.items():
        bins = _sectors(micrograph, tile_px)
        level = bins.power / NOISE_AT_NYQUIST ** (bins.squared_frequency / NYQUIST_PER_A**2)
        used = bins.values > LEAST_VALUES
        level, values = level[used], bins.values[used]
        level /= np.average(level, weights=values)
        found[name] = float(np.mean(values * (level - 1) ** 2))
    return found


def leakage(
    seed: int, size: int, height: Callable[[Floats, Floats], Floats]
) -> dict[str, tuple[float, float]]:
    """Mean and largest sector at 10-3 Å with an object, over those without; heights in standard deviations."""
    plain = noise_micrograph(OPTICS, (size, size), seed, NOISE_AT_NYQUIST)
    y, x = np.mgrid[:size, :size] / size
    thing = float(plain.pixels.std()) * height(x, y)
    marked = replace(plain, pixels=(plain.pixels + thing).astype(np.float32))
    found = {}
    for name, tile_px in TILES_PX.items():
        ratio = _sector_power(marked, tile_px) / _sector_power(plain, tile_px)
        found[name] = float(ratio.mean()), float(ratio.max())
    return found


def edge(x: Floats, y: Floats) -> Floats:
    return np.where(x + 0.3 * y > 0.8, OBJECT_HEIGHT, 0.0)


def bowl(x: Floats, y: Floats) -> Floats:
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
    honest = [dispersion_of_noise(seed, size) for seed in range(count)]
    leaks = {thing.__name__: leakage(0, size, thing) for thing in (edge, bowl)}
    header = ["spectrum", "noise variance / promised", "±"]
    header += [f"{thing}: {which}" for thing in leaks for which in ("mean sector", "largest")]
    rows: list[list[Cell]] = []
    for name in TILES_PX:
        values = [one[name] for one in honest]
        deviation = float(np.std(values, ddof=1)) / math.sqrt(count)
        cells = [f"{value:.3f}" for leak in leaks.values() for value in leak[name]]
        rows.append([name, f"{np.mean(values):.3f}", f"{deviation:.3f}", *cells])
    print_table(f"Variance and leakage, {size} px of noise at 1 Å/px, {count} images", header, rows)


def print_fits(signal: str, size: int, found: list[dict[str, Fitted]]) -> None:
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
    parser.add_argument("--size", type=int, default=2048, help="pixels each way")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    print_noise(options.size, options.noise)
    for signal, contrast in SIGNALS.items():
        work = functools.partial(fits, contrast=contrast, size=options.size)
        print_fits(signal, options.size, in_processes(work, range(options.count), options.workers))


if __name__ == "__main__":
    main()
