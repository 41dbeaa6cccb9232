"""One answer of another program, as it stands in its file."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KnownRow:
    """Defocus of the micrograph `name`, not yet canonical; the phase shift already in degrees."""

    name: str
    defocus_u_A: float
    defocus_v_A: float
    angle_deg: float
    phase_shift_deg: float = 0.0
