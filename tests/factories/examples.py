"""Examples of a data set that are quickly made and each another; and a data set of them, to be interrupted."""

from pathlib import Path

import numpy as np

from thonring.learn.dataset.example import Example
from thonring.learn.dataset.hdf5 import writing
from thonring.learn.inputs import SAMPLINGS_A, SpectrumPyramid
from thonring.optics import Optics

OPTICS = Optics(300.0, 2.7, 0.1)


def make_example(number: int, session: str = "s", source: str = "run", defocus_A: float = 0.0) -> Example:
    """Element `number`: few values are known, so that it takes little room."""
    power = np.zeros((len(SAMPLINGS_A), 512, 257), np.float32)
    power[:, 200:300, :50] = np.random.default_rng(number).gamma(4.0, 0.25, (3, 100, 50))
    views = SpectrumPyramid(power, 1.5, (4.0, 2.0, 1.0))
    return Example(
        views, defocus_A or 10_000.0 + number, OPTICS, session, f"{session}/mic_{number:03d}.mrc", source
    )


def fill(path: str, count: int = 100) -> None:
    """Append to a data set up to `count` examples, and print the number of each."""
    with writing(Path(path)) as store:
        store.make_room(count)
        for number in range(len(store), count):
            store.append(make_example(number))
            print(number, flush=True)  # noqa: T201
