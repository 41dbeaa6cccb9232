"""Calibrate the standard errors of a model on whole simulated micrographs, and write the factor to its model card.

    python -m benchmarks.network.calibrate MODEL.onnx --cache FOLDER [--count 300] [--workers 2]

Training calibrates a network on spectra like those it was trained on; whole micrographs differ a little. With the
factor, the truth of 95 % of 300 micrographs with visible rings lies within 1.96 standard errors. `network.accuracy`
tests this on another seed.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks.network.evaluation import NORMAL_95, calibration_set, measure, predict
from thonring.learn.dataset.dataset import open_dataset
from thonring.learn.model_card import write_card
from thonring.learn.predict import Predictor

SEED = 12


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument(
        "--cache", type=Path, required=True, help="folder of the data set; created if missing"
    )
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    dataset = open_dataset([measure(calibration_set(options.count), options.cache, options.workers, SEED)])
    predictor = Predictor.load(options.model)
    predictions = predict(predictor, dataset)
    normalized = predictions.error_A * predictor.card.sigma_scale / predictions.sigma_A
    scale = float(np.percentile(normalized, 95)) / NORMAL_95
    write_card(options.model, predictor.card.model_copy(update={"sigma_scale": round(scale, 3)}))
    print(
        f"{len(normalized)} micrographs: factor {scale:.3f}, written to {options.model.with_suffix('.toml')}"
    )


if __name__ == "__main__":
    main()
