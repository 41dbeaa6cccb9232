"""Fits that start from the prediction of a network: fits rescued and lost, and the criterion `network_agreement`.

The labelled micrographs of `corrections.compare` (1792 of 2048 px, 170 unusable, seed 3) are fitted from the starts of
a search, from these and that of the packaged network, and from that of the network alone.

    python -m benchmarks.network.starts --cache FOLDER [--count 1792] [--seed 3] [--size 2048] [--workers 2]
    python -m benchmarks.network.starts --cache FOLDER --recipe benchmarks/network/recipes/weak.toml    # weak rings
"""

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.corrections.scenes import (
    THESIS_COUNT,
    NumberedScene,
    labelled_scenes,
    recipe_scenes,
    simulate,
)
from benchmarks.lib.harness import map_in_processes, print_table
from thonring import Settings, quality
from thonring.evaluate import is_right
from thonring.files.atomic import write_text
from thonring.learn.predict import NetworkDefocus, Predictor
from thonring.measurement import Measurement, measure
from thonring.pipeline import attempts_on, sectors
from thonring.records import Attempt, CtfFit, Floats, SectorProfiles

AT_ONCE = 64
AGREEMENT = "network_agreement"
START_MODES: dict[str, Settings] = {
    "match": Settings(),
    "match and network": Settings(start="network"),
    "fourier": Settings(search="fourier"),
    "fourier and network": Settings(search="fourier", start="network"),
    "network alone": Settings(start="network-only"),
}
COMPARED = (("match", "match and network"), ("fourier", "fourier and network"), ("match", "network alone"))
LIMITS = (3.0, 4.0, 6.0, 10.0, 20.0)


@dataclass(frozen=True, slots=True)
class FitResult:
    """Result by one start mode: mean defocus (NaN without a fit), and its difference from the prediction in σ."""

    defocus_A: float
    correct: bool
    accepted: bool
    agreement: float


@dataclass(frozen=True, slots=True)
class Row:
    """One micrograph: its truth, the prediction of the network, and the result by each start mode."""

    number: int
    usable: bool
    defect: str
    defocus_A: float
    predicted_A: float
    sigma_A: float
    results: dict[str, FitResult]


def fit_by_all_modes(numbered: NumberedScene) -> Row:
    """Simulate and measure one micrograph, and fit it by each start mode."""
    scene = numbered.scene
    measurement = measure(simulate(numbered), Settings())
    profiles = sectors(measurement, Settings())
    predicted = Predictor.load().predict_spectrum(measurement.spectrum, measurement.optics)
    results = {
        mode: _fit_result(numbered, measurement, profiles, settings, predicted)
        for mode, settings in START_MODES.items()
    }
    return Row(
        numbered.number,
        scene.usable,
        scene.defect,
        scene.mean_defocus_A,
        predicted.defocus_A,
        predicted.sigma_A,
        results,
    )


def _fit_result(
    numbered: NumberedScene,
    measurement: Measurement,
    profiles: SectorProfiles,
    settings: Settings,
    predicted: NetworkDefocus,
) -> FitResult:
    settings = replace(settings, limits=quality.load_profile("default"))
    best = max(attempts_on(measurement, profiles, settings), key=_rank)
    if best.fit is None:
        return FitResult(math.nan, correct=False, accepted=False, agreement=math.nan)
    correct = is_right(best.fit, numbered.scene, measurement.optics.wavelength_A)
    return FitResult(best.fit.mean_defocus_A, correct, best.verdict.accepted, _agreement(best.fit, predicted))


def _rank(attempt: Attempt) -> tuple[bool, bool, float]:
    gain = attempt.fit.log_likelihood_gain if attempt.fit else 0.0
    return attempt.verdict.accepted, attempt.fit is not None, gain


def _agreement(fit: CtfFit, predicted: NetworkDefocus) -> float:
    """Difference of fit and prediction over its standard error."""
    sigma_A = math.hypot(fit.defocus_sigma_A, predicted.sigma_A)
    return abs(fit.mean_defocus_A - predicted.defocus_A) / sigma_A


def compute_rows(cache: Path, scenes: Sequence[NumberedScene], workers: int) -> list[Row]:
    """Read the rows in the cache file and compute those that it lacks; it is written after every 64."""
    rows = {row.number: row for row in _read(cache)}
    missing = [one for one in scenes if one.number not in rows]
    for first in range(0, len(missing), AT_ONCE):
        for row in map_in_processes(fit_by_all_modes, missing[first : first + AT_ONCE], workers):
            rows[row.number] = row
        write_text(cache, "".join(f"{json.dumps(asdict(row))}\n" for _, row in sorted(rows.items())))
    return [rows[one.number] for one in scenes]


def _read(cache: Path) -> list[Row]:
    if not cache.exists():
        return []
    rows = [json.loads(line) for line in cache.read_text(encoding="utf-8").splitlines()]
    return [
        Row(**{**row, "results": {mode: FitResult(**one) for mode, one in row["results"].items()}})
        for row in rows
    ]


def print_start_modes(rows: Sequence[Row]) -> None:
    """Print correct fits of usable micrographs and verdicts by start mode."""
    usable = [row for row in rows if row.usable]
    table = []
    for mode in START_MODES:
        accepted = [row for row in rows if row.results[mode].accepted]
        wrong = sum(not (row.usable and row.results[mode].correct) for row in accepted)
        correct = sum(row.results[mode].correct for row in usable)
        table.append([mode, correct, len(usable) - correct, len(accepted), wrong])
    header = ["start", "correct fits of usable", "wrong or none", "accepted", "of them wrong"]
    print_table(f"{len(rows)} micrographs, {len(usable)} usable", header, table)


def print_comparisons(rows: Sequence[Row]) -> None:
    """Print how often only one of two start modes is correct, among usable micrographs."""
    usable = [row for row in rows if row.usable]
    table = []
    for without, with_network in COMPARED:
        rescued = [
            row for row in usable if row.results[with_network].correct and not row.results[without].correct
        ]
        lost = [
            row for row in usable if row.results[without].correct and not row.results[with_network].correct
        ]
        table.append([without, with_network, *(_count(part, usable) for part in (rescued, lost))])
    print_table("Fits rescued and lost by the network", ["without", "with", "rescued", "lost"], table)


def _count(part: Sequence[Row], of: Sequence[Row]) -> str:
    numbers = (
        f" ({', '.join(str(row.number) for row in part[:6])}{' ...' if len(part) > 6 else ''})"
        if part
        else ""
    )
    return f"{len(part)}, {100 * len(part) / len(of):.2f} %{numbers}"


def print_agreement(rows: Sequence[Row]) -> None:
    """Print how many fits from the search alone a limit on `network_agreement` would reject."""
    results = [(row, row.results["match"]) for row in rows if math.isfinite(row.results["match"].agreement)]
    kinds = {
        "accepted, correct": [e for row, e in results if row.usable and e.correct and e.accepted],
        "accepted, wrong or unusable": [
            e for row, e in results if not (row.usable and e.correct) and e.accepted
        ],
        "usable, rejected, correct": [e for row, e in results if row.usable and e.correct and not e.accepted],
        "usable, rejected, wrong": [
            e for row, e in results if row.usable and not e.correct and not e.accepted
        ],
        "unusable, rejected": [e for row, e in results if not row.usable and not e.accepted],
    }
    table = [
        [name, len(part), *_above(np.array([one.agreement for one in part]))] for name, part in kinds.items()
    ]
    print_table(
        f"Criterion {AGREEMENT}: fraction above", ["fits", "n", *(f"{limit:g} σ" for limit in LIMITS)], table
    )


def _above(values: Floats) -> list[str]:
    return [f"{100 * np.mean(values > limit):.2f} %" if values.size else "" for limit in LIMITS]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--cache", type=Path, required=True, help="folder of stored results; created if missing"
    )
    parser.add_argument("--count", type=int, default=THESIS_COUNT)
    parser.add_argument("--recipe", default="corrections", help="packaged recipe or a .toml file")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--size", type=int, default=2048, help="image size in pixels")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    model, recipe = Predictor.load().card.sha256[:12], Path(options.recipe).stem
    cache = options.cache / f"network-starts-{recipe}-seed{options.seed}-{options.size}-{model}.jsonl"
    scenes = labelled_scenes(recipe_scenes(options.recipe, options.seed, options.size), options.count)
    rows = compute_rows(cache, scenes, options.workers)
    print_start_modes(rows)
    print_comparisons(rows)
    print_agreement(rows)


if __name__ == "__main__":
    main()
