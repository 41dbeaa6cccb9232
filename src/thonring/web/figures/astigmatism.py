"""Astigmatism as vectors at twice its angle, so that θ and θ + 180°, the same astigmatism, are one point."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thonring.records import Floats
from thonring.run.columns import STATUSES, Integers, RunColumns
from thonring.settings import Limit
from thonring.web.figures.downsampling import downsample

OUTLIERS = 0.02
"""Fraction of the micrographs that may be off the plot, unless they are accepted."""

TICKS_DEG = tuple(range(0, 360, 45))
"""Ticks of the angular axis, at twice the angle of U."""

_CONVENTION = (
    "Plotted at twice the angle, since θ and θ + 180° are the same axis; labels give the angle of U, from +x (columns) "
    "towards +y (rows)."
)


@dataclass(frozen=True, slots=True)
class AstigmatismPoints:
    """Micrographs as points: `row` in the columns, U - V in Å, and the angle of U in degrees, all (points,)."""

    row: Integers
    astigmatism_A: Floats
    angle_deg: Floats


@dataclass(frozen=True, slots=True)
class AstigmatismVectors:
    """Astigmatism of accepted and rejected micrographs, downsampled, out to `radius_A`.

    `mean_A` and `mean_angle_deg` are those of the mean vector of all accepted micrographs: large where all are
    astigmatic in the same direction, which is the microscope's astigmatism. `limit_A` is infinite if there is none.
    """

    accepted: AstigmatismPoints
    rejected: AstigmatismPoints
    radius_A: float
    mean_A: float
    mean_angle_deg: float
    limit_A: float

    name = "astigmatism-vectors"
    title = "Astigmatism U − V (Å) and the angle of U (°)"
    mean_label = "mean of accepted"

    @property
    def limit_is_visible(self) -> bool:
        """Whether the circle of the limit is inside the plot."""
        return self.limit_A <= self.radius_A

    @property
    def caption(self) -> str:
        """What the figure shows, in words."""
        sentences = [_CONVENTION]
        if math.isfinite(self.mean_A):
            sentences.append(
                f"Mean of the accepted micrographs (◆): {self.mean_A:.0f} Å at {self.mean_angle_deg:.0f}°; a mean far "
                "from the centre is astigmatism of the microscope, to be corrected with its stigmator."
            )
        if self.radius_A < self.limit_A < math.inf:
            sentences.append(f"The limit of {self.limit_A:g} Å is off this plot.")
        return " ".join(sentences).replace("-", "−")


def astigmatism_vectors(columns: RunColumns, limits: Sequence[Limit]) -> AstigmatismVectors:
    """Collect the astigmatism of a run."""
    astigmatism_A, angle_deg = columns.values["astigmatism_A"], columns.values["angle_deg"]
    known = np.isfinite(astigmatism_A) & np.isfinite(angle_deg)
    accepted, rejected = (
        np.flatnonzero(known & (columns.status == STATUSES.index(status))) for status in STATUSES[:2]
    )
    points = [
        AstigmatismPoints(rows, astigmatism_A[rows], angle_deg[rows])
        for rows in downsample(accepted, rejected)
    ]
    # Mean of the vectors at twice the angle, then back to the angle itself.
    vectors = astigmatism_A[accepted] * np.exp(2j * np.radians(angle_deg[accepted]))
    mean = complex(vectors.mean()) if vectors.size else complex(np.nan, np.nan)
    return AstigmatismVectors(
        accepted=points[0],
        rejected=points[1],
        radius_A=_radius_A(astigmatism_A[accepted], astigmatism_A[rejected]),
        mean_A=abs(mean),
        mean_angle_deg=float(0.5 * np.degrees(np.angle(mean))),
        limit_A=min((limit.at_most for limit in limits if limit.criterion == "astigmatism"), default=np.inf),
    )


def tick_labels() -> list[str]:
    """Angles of U, in (-90°, 90°], at TICKS_DEG of the doubled axis."""
    angles = [0.5 * (doubled - 360 if doubled > 180 else doubled) for doubled in TICKS_DEG]
    return [f"{angle:g}°".replace("-", "−") for angle in angles]


def _radius_A(accepted: Floats, rejected: Floats) -> float:
    both = np.concatenate([accepted, rejected])
    if both.size == 0:
        return 1000.0
    radius_A = float(np.quantile(both, 1 - OUTLIERS))
    if accepted.size:
        radius_A = max(radius_A, float(np.quantile(accepted, 0.995)))
    return 1.08 * radius_A or 100.0
