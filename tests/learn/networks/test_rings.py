"""The fixed layer knows the physics: rings of a defocus are one peak of one phase, whatever the microscope."""

import math

import pytest
import torch

from thonring.ctf import phase_aberration
from thonring.learn.inputs import CELLS, SAMPLINGS_A, SECTORS, optics_input, squared_frequencies
from thonring.learn.networks.rings import BINS, LOWEST, STEP, Rings
from thonring.optics import Optics

VIEWS = len(SAMPLINGS_A)
PLANES = VIEWS * SECTORS


def peaks(v_A2: float, optics: Optics) -> torch.Tensor:
    """What the fixed layer makes of perfect rings with λΔf = `v_A2`, (channels, bins)."""
    k2 = squared_frequencies(SAMPLINGS_A)
    chi = phase_aberration(k2, v_A2 / optics.wavelength_A, optics)
    cells = torch.tensor(-torch.cos(2 * torch.tensor(chi)).numpy(), dtype=torch.float32)
    seen = cells[None, :, None, :].expand(1, VIEWS, SECTORS, CELLS)
    constants = torch.tensor([optics_input(optics, 1.0)], dtype=torch.float32)
    with torch.inference_mode():
        found: torch.Tensor = Rings()._peaks(seen, constants)
    return found[0]


@pytest.mark.parametrize("voltage_kV", [100.0, 200.0, 300.0])
@pytest.mark.parametrize("cs_mm", [0.01, 2.7])
@pytest.mark.parametrize("contrast", [0.0, 0.15])
def test_rings_are_a_peak_at_wavelength_times_defocus(
    voltage_kV: float, cs_mm: float, contrast: float
) -> None:
    bin_of_rings = 80
    found = peaks(LOWEST + STEP * bin_of_rings, Optics(voltage_kV, cs_mm, contrast))
    heights = found[2 * PLANES : 2 * PLANES + VIEWS]
    assert heights.argmax(dim=1).tolist() == [bin_of_rings] * VIEWS
    across, along = found[:PLANES, bin_of_rings], found[PLANES : 2 * PLANES, bin_of_rings]
    full = -math.sqrt(CELLS / 2)
    torch.testing.assert_close(across, torch.full_like(across, full), rtol=0.1, atol=0.0)
    assert along.abs().max() < 0.1 * abs(full)


def test_the_range_of_v_holds_what_it_is_trained_on() -> None:
    low, high = Optics(300.0, 2.7).wavelength_A * 2500, Optics(100.0, 2.7).wavelength_A * 65_000
    assert LOWEST < low < high < LOWEST + STEP * (BINS - 1)
