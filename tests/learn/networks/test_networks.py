"""The thesis' networks have the counts it prints; every network gives what the table promises."""

import pytest
import torch

from thonring.errors import SettingsError
from thonring.learn.networks import NETWORKS, count_parameters, network

_PRINTED = {"thesis1": 60_081, "thesis2": 5_646_113, "thesis3": 17_938_353}


@pytest.mark.parametrize(("name", "printed"), _PRINTED.items())
def test_as_many_parameters_as_the_thesis_prints(name: str, printed: int) -> None:
    assert count_parameters(network(name).build()) == printed


def test_rings_has_at_most_a_million() -> None:
    trained = sum(tensor.numel() for tensor in network("rings").build().parameters())
    assert 1000 < trained <= 1_000_000


def _inputs(kind: str, count: int) -> tuple[torch.Tensor, ...]:
    random = torch.Generator().manual_seed(1)
    if kind == "enhanced":
        return (torch.rand((count, 3, 512, 512), generator=random),)
    cells = torch.randn((count, 3, 8, 256), generator=random)
    return cells, torch.tensor([[0.0197, 2.7, 0.1, 1.0]]).expand(count, 4)


@pytest.mark.parametrize("name", NETWORKS)
def test_one_answer_for_each_element_whatever_its_neighbours(name: str) -> None:
    torch.manual_seed(0)
    module = network(name).build().eval()
    inputs = _inputs(network(name).kind, 2)
    with torch.inference_mode():
        both, first = module(*inputs), module(*(each[:1] for each in inputs))
    if network(name).kind == "polar":
        assert both[1].shape == (2,)
        assert (both[1] > 0).all()
        both, first = both[0], first[0]
    assert both.shape == (2,)
    assert first[0].item() == pytest.approx(both[0].item(), rel=1e-3, abs=1e-3)


def test_loss_of_the_thesis_is_the_mean_absolute_error() -> None:
    module = network("thesis1").build().eval()
    images, *_ = _inputs("enhanced", 2)
    with torch.inference_mode():
        answer = module(images)
        loss = module.loss(images, answer + torch.tensor([100.0, -300.0]))
    assert loss.item() == pytest.approx(200, rel=1e-4)


def test_an_unknown_network_is_named_with_those_that_exist() -> None:
    with pytest.raises(SettingsError, match="unknown network 'thesis4': expected one of rings, thesis1"):
        network("thesis4")
