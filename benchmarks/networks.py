"""How right networks are: on whole simulated micrographs of a seed of their own, on real data, and how fast.

Images are made and measured once, and kept; any number of models is asked of them.

    python benchmarks/networks.py --cache FOLDER [--model MODEL.onnx ...] [--scale 1] [--workers 2] [--data FOLDER]
"""

import argparse
import time
from pathlib import Path

import numpy as np

from network_answers import Said, said_of
from network_sets import Wanted, all_sets, measure
from real import DATA, Subject, examined, subjects
from tables import Cell, print_table, print_target
from thonring import read, spectrum
from thonring.learn.dataset.dataset import Dataset, open_dataset
from thonring.learn.inputs import SAMPLINGS_A, network_input, spectrum_pyramid
from thonring.learn.predict import NetworkDefocus, Predictor
from thonring.records import Spectrum

TIMED = 40
RINGS = "rings"
REAL_SHARE = 0.02
HEADER = [
    "micrographs",
    "network",
    "n",
    "median Å",
    "mean Å",
    "beyond 1000 Å",
    "95 % holds",
    "median σ Å",
    "ms each",
]


def row_of(wanted: Wanted, predictor: Predictor, said: Said) -> list[Cell]:
    known = wanted.name != "none"
    errors = [f"{np.median(said.error_A):.1f}", f"{said.error_A.mean():.1f}", f"{100 * said.far:.2f} %"]
    held = f"{100 * said.held:.1f} %"
    numbers = [*errors, held] if known else [""] * 4
    median_sigma = f"{np.median(said.sigma_A):.0f}"
    return [
        wanted.title,
        predictor.card.network,
        len(said.error_A),
        *numbers,
        median_sigma,
        f"{1000 * said.seconds:.1f}",
    ]


def print_real(predictor: Predictor, data: Path) -> None:
    """Real micrographs and spectra: the network beside the accepted estimate."""
    rows: list[list[Cell]] = []
    worst = 0.0
    for subject in subjects(data, 8.0):
        if subject.group.startswith("micassess"):
            continue
        outcome = examined(subject, None).outcome
        power, said = _real_answer(predictor, subject)
        fitted_A = (
            outcome.fit.mean_defocus_A if outcome.fit and outcome.status == "accepted" else float("nan")
        )
        share = said.defocus_A / fitted_A - 1
        worst = max(worst, abs(share)) if outcome.status == "accepted" else worst
        fit_text = f"{fitted_A:.0f}" if outcome.status == "accepted" else outcome.status
        rows.append(
            [
                subject.group,
                subject.path.name,
                f"{power.sampling_A:.2f}",
                fit_text,
                f"{said.defocus_A:.0f}",
                f"{said.sigma_A:.0f}",
                f"{100 * share:+.2f} %" if outcome.status == "accepted" else "",
            ]
        )
    header = ["set", "file", "known to Å/px", "fit Å", "network Å", "± Å", "apart"]
    print_table(f"Real data, {predictor.card.network}", header, rows)
    print_target(
        f"worst {100 * worst:.2f} % from the accepted estimate, within 2 % wanted", met=worst <= REAL_SHARE
    )


def _real_answer(predictor: Predictor, subject: Subject) -> tuple[Spectrum, NetworkDefocus]:
    if subject.spectrum is not None:
        power = read.spectrum_file(subject.path, subject.optics, subject.spectrum).spectrum
    else:
        image = spectrum.repaired(read.micrograph(subject.path, subject.optics))
        power = spectrum.periodogram(image, finest_A=SAMPLINGS_A[0])
    return power, predictor.predict_spectrum(power, subject.optics)


def print_times(predictor: Predictor, dataset: Dataset, micrograph: Path | None) -> None:
    """CPU time of a prediction, once warm: from the spectra, one at a time, and from a whole micrograph."""
    views = [dataset.pyramid(index) for index in range(min(TIMED, len(dataset)))]
    seconds = []
    for index, view in enumerate(views):
        began = time.process_time()
        predictor.predict([network_input(view, dataset.columns.optics(index), predictor.card)])
        seconds.append(time.process_time() - began)
    each_ms = 1000 * float(np.median(seconds))
    print_target(f"{each_ms:.1f} ms from the spectra, one at a time, 10 wanted", met=each_ms <= 10)
    if micrograph is None:
        return
    optics = next(one.optics for one in subjects(micrograph.parents[1], 8.0) if one.path == micrograph)
    whole = []
    for _ in range(5):
        began = time.process_time()
        image = spectrum.repaired(read.micrograph(micrograph, optics))
        power = spectrum.periodogram(image, finest_A=SAMPLINGS_A[0])
        predictor.predict([network_input(spectrum_pyramid(power), optics, predictor.card)])
        whole.append(time.process_time() - began)
    cpu_s = float(np.median(whole))
    print_target(f"{cpu_s:.2f} CPU s from a file of 4096², 0.2 wanted", met=cpu_s <= 0.2)


def print_targets(found: dict[tuple[str, str], Said]) -> None:
    """What `rings` is to reach where rings are visible."""
    for name in ("visible-2048", "visible-4096"):
        said = found.get((name, RINGS))
        if said is None:
            continue
        print(f"\nFigures to reach, {RINGS} on {name}")
        print_target(
            f"median error {np.median(said.error_A):.1f} Å, 20 wanted", met=np.median(said.error_A) <= 20
        )
        print_target(f"mean error {said.error_A.mean():.1f} Å, 50 wanted", met=said.error_A.mean() <= 50)
        print_target(f"{100 * said.far:.2f} % beyond 1000 Å, 0.2 wanted", met=said.far <= 0.002)
        print_target(
            f"95 % interval holds {100 * said.held:.1f} %, 93-97 wanted", met=0.93 <= said.held <= 0.97
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--cache", type=Path, required=True, help="folder of the measured sets; made if missing"
    )
    parser.add_argument("--model", type=Path, action="append", help="models besides the packaged one; repeat")
    parser.add_argument("--scale", type=float, default=1.0, help="of the numbers of micrographs")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the real data")
    parser.add_argument("--figure", type=Path, metavar="FOLDER", help="draw networks.png there")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    predictors = [Predictor.load(), *(Predictor.load(model) for model in options.model or ())]
    sets = {
        one: open_dataset([measure(one, options.cache, options.workers)]) for one in all_sets(options.scale)
    }
    found = {
        (one.name, predictor.card.network): said_of(predictor, dataset)
        for one, dataset in sets.items()
        for predictor in predictors
    }
    titles = {one.name: one for one in sets}
    networks = {predictor.card.network: predictor for predictor in predictors}
    rows = [row_of(titles[name], networks[network], said) for (name, network), said in found.items()]
    print_table("Networks on whole simulated micrographs", HEADER, rows)
    print_targets(found)
    if options.figure is not None:
        from network_figure import write_figure

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
