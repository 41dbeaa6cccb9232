"""`thesis2`: `thesis1` with a hidden layer of 256. Thesis, Table 3; 5,646,113 parameters.

The hidden layer is ReLU in the listing and linear in the table; here it is ReLU.
"""

from torch import nn

from thonring.learn.networks.thesis1 import FLAT, convolutions
from thonring.learn.networks.thesis_layers import DROPOUT, ThesisNetwork

HIDDEN = 256


class Thesis2(ThesisNetwork):
    """Enhanced views (b, 3, 512, 512) to defocus_A (b,)."""

    def __init__(self) -> None:
        hidden = (nn.Linear(FLAT, HIDDEN), nn.ReLU(), nn.Dropout(DROPOUT))
        super().__init__(nn.Sequential(*convolutions(), nn.Flatten(), *hidden, nn.Linear(HIDDEN, 1)))
