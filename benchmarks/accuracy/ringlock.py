"""Ring-lock: how often a fit locks onto the wrong rings where rings are visible, or accepts pure noise.

A fit is locked onto the wrong rings if its mean defocus is off by more than 10 % or 1000 Å. Rings are visible as
`simulated_micrographs.visible_rings` defines it. Images of pure noise must never be accepted. Every failure is printed
with all its parameters.

    python -m benchmarks.accuracy.ringlock [--count 300] [--noise 500] [--first-seed 0]
        [--significance 10] [--workers 2]
"""

import argparse
import functools
from dataclasses import dataclass

import numpy as np

from benchmarks.lib.fit_errors import (
    Estimate,
    best_attempt,
    describe_fit,
    estimate_measurement,
    is_gross_error,
)
from benchmarks.lib.harness import map_in_processes, print_table, print_target
from benchmarks.lib.simulated_micrographs import SIGNIFICANCE, MicrographSpec, wide_range_micrograph
from thonring import Optics, Settings
from thonring.measurement import measure
from thonring.simulate import noise_micrograph, white_micrograph


@dataclass(frozen=True, slots=True)
class Trial:
    """A simulated micrograph and our estimate of it."""

    spec: MicrographSpec
    estimate: Estimate

    @property
    def locked(self) -> bool:
        """Whether there is a fit, locked onto the wrong rings."""
        return self.estimate.has_fit and is_gross_error(self.spec.truth, self.estimate.error_A[0])


def rings_trial(seed: int, significance: float) -> Trial:
    spec = wide_range_micrograph(seed, significance)
    settings = Settings()
    measurement = measure(white_micrograph(spec.truth, spec.shape, seed), settings)
    return Trial(spec, estimate_measurement(spec, measurement, settings))


def noise_trial(seed: int) -> str | None:
    """Describe an accepted image of noise and its fit; None if it was rejected, as it should be."""
    random = np.random.default_rng(seed)
    optics = Optics(float(random.choice([100, 200, 300])), 2.7, 0.1, random.uniform(0.5, 2.0))
    shape = (int(random.integers(1024, 2049)), int(random.integers(1024, 2049)))
    noise_at_nyquist = random.uniform(0.02, 1.0)
    settings = Settings()
    measurement = measure(noise_micrograph(optics, shape, seed, noise_at_nyquist), settings)
    attempt = best_attempt(measurement, settings)
    if not attempt.verdict.accepted or attempt.fit is None:
        return None
    noise = f"seed {seed}: {optics}, {shape} px, noise at Nyquist {noise_at_nyquist:.2f}"
    return f"{noise}; fitted as {describe_fit(attempt.fit)}"


def print_rings(trials: list[Trial]) -> None:
    locked = [trial for trial in trials if trial.locked]
    accepted = [trial for trial in locked if trial.estimate.accepted]
    without = [trial for trial in trials if not trial.estimate.has_fit]
    rejected = [trial for trial in trials if not trial.estimate.accepted and not trial.locked]
    rows = []
    for voltage_kV in (100.0, 200.0, 300.0):
        at = [trial for trial in trials if trial.spec.truth.optics.voltage_kV == voltage_kV]
        groups = [[t for t in group if t in at] for group in (locked, accepted, without, rejected)]
        rows.append([voltage_kV, len(at), *map(len, groups)])
    rows.append(["all", len(trials), len(locked), len(accepted), len(without), len(rejected)])
    header = ["kV", "micrographs", "locked", "locked and accepted", "no fit", "rejected, not locked"]
    print_table("Visible rings: 0.3-6 µm, 0.5-2 Å/px", header, rows)
    for title, group in (("LOCKED", locked), ("REJECTED", rejected)):
        for trial in group:
            print(f"  {title} {trial.spec.describe()}\n      -> {trial.estimate.summary}")
    print_target(f"ring-lock: {len(locked)} of {len(trials)} (target: none)", met=not locked)
    print_target(f"ring-lock accepted: {len(accepted)} of {len(trials)} (target: none)", met=not accepted)


def print_noise(accepted: list[str], count: int) -> None:
    print(f"\nPure noise, 1024-2048 px: {len(accepted)} of {count} accepted")
    for description in accepted:
        print(f"  ACCEPTED {description}")
    print_target(f"pure noise accepted: {len(accepted)} of {count} (target: none)", met=not accepted)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=300, help="micrographs with rings")
    parser.add_argument("--noise", type=int, default=500, help="images of noise")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--significance", type=float, default=SIGNIFICANCE, help="σ of a visible ring")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    first = options.first_seed
    trial = functools.partial(rings_trial, significance=options.significance)
    print_rings(map_in_processes(trial, range(first, first + options.count), options.workers))
    if options.noise:
        results = map_in_processes(noise_trial, range(first, first + options.noise), options.workers)
        print_noise([text for text in results if text is not None], options.noise)


if __name__ == "__main__":
    main()
