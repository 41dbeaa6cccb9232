"""Simulated micrographs beside real ones: rings, noise, ring of ice, low frequencies; and how long they take.

Real sets are those of the data's README. Beside each stands the range over scenes of a recipe that had the same
voltage, Cs, amplitude contrast and pixel, measured in the same way. No other program takes part.

    python benchmarks/simulator.py [--data ../shared/data] [--count 30] [--recipe session] [--pictures FOLDER]
"""

import argparse
import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pool import in_processes
from real import DATA
from simulator_curves import FINE_A, ICE_A, LOW_A, RESOLUTIONS_A, Curves
from simulator_figure import write_calibration
from simulator_pictures import write_pictures
from simulator_sets import RealSet, real_curves, real_sets, simulated_curves
from tables import Cell, print_table, print_target
from thonring.records import Floats
from thonring.simulate import draw, drawn_spectrum, load_recipe, micrograph

TABLES = {
    "rings": ("Rings: power that sin²χ multiplies over that which it does not", RESOLUTIONS_A),
    "background": ("Background: power without rings over its value at 6 Å", RESOLUTIONS_A),
    "power": ("Power: mean of all directions over its value at 6 Å", (*LOW_A, *FINE_A)),
    "ice": ("Ice: power over that interpolated between 4.5 and 3.1 Å", ICE_A),
}
RANGE_PERCENT = (5, 95)
MOST_PIXELS = 2048
MOST_SECONDS = 2.5
TIMED = 6


@dataclass(frozen=True, slots=True)
class Compared:
    """A real set with its curves and those of its scenes."""

    real_set: RealSet
    real: list[Curves]
    simulated: list[Curves]


def compared(real_set: RealSet, options: argparse.Namespace) -> Compared:
    work = functools.partial(
        simulated_curves, one=real_set, recipe_name=options.recipe, seed=options.seed, most_pixels=MOST_PIXELS
    )
    found = in_processes(work, range(options.count), options.workers)
    return Compared(real_set, real_curves(real_set), [one for one in found if one is not None])


def print_curves(name: str, sets: list[Compared]) -> None:
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
    """Lower end, median and upper end of the range of each column; NaN where it has no value."""
    low, high = RANGE_PERCENT
    known = [column[np.isfinite(column)] for column in values.T]
    unknown = np.full(3, np.nan)
    return np.array([np.percentile(one, (low, 50, high)) if one.size else unknown for one in known]).T


def _number(value: float) -> str | None:
    return None if np.isnan(value) else f"{value:.3f}"


def print_misses(sets: list[Compared]) -> None:
    """Where the median of the real ones lies outside of the simulated range."""
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
            said = f": outside at {', '.join(missed)}" if missed else ""
            print_target(f"{one.real_set.name}, {name}{said}", met=not missed)


def print_times(recipe_name: str) -> None:
    """CPU seconds of 4096² images and of drawn spectra, over the same usable scenes; the first ones warm up."""
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
    print_table("Time, median", ["what", "CPU s", "times faster"], rows)
    print_target(f"image of 4096²: {image:.2f} s, {MOST_SECONDS} wanted", met=image <= MOST_SECONDS)
    print_target(f"spectrum: {image / spectrum:.0f} times faster, 100 wanted", met=image >= 100 * spectrum)


def _seconds(works: Sequence[Callable[[], object]]) -> float:
    """Median CPU seconds of the works, the first of which is done twice."""
    works[0]()
    seconds = []
    for work in works:
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return float(np.median(seconds))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--count", type=int, default=30, help="scenes for each set")
    parser.add_argument("--recipe", default="session", help="a packaged recipe, or a TOML file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--pictures", type=Path, help="folder for calibration.png and simulated.png")
    options = parser.parse_args()
    print_times(options.recipe)
    if not options.data.is_dir():
        print(f"No real data: {options.data} is not a folder; give --data FOLDER. Nothing was compared.")
        return
    sets = [compared(one, options) for one in real_sets(options.data)]
    for name in TABLES:
        print_curves(name, sets)
    print("  relion tutorial: sums over frames of 4 e/Å², and so are its scenes.")
    print_misses(sets)
    if options.pictures is not None:
        options.pictures.mkdir(parents=True, exist_ok=True)
        write_calibration(
            options.pictures / "calibration.png",
            {one.real_set.name: (one.real, one.simulated) for one in sets},
        )
        write_pictures(options.pictures / "simulated.png", real_sets(options.data)[0], options.recipe)


if __name__ == "__main__":
    main()
