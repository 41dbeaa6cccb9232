"""What a network says of a data set, beside the truth."""

import time
from dataclasses import dataclass

import numpy as np

from thonring.learn.dataset.dataset import Dataset
from thonring.learn.inputs import network_input
from thonring.learn.predict import NetworkDefocus, Predictor
from thonring.records import Floats

FAR_A = 1000.0
NORMAL_95 = 1.959964
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Said:
    """Answers to a set: truth, answers and standard errors in Å, voltages in kV, (n,); CPU seconds each."""

    truth_A: Floats
    said_A: Floats
    sigma_A: Floats
    voltage_kV: Floats
    seconds: float

    @property
    def error_A(self) -> Floats:
        """Absolute errors."""
        return np.asarray(np.abs(self.said_A - self.truth_A))

    @property
    def held(self) -> float:
        """Share of truths within 1.96 standard errors."""
        return float(np.mean(self.error_A <= NORMAL_95 * self.sigma_A))

    @property
    def far(self) -> float:
        """Share beyond 1000 Å."""
        return float(np.mean(self.error_A > FAR_A))


def said_of(predictor: Predictor, dataset: Dataset) -> Said:
    """Answers to all of a set, from its spectra at three samplings."""
    began = time.process_time()
    columns = dataset.columns
    answers: list[NetworkDefocus] = []
    for first in range(0, len(dataset), AT_ONCE):
        indices = range(first, min(first + AT_ONCE, len(dataset)))
        inputs = [
            network_input(dataset.pyramid(index), columns.optics(index), predictor.card) for index in indices
        ]
        answers += predictor.predict(inputs)
    seconds = (time.process_time() - began) / len(dataset)
    said_A, sigma_A = (np.array([getattr(one, name) for one in answers]) for name in ("defocus_A", "sigma_A"))
    return Said(columns.defocus_A, said_A, sigma_A, columns.voltage_kV, seconds)
