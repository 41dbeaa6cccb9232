"""`thesis1`: three convolutions and no hidden layer. Thesis, Table 2; 60,081 parameters."""

from torch import nn

from thonring.learn.networks.thesis_layers import (
    DROPOUT,
    VIEWS,
    ThesisNetwork,
    convolution,
    normalisation,
)

FILTERS = 16
LEFT = 37
"""Of 512 pixels each way: 512 - 14 = 498, / 3 = 166, - 8 = 158, / 2 = 79, - 4 = 75, / 2 = 37."""

FLAT = FILTERS * LEFT**2


class Thesis1(ThesisNetwork):
    """Enhanced views (b, 3, 512, 512) to defocus_A (b,)."""

    def __init__(self) -> None:
        super().__init__(
            nn.Sequential(*convolutions(), nn.Dropout(DROPOUT), nn.Flatten(), nn.Linear(FLAT, 1))
        )


def convolutions() -> list[nn.Module]:
    """Layers to (b, 16, 37, 37): convolution, ReLU, normalisation, maximum of 3x3 or 2x2; three times."""
    layers: list[nn.Module] = []
    for channels, width, pool in ((VIEWS, 15, 3), (FILTERS, 9, 2), (FILTERS, 5, 2)):
        layers += [*convolution(channels, FILTERS, width), normalisation(FILTERS), nn.MaxPool2d(pool)]
    return layers
