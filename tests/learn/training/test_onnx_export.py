"""A model that would answer otherwise than the network that was trained is not written."""

from pathlib import Path

import pytest
import torch
from torch import nn

from factories import networks as tiny
from thonring.errors import OutputError
from thonring.learn.training.export import onnx_bytes

pytestmark = [pytest.mark.slow, pytest.mark.training]


class _Frozen(nn.Module):
    """Asks a tensor for its length, which freezes the size of the batch."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.zeros(len(images)) + images.mean()


class _Random(nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return 1e4 * torch.rand_like(images[:, 0, 0, 0])


def test_a_network_exports() -> None:
    content = onnx_bytes(tiny.TinyEnhanced(), "enhanced", (torch.rand((2, 3, 512, 512)),))
    assert len(content) > 100
    assert str(Path(tiny.__file__).parent).encode() not in content, "no path of the machine that trained"


@pytest.mark.parametrize(
    ("network", "said"),
    [(_Frozen(), "batches of 2 only"), (_Random(), "off what PyTorch says")],
    ids=["frozen", "random"],
)
def test_what_cannot_be_exported_is_refused(network: nn.Module, said: str) -> None:
    with pytest.raises(OutputError, match=said):
        onnx_bytes(network, "enhanced", (torch.rand((2, 3, 8, 8)),))
