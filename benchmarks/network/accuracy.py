"""Accuracy and CPU time of networks on whole simulated micrographs, and their agreement with fits of real data.

The simulated micrographs have a seed of their own; they are measured once and stored for any number of models.

    python -m benchmarks.network.accuracy --cache FOLDER [--model MODEL.onnx ...] [--scale 1] [--data FOLDER]
"""

import argparse
import time
from pathlib import Path

import numpy as np

from benchmarks.accuracy.real import DATA, RealFile, estimate_file, real_files
from benchmarks.lib.harness import Cell, print_table, print_target
from benchmarks.network.evaluation import EvaluationSet, Predictions, all_sets, measure, predict
from thonring import read, spectrum
from thonring.learn.dataset.dataset import Dataset, open_dataset
from thonring.learn.inputs import SAMPLINGS_A, network_input, spectrum_pyramid
from thonring.learn.predict import NetworkDefocus, Predictor
from thonring.records import Spectrum

TIMED = 40
RINGS = "rings"
MAX_DIFFERENCE = 0.02
"""Relative difference of prediction and fit of real data."""

ASSUMED_PIXEL_A = 8.0
"""Of the micassess images, which are not evaluated."""

HEADER = [
    "micrographs",
    "network",
    "n",
    "median Å",
    "mean Å",
    "above 1000 Å",
    "95 % covers",
    "median σ Å",
    "ms each",
]


def row_of(evaluation_set: EvaluationSet, predictor: Predictor, predictions: Predictions) -> list[Cell]:
    has_rings = evaluation_set.name != "none"
    errors = [
        f"{np.median(predictions.error_A):.1f}",
        f"{predictions.error_A.mean():.1f}",
        f"{100 * predictions.outliers:.2f} %",
    ]
    coverage = f"{100 * predictions.coverage:.1f} %"
    numbers = [*errors, coverage] if has_rings else [""] * 4
    median_sigma = f"{np.median(predictions.sigma_A):.0f}"
    return [
        evaluation_set.title,
        predictor.card.network,
        len(predictions.error_A),
        *numbers,
        median_sigma,
        f"{1000 * predictions.seconds:.1f}",
    ]


def print_real(predictor: Predictor, data: Path) -> None:
    """Print predictions for real micrographs and spectra, and their difference from the accepted estimates."""
    rows: list[list[Cell]] = []
    worst = 0.0
    for file in real_files(data, ASSUMED_PIXEL_A):
        if file.group.startswith("micassess"):
            continue
        outcome = estimate_file(file, None).outcome
        power, predicted = _predict_real(predictor, file)
        fitted_A = (
            outcome.fit.mean_defocus_A if outcome.fit and outcome.status == "accepted" else float("nan")
        )
        difference = predicted.defocus_A / fitted_A - 1
        worst = max(worst, abs(difference)) if outcome.status == "accepted" else worst
        fit_text = f"{fitted_A:.0f}" if outcome.status == "accepted" else outcome.status
        rows.append(
            [
                file.group,
                file.path.name,
                f"{power.sampling_A:.2f}",
                fit_text,
                f"{predicted.defocus_A:.0f}",
                f"{predicted.sigma_A:.0f}",
                f"{100 * difference:+.2f} %" if outcome.status == "accepted" else "",
            ]
        )
    header = ["set", "file", "sampling Å/px", "fit Å", "network Å", "± Å", "difference"]
    print_table(f"Real data, {predictor.card.network}", header, rows)
    print_target(
        f"largest difference from an accepted estimate {100 * worst:.2f} % (target: at most 2 %)",
        met=worst <= MAX_DIFFERENCE,
    )


def _predict_real(predictor: Predictor, file: RealFile) -> tuple[Spectrum, NetworkDefocus]:
    if file.spectrum is not None:
        power = read.spectrum_file(file.path, file.optics, file.spectrum).spectrum
    else:
        image = spectrum.repaired(read.micrograph(file.path, file.optics))
        power = spectrum.periodogram(image, finest_A=SAMPLINGS_A[0])
    return power, predictor.predict_spectrum(power, file.optics)


def print_times(predictor: Predictor, dataset: Dataset, micrograph: Path | None) -> None:
    """Print CPU times of single predictions after a warm-up: from spectra, and from a micrograph file."""
    views = [dataset.pyramid(index) for index in range(min(TIMED, len(dataset)))]
    seconds = []
    for index, view in enumerate(views):
        began = time.process_time()
        predictor.predict([network_input(view, dataset.columns.optics(index), predictor.card)])
        seconds.append(time.process_time() - began)
    each_ms = 1000 * float(np.median(seconds))
    print_target(f"{each_ms:.1f} ms per prediction from spectra (target: at most 10)", met=each_ms <= 10)
    if micrograph is None:
        return
    optics = next(
        one.optics for one in real_files(micrograph.parents[1], ASSUMED_PIXEL_A) if one.path == micrograph
    )
    whole = []
    for _ in range(5):
        began = time.process_time()
        image = spectrum.repaired(read.micrograph(micrograph, optics))
        power = spectrum.periodogram(image, finest_A=SAMPLINGS_A[0])
        predictor.predict([network_input(spectrum_pyramid(power), optics, predictor.card)])
        whole.append(time.process_time() - began)
    cpu_s = float(np.median(whole))
    print_target(f"{cpu_s:.2f} CPU s from a file of 4096² (target: at most 0.2)", met=cpu_s <= 0.2)


def print_targets(found: dict[tuple[str, str], Predictions]) -> None:
    """Print the targets of the network `rings` where rings are visible."""
    for name in ("visible-2048", "visible-4096"):
        predictions = found.get((name, RINGS))
        if predictions is None:
            continue
        print(f"\nTargets of {RINGS} on {name}")
        print_target(
            f"median error {np.median(predictions.error_A):.1f} Å (target: at most 20)",
            met=np.median(predictions.error_A) <= 20,
        )
        print_target(
            f"mean error {predictions.error_A.mean():.1f} Å (target: at most 50)",
            met=predictions.error_A.mean() <= 50,
        )
        print_target(
            f"{100 * predictions.outliers:.2f} % above 1000 Å (target: at most 0.2)",
            met=predictions.outliers <= 0.002,
        )
        print_target(
            f"95 % interval covers {100 * predictions.coverage:.1f} % (target: 93-97)",
            met=0.93 <= predictions.coverage <= 0.97,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--cache", type=Path, required=True, help="folder of the data sets; created if missing"
    )
    parser.add_argument(
        "--model",
        type=Path,
        action="append",
        help="a model in addition to the packaged one; repeatable",
    )
    parser.add_argument("--scale", type=float, default=1.0, help="factor of the numbers of micrographs")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the real data")
    parser.add_argument("--figure", type=Path, metavar="FOLDER", help="draw networks.png in this folder")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    predictors = [Predictor.load(), *(Predictor.load(model) for model in options.model or ())]
    sets = {
        one: open_dataset([measure(one, options.cache, options.workers)]) for one in all_sets(options.scale)
    }
    found = {
        (one.name, predictor.card.network): predict(predictor, dataset)
        for one, dataset in sets.items()
        for predictor in predictors
    }
    titles = {one.name: one for one in sets}
    networks = {predictor.card.network: predictor for predictor in predictors}
    rows = [
        row_of(titles[name], networks[network], predictions) for (name, network), predictions in found.items()
    ]
    print_table("Networks on whole simulated micrographs", HEADER, rows)
    print_targets(found)
    if options.figure is not None:
        from benchmarks.network.figure import write_figure

        print(f"\nfigure: {write_figure(options.figure / 'networks.png', found)}")
    print()
    has_real = options.data.is_dir()
    first = next(iter(sets.values()))
    print_times(predictors[0], first, options.data / "epu" / "epu2.9_example.mrc" if has_real else None)
    if has_real:
        print_real(predictors[0], options.data)
    else:
        print(f"No real data: {options.data} is not a folder; give --data FOLDER.")


if __name__ == "__main__":
    main()
