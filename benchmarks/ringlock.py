"""Ring-lock: wrong rings taken for the right ones, in random micrographs whose rings are visible; and in none.

A fit is locked if its mean defocus is off by more than 10 % or 1000 Å. Visible means: see draws.visible_rings.
Pure noise, 500 images by default, must never be accepted. Every offender is printed with all its parameters.

    python benchmarks/ringlock.py [--count 300] [--noise 500] [--first-seed 0] [--significance 10] [--workers 2]
"""

import argparse
import functools
from dataclasses import dataclass

import numpy as np

from draws import SIGNIFICANCE, Draw, wide
from errors_of_fits import Estimate, best_attempt, described, is_gross, judged_estimate
from pool import in_processes
from tables import print_table, print_target
from thonring import Optics, Settings
from thonring.measurement import measure
from thonring.simulate import noise_micrograph, white_micrograph


@dataclass(frozen=True, slots=True)
class Trial:
    """A micrograph and what we made of it."""

    draw: Draw
    estimate: Estimate

    @property
    def locked(self) -> bool:
        """Whether there is a fit, and it is grossly wrong."""
        return self.estimate.has_fit and is_gross(self.draw.truth, self.estimate.error_A[0])


def rings_trial(seed: int, significance: float) -> Trial:
    draw = wide(seed, significance)
    settings = Settings()
    measured = measure(white_micrograph(draw.truth, draw.shape, seed), settings)
    return Trial(draw, judged_estimate(draw, measured, settings))


def noise_trial(seed: int) -> str | None:
    """What an accepted image of noise was taken for; None where it was rejected, as it should."""
    random = np.random.default_rng(seed)
    optics = Optics(float(random.choice([100, 200, 300])), 2.7, 0.1, random.uniform(0.5, 2.0))
    shape = (int(random.integers(1024, 2049)), int(random.integers(1024, 2049)))
    falls_to = random.uniform(0.02, 1.0)
    settings = Settings()
    measured = measure(noise_micrograph(optics, shape, seed, falls_to), settings)
    attempt = best_attempt(measured, settings)
    if not attempt.verdict.accepted or attempt.fit is None:
        return None
    made_as = f"seed {seed}: {optics}, {shape} px, noise falls to {falls_to:.2f}"
    return f"{made_as}; taken for {described(attempt.fit)}"


def print_rings(trials: list[Trial]) -> None:
    locked = [trial for trial in trials if trial.locked]
    accepted = [trial for trial in locked if trial.estimate.accepted]
    without = [trial for trial in trials if not trial.estimate.has_fit]
    rejected = [trial for trial in trials if not trial.estimate.accepted and not trial.locked]
    rows = []
    for voltage_kV in (100.0, 200.0, 300.0):
        at = [trial for trial in trials if trial.draw.truth.optics.voltage_kV == voltage_kV]
        groups = [[t for t in group if t in at] for group in (locked, accepted, without, rejected)]
        rows.append([voltage_kV, len(at), *map(len, groups)])
    rows.append(["all", len(trials), len(locked), len(accepted), len(without), len(rejected)])
    header = ["kV", "micrographs", "locked", "locked and accepted", "no fit", "rejected, not locked"]
    print_table("Visible rings: 0.3-6 µm, 0.5-2 Å/px", header, rows)
    for title, group in (("LOCKED", locked), ("REJECTED", rejected)):
        for trial in group:
            print(f"  {title} {trial.draw.described()}\n      -> {trial.estimate.summary}")
    print_target(f"no ring-lock: {len(locked)} of {len(trials)}", met=not locked)
    print_target(f"no ring-lock accepted: {len(accepted)} of {len(trials)}", met=not accepted)


def print_noise(accepted: list[str], count: int) -> None:
    print(f"\nPure noise, 1024-2048 px: {len(accepted)} of {count} accepted")
    for offender in accepted:
        print(f"  ACCEPTED {offender}")
    print_target(f"pure noise is never accepted: {len(accepted)} of {count}", met=not accepted)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=300, help="micrographs with rings")
    parser.add_argument("--noise", type=int, default=500, help="images of noise")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--significance", type=float, default=SIGNIFICANCE, help="of each visible ring, in σ")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    first = options.first_seed
    trial = functools.partial(rings_trial, significance=options.significance)
    print_rings(in_processes(trial, range(first, first + options.count), options.workers))
    if options.noise:
        said = in_processes(noise_trial, range(first, first + options.noise), options.workers)
        print_noise([text for text in said if text is not None], options.noise)


if __name__ == "__main__":
    main()
