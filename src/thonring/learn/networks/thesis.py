"""What the three networks of the thesis share: their layers as Keras makes them, and their loss.

Source: `xmipp_deep_defocus`, 2019, and the thesis it was written for (Tables 2-4 and listing 8.3). Keras' defaults
that differ from PyTorch's are kept: initial weights of Glorot & Bengio (2010), running statistics that forget 1 % a
batch, 0.001 added to variances.
"""

import torch
from torch import nn

Tensor = torch.Tensor

VIEWS = 3
DROPOUT = 0.2
FORGETTING = 0.01
LEAST_VARIANCE = 1e-3


class ThesisNetwork(nn.Module):
    """Layers in a row: enhanced views (b, 3, 512, 512) to defocus_A (b,)."""

    def __init__(self, layers: nn.Sequential) -> None:
        super().__init__()
        self.layers = layers
        self.apply(_as_keras_starts)

    def forward(self, images: Tensor) -> Tensor:
        """Defocus in Å, (b,); linear, so that nothing keeps it positive."""
        defocus_A: Tensor = self.layers(images)[:, 0]
        return defocus_A

    def loss(self, images: Tensor, defocus_A: Tensor) -> Tensor:
        """Mean absolute error in Å, ()."""
        return nn.functional.l1_loss(self(images), defocus_A)


def convolution(channels: int, filters: int, width: int) -> list[nn.Module]:
    """A convolution of 'valid' padding with ReLU."""
    return [nn.Conv2d(channels, filters, width), nn.ReLU()]


def normalisation(channels: int) -> nn.Module:
    """Batch normalisation."""
    return nn.BatchNorm2d(channels, eps=LEAST_VARIANCE, momentum=FORGETTING)


def _as_keras_starts(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


THESIS3_SIDE_PX = 33
"""Of 512 pixels each way: 512 - 14 = 498, / 3 = 166, - 8 = 158, / 2 = 79, - 4 = 75, / 2 = 37, - 4 = 33."""


class Thesis3(ThesisNetwork):
    """Enhanced views (b, 3, 512, 512) to defocus_A (b,)."""

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        for channels, filters, width, pool in ((VIEWS, 16, 15, 3), (16, 16, 9, 2), (16, 32, 5, 2)):
            layers += [*convolution(channels, filters, width), nn.MaxPool2d(pool)]
        layers += [*convolution(32, 64, 5), nn.Flatten()]
        layers += [
            nn.Linear(64 * THESIS3_SIDE_PX**2, HIDDEN_UNITS),
            nn.ReLU(),
            nn.Dropout(DROPOUT),
            nn.Linear(HIDDEN_UNITS, 1),
        ]
        super().__init__(nn.Sequential(*layers))


FILTERS = 16
THESIS1_SIDE_PX = 37
"""Of 512 pixels each way: 512 - 14 = 498, / 3 = 166, - 8 = 158, / 2 = 79, - 4 = 75, / 2 = 37."""

FLAT = FILTERS * THESIS1_SIDE_PX**2


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


HIDDEN_UNITS = 256


class Thesis2(ThesisNetwork):
    """Enhanced views (b, 3, 512, 512) to defocus_A (b,)."""

    def __init__(self) -> None:
        hidden = (nn.Linear(FLAT, HIDDEN_UNITS), nn.ReLU(), nn.Dropout(DROPOUT))
        super().__init__(nn.Sequential(*convolutions(), nn.Flatten(), *hidden, nn.Linear(HIDDEN_UNITS, 1)))
