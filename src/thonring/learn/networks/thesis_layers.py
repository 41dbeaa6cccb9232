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
