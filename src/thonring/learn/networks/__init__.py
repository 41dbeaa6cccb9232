"""The table of networks; torch is not imported before one is built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from thonring.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from thonring.learn.model_card import Kind


@dataclass(frozen=True, slots=True)
class Network:
    """A row of the table.

    `kind` is the kind of input: "enhanced" takes images (b, 3, 512, 512) and returns defocus_A (b,); "polar" takes
    cells (b, 3, 8, 256) and optics (b, 4) (wavelength Å, Cs mm, amplitude contrast, finest pixel Å), and returns
    defocus_A and sigma_A, both (b,). Either has `loss(*inputs, defocus_A)`. `recipe` is the default training recipe.
    """

    name: str
    kind: Kind
    recipe: str
    build: Callable[[], nn.Module]


def network(name: str) -> Network:
    """The row of a network.

    Raises
    ------
    SettingsError
        If the name is unknown.
    """
    if name not in NETWORKS:
        raise SettingsError(f"unknown network {name!r}: expected one of {', '.join(NETWORKS)}.")
    return NETWORKS[name]


def count_parameters(module: nn.Module) -> int:
    """Number of parameters as Keras counts them: with the running means and variances."""
    return sum(tensor.numel() for tensor in module.state_dict().values() if tensor.ndim)


def _rings() -> nn.Module:
    from thonring.learn.networks.rings import Rings

    return Rings()


def _thesis1() -> nn.Module:
    from thonring.learn.networks.thesis import Thesis1

    return Thesis1()


def _thesis2() -> nn.Module:
    from thonring.learn.networks.thesis import Thesis2

    return Thesis2()


def _thesis3() -> nn.Module:
    from thonring.learn.networks.thesis import Thesis3

    return Thesis3()


_ROWS = (
    Network("rings", "polar", "rings", _rings),
    Network("thesis1", "enhanced", "thesis", _thesis1),
    Network("thesis2", "enhanced", "thesis", _thesis2),
    Network("thesis3", "enhanced", "thesis", _thesis3),
)
NETWORKS = {row.name: row for row in _ROWS}
