"""What a network adds to the fit: starts that a search lost, starts that it spoils, and its word on wrong fits.

The labelled micrographs of `corrections.py` (1792 of 2048 px, 170 unusable, seed 3), each fitted from the starts of a
search, from these and the packaged network's, and from the network's alone.

    python benchmarks/network_starts.py --cache FOLDER [--count 1792] [--seed 3] [--size 2048] [--workers 2]
    python benchmarks/network_starts.py --cache FOLDER --recipe benchmarks/recipes/weak.toml     # hardly visible rings
"""

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from corrections_scenes import THESIS_COUNT, Numbered, image_of, labelled, recipe_scenes
from pool import in_processes
from tables import print_table
from thonring import Settings, quality
from thonring.evaluate import is_right
from thonring.files.atomic import write_text
from thonring.learn.predict import NetworkDefocus, Predictor
from thonring.measurement import Measurement, measure
from thonring.pipeline import attempts_on, sectors
from thonring.records import Attempt, CtfFit, Floats, SectorProfiles

AT_ONCE = 64
AGREEMENT = "network_agreement"
WAYS: dict[str, Settings] = {
    "match": Settings(),
    "match and network": Settings(start="network"),
    "fourier": Settings(search="fourier"),
    "fourier and network": Settings(search="fourier", start="network"),
    "network alone": Settings(start="network-only"),
}
PAIRS = (("match", "match and network"), ("fourier", "fourier and network"), ("match", "network alone"))
LIMITS = (3.0, 4.0, 6.0, 10.0, 20.0)


@dataclass(frozen=True, slots=True)
class End:
    """How one way ended: the defocus (NaN without a fit), whether it is right, whether it was accepted."""

    defocus_A: float
    right: bool
    accepted: bool
    agreement: float


@dataclass(frozen=True, slots=True)
class Row:
    """One micrograph: its truth, what the network says, and the end of each way."""

    number: int
    usable: bool
    defect: str
    defocus_A: float
    said_A: float
    sigma_A: float
    ends: dict[str, End]


def tried(numbered: Numbered) -> Row:
    """Every way on one micrograph, which is made and measured once."""
    scene = numbered.scene
    measured = measure(image_of(numbered), Settings())
    profiles = sectors(measured, Settings())
    said = Predictor.load().predict_spectrum(measured.spectrum, measured.optics)
    ends = {way: _end(numbered, measured, profiles, settings, said) for way, settings in WAYS.items()}
    return Row(
        numbered.number, scene.usable, scene.defect, scene.mean_defocus_A, said.defocus_A, said.sigma_A, ends
    )


def _end(
    numbered: Numbered,
    measured: Measurement,
    profiles: SectorProfiles,
    settings: Settings,
    said: NetworkDefocus,
) -> End:
    best = max(
        attempts_on(measured, profiles, replace(settings, limits=quality.load_profile("default"))), key=_rank
    )
    if best.fit is None:
        return End(math.nan, right=False, accepted=False, agreement=math.nan)
    right = is_right(best.fit, numbered.scene, measured.optics.wavelength_A)
    return End(best.fit.mean_defocus_A, right, best.verdict.accepted, _agreement(best.fit, said))


def _rank(attempt: Attempt) -> tuple[bool, bool, float]:
    gain = attempt.fit.log_likelihood_gain if attempt.fit else 0.0
    return attempt.verdict.accepted, attempt.fit is not None, gain


def _agreement(fit: CtfFit, said: NetworkDefocus) -> float:
    return abs(fit.mean_defocus_A - said.defocus_A) / math.hypot(fit.defocus_sigma_A, said.sigma_A)


def measured_rows(cache: Path, wanted: Sequence[Numbered], workers: int) -> list[Row]:
    """All rows, those that the cache lacks measured now; it is written after each few."""
    rows = {row.number: row for row in _read(cache)}
    missing = [one for one in wanted if one.number not in rows]
    for first in range(0, len(missing), AT_ONCE):
        for row in in_processes(tried, missing[first : first + AT_ONCE], workers):
            rows[row.number] = row
        write_text(cache, "".join(f"{json.dumps(asdict(row))}\n" for _, row in sorted(rows.items())))
    return [rows[one.number] for one in wanted]


def _read(cache: Path) -> list[Row]:
    if not cache.exists():
        return []
    tables = [json.loads(line) for line in cache.read_text(encoding="utf-8").splitlines()]
    return [
        Row(**{**table, "ends": {way: End(**end) for way, end in table["ends"].items()}}) for table in tables
    ]


def print_ways(rows: Sequence[Row]) -> None:
    """Right fits of usable micrographs, and the verdicts."""
    usable = [row for row in rows if row.usable]
    table = []
    for way in WAYS:
        accepted = [row for row in rows if row.ends[way].accepted]
        wrong = sum(not (row.usable and row.ends[way].right) for row in accepted)
        right = sum(row.ends[way].right for row in usable)
        table.append([way, right, len(usable) - right, len(accepted), wrong])
    header = ["start", "right fits of usable", "wrong or none", "accepted", "of them wrong"]
    print_table(f"{len(rows)} micrographs, {len(usable)} usable", header, table)


def print_pairs(rows: Sequence[Row]) -> None:
    """How often one way is right where the other is not, among the usable."""
    usable = [row for row in rows if row.usable]
    table = []
    for without, with_network in PAIRS:
        rescued = [row for row in usable if row.ends[with_network].right and not row.ends[without].right]
        lost = [row for row in usable if row.ends[without].right and not row.ends[with_network].right]
        table.append([without, with_network, *(_counted(part, usable) for part in (rescued, lost))])
    print_table("Fits rescued and lost by the network", ["from", "to", "rescued", "lost"], table)


def _counted(part: Sequence[Row], of: Sequence[Row]) -> str:
    numbers = (
        f" ({', '.join(str(row.number) for row in part[:6])}{' ...' if len(part) > 6 else ''})"
        if part
        else ""
    )
    return f"{len(part)}, {100 * len(part) / len(of):.2f} %{numbers}"


def print_agreement(rows: Sequence[Row]) -> None:
    """Whom a limit on the agreement would reject, of the fits from the search alone."""
    ends = [(row, row.ends["match"]) for row in rows if math.isfinite(row.ends["match"].agreement)]
    kinds = {
        "accepted, right": [e for row, e in ends if row.usable and e.right and e.accepted],
        "accepted, wrong or unusable": [e for row, e in ends if not (row.usable and e.right) and e.accepted],
        "usable, rejected, right": [e for row, e in ends if row.usable and e.right and not e.accepted],
        "usable, rejected, wrong": [e for row, e in ends if row.usable and not e.right and not e.accepted],
        "unusable, rejected": [e for row, e in ends if not row.usable and not e.accepted],
    }
    table = [
        [name, len(part), *_beyond(np.array([end.agreement for end in part]))] for name, part in kinds.items()
    ]
    print_table(
        f"Criterion {AGREEMENT}: share beyond", ["fits", "n", *(f"{limit:g} σ" for limit in LIMITS)], table
    )


def _beyond(values: Floats) -> list[str]:
    return [f"{100 * np.mean(values > limit):.2f} %" if values.size else "" for limit in LIMITS]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--cache", type=Path, required=True, help="folder of what was measured; made if missing"
    )
    parser.add_argument("--count", type=int, default=THESIS_COUNT)
    parser.add_argument("--recipe", default="corrections", help="packaged recipe, or a .toml file")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--size", type=int, default=2048, help="pixels each way")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    model, recipe = Predictor.load().card.sha256[:12], Path(options.recipe).stem
    cache = options.cache / f"starts-{recipe}-seed{options.seed}-{options.size}-{model}.jsonl"
    wanted = labelled(recipe_scenes(options.recipe, options.seed, options.size), options.count)
    rows = measured_rows(cache, wanted, options.workers)
    print_ways(rows)
    print_pairs(rows)
    print_agreement(rows)


if __name__ == "__main__":
    main()
