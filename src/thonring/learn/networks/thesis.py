"""The three networks of the thesis of 2019: from enhanced spectra to the mean defocus.

Source: Tables 2-4 and listing 8.3 of the thesis, and its program `xmipp_deep_defocus`. All convolutions have 'valid'
padding and ReLU; "norm" is batch normalisation, "max n" the maximum of n x n pixels.

| layers                    | thesis1 | thesis2 | thesis3 | side, px        |
|---------------------------|---------|---------|---------|-----------------|
| images                    | 3       | 3       | 3       | 512             |
| 15 x 15, norm*, max 3     | 16      | 16      | 16      | 498, 166        |
| 9 x 9, norm*, max 2       | 16      | 16      | 16      | 158, 79         |
| 5 x 5, norm*, max 2       | 16      | 16      | 32      | 75, 37          |
| 5 x 5                     | -       | -       | 64      | 33 (thesis3)    |
| dense 256, ReLU           | -       | yes     | yes     |                 |
| dropout 0.2               | yes     | yes     | yes     |                 |
| dense 1, linear: Å        | yes     | yes     | yes     |                 |

* not in thesis3.

Keras' defaults that differ from PyTorch's are kept: initial weights of Glorot & Bengio (2010), running statistics with
a momentum of 0.99, and 0.001 added to variances.
"""

import torch
from torch import nn

Tensor = torch.Tensor

SPECTRA = 3
FILTERS = 16
HIDDEN_UNITS = 256
DROPOUT = 0.2
NORMALISED_SIDE_PX, THESIS3_SIDE_PX = 37, 33

KERAS_MOMENTUM = 0.01
"""As PyTorch counts it: 1 - 0.99."""

KERAS_EPSILON = 1e-3


class ThesisNetwork(nn.Module):
    """Sequential layers: enhanced spectra (b, 3, 512, 512) to defocus_A (b,)."""

    def __init__(self, layers: list[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.apply(_initialise_like_keras)

    def forward(self, images: Tensor) -> Tensor:
        """Defocus in Å, (b,); the output is linear, so nothing keeps it positive."""
        defocus_A: Tensor = self.layers(images)[:, 0]
        return defocus_A

    def loss(self, images: Tensor, defocus_A: Tensor) -> Tensor:
        """Mean absolute error in Å, ()."""
        return nn.functional.l1_loss(self(images), defocus_A)


class Thesis1(ThesisNetwork):
    """Three normalised convolutions and one dense unit."""

    def __init__(self) -> None:
        output = nn.Linear(FILTERS * NORMALISED_SIDE_PX**2, 1)
        super().__init__([*_normalised_convolutions(), nn.Dropout(DROPOUT), nn.Flatten(), output])


class Thesis2(ThesisNetwork):
    """Three normalised convolutions and a hidden layer."""

    def __init__(self) -> None:
        values = FILTERS * NORMALISED_SIDE_PX**2
        super().__init__([*_normalised_convolutions(), nn.Flatten(), *_hidden_and_output(values)])


class Thesis3(ThesisNetwork):
    """Four convolutions of up to 64 filters and a hidden layer, nothing normalised."""

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        for channels, filters, width_px, pool_px in ((SPECTRA, 16, 15, 3), (16, 16, 9, 2), (16, 32, 5, 2)):
            layers += [*_convolution(channels, filters, width_px), nn.MaxPool2d(pool_px)]
        layers += [*_convolution(32, 64, 5), nn.Flatten(), *_hidden_and_output(64 * THESIS3_SIDE_PX**2)]
        super().__init__(layers)


def _normalised_convolutions() -> list[nn.Module]:
    """Layers to (b, 16, 37, 37)."""
    layers: list[nn.Module] = []
    for channels, width_px, pool_px in ((SPECTRA, 15, 3), (FILTERS, 9, 2), (FILTERS, 5, 2)):
        normalisation = nn.BatchNorm2d(FILTERS, eps=KERAS_EPSILON, momentum=KERAS_MOMENTUM)
        layers += [*_convolution(channels, FILTERS, width_px), normalisation, nn.MaxPool2d(pool_px)]
    return layers


def _convolution(channels: int, filters: int, width_px: int) -> list[nn.Module]:
    return [nn.Conv2d(channels, filters, width_px), nn.ReLU()]


def _hidden_and_output(values: int) -> list[nn.Module]:
    hidden = nn.Linear(values, HIDDEN_UNITS)
    return [hidden, nn.ReLU(), nn.Dropout(DROPOUT), nn.Linear(HIDDEN_UNITS, 1)]


def _initialise_like_keras(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
