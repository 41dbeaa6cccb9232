"""What is shown of every micrograph, in the units in which people speak of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from thonring.records import Floats
from thonring.settings import Limit


@dataclass(frozen=True, slots=True)
class Quantity:
    """A column of results.csv to be drawn: `scale` turns it into `unit`; limits on `criterion` are limits on it."""

    name: str
    title: str
    unit: str
    column: str
    scale: float = 1.0
    criterion: str = ""

    @property
    def label(self) -> str:
        """Title and unit, as an axis has it."""
        return f"{self.title} ({self.unit})" if self.unit else f"{self.title} (no unit)"

    def limits(self, limits: Sequence[Limit]) -> tuple[Limit, ...]:
        """Choose those that are on this quantity."""
        return tuple(limit for limit in limits if limit.criterion == self.criterion)


_ALWAYS = (
    Quantity("defocus", "Mean defocus", "µm", "defocus_A", 1e-4),
    Quantity("resolution", "Resolution of the fit", "Å", "fit_resolution_A", criterion="fit_resolution"),
    Quantity("astigmatism", "Astigmatism U − V", "Å", "astigmatism_A", criterion="astigmatism"),
)
_ICE = (
    Quantity("ice", "Ice: power of the ring at 3.7 Å", "times its surroundings", "ice_ring", 1.0, "ice_ring"),
    Quantity("ice", "Iceness after Xmipp", "", "xmipp_iceness", 1.0, "xmipp_iceness"),
)
_SCORE = Quantity("score", "Score: correlation of measured and fitted rings", "", "score", criterion="score")


def quantities(values: Mapping[str, Floats], limits: Sequence[Limit]) -> Iterator[Quantity]:
    """Choose what to show of a run; of the measures of ice the one that its limits are on, or that it has."""
    yield from _ALWAYS
    limited = {limit.criterion for limit in limits}
    ice = [one for one in _ICE if one.criterion in limited] or [one for one in _ICE if one.column in values]
    yield from ice[:1]
    yield _SCORE
