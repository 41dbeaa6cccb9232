"""`thesis3`: four convolutions, no normalisation, a hidden layer of 256. Thesis, Table 4; 17,938,353 parameters.

The hidden layer is ReLU in the listing and linear in the table; here it is ReLU.
"""

from torch import nn

from thonring.learn.networks.thesis_layers import DROPOUT, VIEWS, ThesisNetwork, convolution

HIDDEN = 256
LEFT = 33
"""Of 512 pixels each way: 512 - 14 = 498, / 3 = 166, - 8 = 158, / 2 = 79, - 4 = 75, / 2 = 37, - 4 = 33."""


class Thesis3(ThesisNetwork):
    """Enhanced views (b, 3, 512, 512) to defocus_A (b,)."""

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        for channels, filters, width, pool in ((VIEWS, 16, 15, 3), (16, 16, 9, 2), (16, 32, 5, 2)):
            layers += [*convolution(channels, filters, width), nn.MaxPool2d(pool)]
        layers += [*convolution(32, 64, 5), nn.Flatten()]
        layers += [nn.Linear(64 * LEFT**2, HIDDEN), nn.ReLU(), nn.Dropout(DROPOUT), nn.Linear(HIDDEN, 1)]
        super().__init__(nn.Sequential(*layers))
