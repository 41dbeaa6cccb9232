"""Simulated micrographs against real ones: rings, noise, ring of ice, low frequencies; and the time to simulate them.

Each real set, described in the README of the data, is compared with the range over scenes of a recipe with the same
voltage, Cs, amplitude contrast and pixel size, measured in the same way.

    python -m benchmarks.simulator.compare [--data ../shared/data] [--count 30] [--recipe session] [--pictures FOLDER]
"""

import argparse
import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.accuracy.real import DATA
from benchmarks.lib.harness import Cell, map_in_processes, print_table, print_target
from benchmarks.simulator.curves import FINE_A, ICE_A, LOW_A, RESOLUTIONS_A, Curves
from benchmarks.simulator.figures import write_calibration, write_pictures
from benchmarks.simulator.real_sets import RealSet, real_curves, real_sets, simulated_curves
from thonring.records import Floats
from thonring.simulate import draw, drawn_spectrum, load_recipe, micrograph

TABLES = {
    "rings": ("Rings: amplitude of sin²χ over background", RESOLUTIONS_A),
    "background": ("Background: power without rings over its value at 6 Å", RESOLUTIONS_A),
    "power": ("Power: mean of all directions over its value at 6 Å", (*LOW_A, *FINE_A)),
    "ice": ("Ice: power over that interpolated between 4.5 and 3.1 Å", ICE_A),
}
RANGE_PERCENT = (5, 95)
MAX_PIXELS = 2048
MAX_SECONDS = 2.5
TIMED = 6


@dataclass(frozen=True, slots=True)
class Comparison:
    """A real set, its curves, and the curves of scenes like it."""

    real_set: RealSet
    real: list[Curves]
    simulated: list[Curves]


def compare(real_set: RealSet, options: argparse.Namespace) -> Comparison:
    work = functools.partial(
        simulated_curves,
        real_set=real_set,
        recipe_name=options.recipe,
        seed=options.seed,
        most_pixels=MAX_PIXELS,
    )
    found = map_in_processes(work, range(options.count), options.workers)
    return Comparison(real_set, real_curves(real_set), [one for one in found if one is not None])


def print_curves(name: str, sets: list[Comparison]) -> None:
    title, resolutions_A = TABLES[name]
    rows: list[list[Cell]] = []
    for one in sets:
        real, simulated = _values(one.real, name), _values(one.simulated, name)
        low, middle, high = _percentiles(simulated)
        parts = {f"real, {len(one.real)}": np.median(real, axis=0)}
        if len(one.real) > 1:
            parts |= {"real, lowest": real.min(axis=0), "real, highest": real.max(axis=0)}
        parts |= {
            f"simulated, {RANGE_PERCENT[0]} %": low,
            "simulated, median": middle,
        }
        parts |= {f"simulated, {RANGE_PERCENT[1]} %": high}
        for number, (what, values) in enumerate(parts.items()):
            rows.append([one.real_set.name if number == 0 else "", what, *(_number(v) for v in values)])
    print_table(title, ["set", "Å", *(f"{value:g}" for value in resolutions_A)], rows)


def _values(curves: list[Curves], name: str) -> Floats:
    return np.array([[one.at(name, value) for value in TABLES[name][1]] for one in curves])


def _percentiles(values: Floats) -> Floats:
    """Lower end, median and upper end of the range of each column; NaN for a column without values."""
    low, high = RANGE_PERCENT
    known = [column[np.isfinite(column)] for column in values.T]
    unknown = np.full(3, np.nan)
    return np.array([np.percentile(one, (low, 50, high)) if one.size else unknown for one in known]).T


def _number(value: float) -> str | None:
    return None if np.isnan(value) else f"{value:.3f}"


def print_targets(sets: list[Comparison]) -> None:
    """Print where the median of the real set is outside the range of the simulated ones."""
    print(f"\nReal median inside the simulated range of {RANGE_PERCENT[0]}-{RANGE_PERCENT[1]} %")
    for name, (_, resolutions_A) in TABLES.items():
        for one in sets:
            real = np.median(_values(one.real, name), axis=0)
            low, _, high = _percentiles(_values(one.simulated, name))
            missed = [
                f"{resolution_A:g} Å ({'above' if value > top else 'below'})"
                for resolution_A, value, bottom, top in zip(resolutions_A, real, low, high, strict=True)
                if value < bottom or value > top
            ]
            outside = f": outside at {', '.join(missed)}" if missed else ""
            print_target(f"{one.real_set.name}, {name}{outside}", met=not missed)


def print_times(recipe_name: str) -> None:
    """Print CPU seconds of 4096² images and of spectra drawn directly, for the same usable scenes."""
    recipe = load_recipe(recipe_name).model_copy(update={"defective_share": 0.0})
    scenes = [draw(recipe, 0, index, 4096) for index in range(TIMED)]
    random = np.random.default_rng(0)
    image = _seconds([functools.partial(micrograph, scene) for scene in scenes])
    spectra = [functools.partial(drawn_spectrum, scene, 2 * scene.pixel_A, random) for scene in scenes]
    spectrum = _seconds(5 * spectra)
    rows: list[list[Cell]] = [
        ["image, 4096²", f"{image:.2f}", "1"],
        ["spectrum, 512²", f"{spectrum:.4f}", f"{image / spectrum:.0f}"],
    ]
    print_table("Time, median", ["what", "CPU s", "times as fast"], rows)
    print_target(f"image of 4096²: {image:.2f} s (target: at most {MAX_SECONDS})", met=image <= MAX_SECONDS)
    print_target(
        f"spectrum: {image / spectrum:.0f} times as fast as an image (target: at least 100)",
        met=image >= 100 * spectrum,
    )


def _seconds(calls: Sequence[Callable[[], object]]) -> float:
    """Median CPU seconds of several calls; the first is made once more in advance, to warm up."""
    calls[0]()
    seconds = []
    for call in calls:
        began = time.process_time()
        call()
        seconds.append(time.process_time() - began)
    return float(np.median(seconds))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the real data")
    parser.add_argument("--count", type=int, default=30, help="scenes for each set")
    parser.add_argument("--recipe", default="session", help="packaged recipe or a .toml file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--pictures", type=Path, help="draw calibration.png and simulated.png in this folder")
    options = parser.parse_args()
    print_times(options.recipe)
    if not options.data.is_dir():
        print(f"No real data: {options.data} is not a folder; give --data FOLDER. Nothing was compared.")
        return
    sets = [compare(one, options) for one in real_sets(options.data)]
    for name in TABLES:
        print_curves(name, sets)
    print("  relion tutorial: spectra summed over groups of frames of 4 e/Å², as are those of its scenes.")
    print_targets(sets)
    if options.pictures is not None:
        options.pictures.mkdir(parents=True, exist_ok=True)
        write_calibration(
            options.pictures / "calibration.png",
            {one.real_set.name: (one.real, one.simulated) for one in sets},
        )
        write_pictures(options.pictures / "simulated.png", real_sets(options.data)[0], options.recipe)


if __name__ == "__main__":
    main()
