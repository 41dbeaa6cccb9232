"""Calibrate the standard errors of a model on whole simulated micrographs, and write the factor into its card.

    python benchmarks/calibrate_network.py MODEL.onnx --cache FOLDER [--count 300] [--workers 2]

The network is calibrated on the cells it was trained on. Whole micrographs differ a little: with the factor, 95 % of
300 micrographs with visible rings have their truth within 1.96 standard errors. `networks.py` tests it by another seed.
"""

import argparse
from pathlib import Path

import numpy as np

from network_answers import NORMAL_95, said_of
from network_sets import calibration_set, measure
from thonring.learn.dataset.dataset import open_dataset
from thonring.learn.model_card import write_card
from thonring.learn.predict import Predictor

SEED = 12


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument(
        "--cache", type=Path, required=True, help="folder of the measured set; made if missing"
    )
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    dataset = open_dataset([measure(calibration_set(options.count), options.cache, options.workers, SEED)])
    predictor = Predictor.load(options.model)
    said = said_of(predictor, dataset)
    turns = said.error_A * predictor.card.sigma_scale / said.sigma_A
    scale = float(np.percentile(turns, 95)) / NORMAL_95
    write_card(options.model, predictor.card.model_copy(update={"sigma_scale": round(scale, 3)}))
    print(
        f"{len(turns)} micrographs: standard errors times {scale:.3f}; {options.model.with_suffix('.toml')} has it"
    )


if __name__ == "__main__":
    main()
