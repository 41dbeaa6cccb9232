"""The corrections of the thesis, before and after: every one by itself, all of them, and our default.

1792 simulated micrographs, 170 of them unusable as in the thesis' labelled set. Each is made and measured once and
goes through every search at every sampling; what was found is kept, so that limits can be changed without fitting
again. A run can be stopped, goes on where it was, and can be done in parts:

    python benchmarks/corrections.py --cache FOLDER [--seed 3] [--count 1792] [--size 2048] [--part 1/8] [--workers 2]
    python benchmarks/corrections.py --cache FOLDER --count 0 --noise 1000
    python benchmarks/corrections.py --cache FOLDER --profile mine.toml     # other limits for our default
    python benchmarks/corrections.py --cache OTHER --seed 1 --default-only --values     # to choose limits

Limits were chosen on seeds 1 and 2, our default is reported on seed 3.
"""

import argparse
import functools
import hashlib
from dataclasses import replace
from pathlib import Path

from corrections_cache import Held, Made, measure_blocks, open_cache, program_digest
from corrections_configurations import AFTER, BEFORE, CONFIGURATIONS, DEFAULT
from corrections_record import Row
from corrections_scenes import THESIS_COUNT, labelled, recipe_scenes, without_rings
from corrections_tables import (
    Verdicts,
    print_actions,
    print_confusions,
    print_criteria,
    print_false_positives,
    print_no_rings,
    print_seconds,
    print_targets,
    print_values,
    print_wrong,
)
from corrections_trial import trial
from corrections_verdict import Judged, judged
from thonring.quality import load_profile
from thonring.simulate import load_recipe

REPORTED_SEED = 3


def verdicts_of(rows: list[Row], default_profile: str = "default") -> Verdicts:
    """Verdicts of every configuration whose search was made; `default_profile` holds our default's limits."""
    searched = {attempt.search for attempt in rows[0].tried}
    names = [one.name for one in CONFIGURATIONS if one.search in searched]
    return {name: _judged_all(rows, name, default_profile) for name in names}


def _judged_all(rows: list[Row], name: str, default_profile: str) -> list[Judged]:
    configuration = next(one for one in CONFIGURATIONS if one.name == name)
    if name == DEFAULT:
        configuration = replace(configuration, profile=default_profile)
    limits = load_profile(configuration.profile)
    return [judged(row, configuration, limits) for row in rows]


def report(rows: list[Row], options: argparse.Namespace) -> None:
    """Print all tables, and draw the figure if a folder is given."""
    verdicts = verdicts_of(rows, options.profile)
    default = verdicts[DEFAULT]
    bad = sum(not row.made.scene.usable for row in rows)
    print(f"\n{len(rows)} micrographs of {options.size} px, seed {options.seed}: {bad} unusable")
    print_confusions(verdicts)
    print_false_positives(verdicts)
    if BEFORE in verdicts:
        print_actions(verdicts)
        for name in (BEFORE, AFTER):
            print_criteria(name, verdicts[name], load_profile(name))
    print_criteria(DEFAULT, default, load_profile(options.profile))
    if options.values:
        print_values(default, load_profile(options.profile))
    print_wrong(default, options.seed)
    print_seconds(verdicts)
    print()
    print_targets(default)
    if options.figure is not None:
        from corrections_figure import write_figure

        print(f"\nfigure: {write_figure(options.figure / 'corrections.png', verdicts)}")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--cache", type=Path, required=True, help="folder of what was measured; made if missing"
    )
    parser.add_argument("--seed", type=int, default=REPORTED_SEED, help="1 and 2 chose the limits, 3 reports")
    parser.add_argument("--count", type=int, default=THESIS_COUNT, help="labelled micrographs")
    parser.add_argument("--noise", type=int, default=0, help="micrographs without rings, besides")
    parser.add_argument("--size", type=int, default=2048, help="pixels each way")
    parser.add_argument("--recipe", default="corrections", help="packaged recipe, or a .toml file")
    parser.add_argument("--part", type=_part, default=(1, 1), metavar="3/8", help="measure this part only")
    parser.add_argument("--profile", default="default", help="limits of our default: a name, or a .toml file")
    parser.add_argument("--default-only", action="store_true", help="our default alone: about half the time")
    parser.add_argument(
        "--values", action="store_true", help="print what values the criteria have, by defect"
    )
    parser.add_argument("--figure", type=Path, metavar="FOLDER", help="draw corrections.png there")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--any-program", action="store_true", help="take rows that another version measured")
    parser.add_argument("--report-only", action="store_true", help="measure nothing")
    return parser.parse_args()


def _part(text: str) -> tuple[int, int]:
    number, _, total = text.partition("/")
    if not (number.isdigit() and total.isdigit() and 1 <= int(number) <= int(total)):
        raise argparse.ArgumentTypeError(f"{text!r}: expected a part of all, as 3/8.")
    return int(number), int(total)


def main() -> None:
    options = parsed()
    recipe = hashlib.sha256(load_recipe(options.recipe).model_dump_json().encode()).hexdigest()[:16]
    searches = "default only" if options.default_only else "all"
    made = Made(options.recipe, recipe, options.seed, options.size, searches, program_digest())
    open_cache(options.cache, made, any_program=options.any_program)
    scene_of = recipe_scenes(options.recipe, options.seed, options.size)
    labelled_ones = Held(options.cache, "labelled", options.count)
    empty_ones = Held(options.cache, "no-rings", options.noise)
    work = functools.partial(trial, default_only=options.default_only)
    if not options.report_only:
        for held, make in (
            (labelled_ones, lambda: labelled(scene_of, options.count)),
            (empty_ones, lambda: without_rings(scene_of, options.noise)),
        ):
            measure_blocks(held, make, options.workers, options.part, work)
    for held, told in ((labelled_ones, report), (empty_ones, _report_no_rings)):
        rows = held.rows()
        if len(rows) < held.count:
            print(
                f"\n{held.count - len(rows)} of {held.count} micrographs ({held.kind}) are not measured yet."
            )
        if rows:
            told(rows, options)


def _report_no_rings(rows: list[Row], options: argparse.Namespace) -> None:
    print_no_rings(_judged_all(rows, DEFAULT, options.profile))


if __name__ == "__main__":
    main()
