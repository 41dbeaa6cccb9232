"""The constants of the microscope, checked on entry."""

import math
from dataclasses import dataclass

from thonring.errors import OpticsError


@dataclass(frozen=True, slots=True)
class Optics:
    """Constants of the microscope; `pixel_A` is None where the file's header decides.

    Raises
    ------
    OpticsError
        If a value is impossible; the message names the usual slip (volts, metres, per cent).
    """

    voltage_kV: float
    cs_mm: float
    amplitude_contrast: float = 0.1
    pixel_A: float | None = None

    def __post_init__(self) -> None:
        _check_voltage(self.voltage_kV)
        _check_cs(self.cs_mm)
        _check_amplitude_contrast(self.amplitude_contrast)
        if self.pixel_A is not None and not 0 < self.pixel_A < 1000:
            raise OpticsError(f"pixel size {self.pixel_A:g} Å: expected a positive length in Å per pixel.")

    @property
    def wavelength_A(self) -> float:
        """Relativistic electron wavelength in Å: 0.0197 at 300 kV.

        λ = h / √(2meV (1 + eV / 2mc²)), with the constants put in. Source: Reimer & Kohl, Transmission Electron
        Microscopy (2008).
        """
        volts = 1e3 * self.voltage_kV
        return 12.2643247 / math.sqrt(volts * (1.0 + 0.978466e-6 * volts))


def _check_voltage(voltage_kV: float) -> None:
    if 1e4 <= voltage_kV <= 3e6:
        raise OpticsError(
            f"voltage {voltage_kV:g} kV looks like volts: give kilovolts, {voltage_kV / 1e3:g}."
        )
    if not 10 <= voltage_kV <= 3000:
        raise OpticsError(f"voltage {voltage_kV:g} kV: expected 10 to 3000 kV (300, 200 and 100 are usual).")


def _check_cs(cs_mm: float) -> None:
    if 1e-3 < cs_mm < 8e-3:
        raise OpticsError(
            f"spherical aberration {cs_mm:g} mm looks like metres: give millimetres, {cs_mm * 1e3:g}. "
            "For a Cs-corrected microscope give 0 or 0.01."
        )
    if not 0 <= cs_mm <= 20:
        raise OpticsError(f"spherical aberration {cs_mm:g} mm: expected 0 to 20 mm (2.7 is usual).")


def _check_amplitude_contrast(fraction: float) -> None:
    if 1 <= fraction <= 100:
        raise OpticsError(
            f"amplitude contrast {fraction:g} looks like per cent: give a fraction, {fraction / 100:g}."
        )
    if not 0 <= fraction < 1:
        raise OpticsError(f"amplitude contrast {fraction:g}: expected a fraction from 0 to 1 (0.1 is usual).")


@dataclass(frozen=True, slots=True)
class PartialOptics:
    """Constants as far as given; missing ones may come from a STAR file."""

    voltage_kV: float | None = None
    cs_mm: float | None = None
    amplitude_contrast: float | None = None
    pixel_A: float | None = None

    def over(self, other: "PartialOptics") -> "PartialOptics":
        """These values, completed by those of `other`."""
        return PartialOptics(
            voltage_kV=other.voltage_kV if self.voltage_kV is None else self.voltage_kV,
            cs_mm=other.cs_mm if self.cs_mm is None else self.cs_mm,
            amplitude_contrast=(
                other.amplitude_contrast if self.amplitude_contrast is None else self.amplitude_contrast
            ),
            pixel_A=other.pixel_A if self.pixel_A is None else self.pixel_A,
        )

    def complete(self) -> Optics:
        """Optics from these values; the amplitude contrast defaults to 0.1.

        Raises
        ------
        OpticsError
            If the voltage or the spherical aberration is missing or a value is impossible.
        """
        if self.voltage_kV is None or self.cs_mm is None:
            missing = "--voltage (kV)" if self.voltage_kV is None else "--cs (mm)"
            raise OpticsError(
                f"{missing} is missing: give it, or use a RELION STAR file with optics groups as input."
            )
        amplitude_contrast = 0.1 if self.amplitude_contrast is None else self.amplitude_contrast
        return Optics(self.voltage_kV, self.cs_mm, amplitude_contrast, self.pixel_A)
