"""Write the tables of docs/simulate.md anew from the packaged recipes and the defects.

Usage: python docs/simulate_tables.py
"""  # noqa: INP001 - a script beside the page it writes

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from thonring.simulate import known_recipes, load_recipe
from thonring.simulate.defects import DEFECT_TABLE

PAGE = Path(__file__).with_name("simulate.md")
ENTRIES = {
    "size": ("px", "pixels of a side, unless `--size` says otherwise"),
    "defective_share": ("", "chance that a micrograph is spoiled by a defect"),
    "usable.rings": (
        "",
        "rings that a scene must show before a defect is put in; it is drawn again until it does",
    ),
    "usable.significance": ("σ", "what makes a ring count: the signal of its modulation over its noise"),
    "microscope.voltage_kV": ("kV", "choices of equal chance"),
    "microscope.cs_mm": ("mm", "choices of equal chance"),
    "microscope.amplitude_contrast": ("", "a fraction"),
    "microscope.pixel_A": ("Å", "pixel size"),
    "ctf.defocus_A": ("Å", "mean of U and V, underfocus positive; its logarithm is uniform"),
    "ctf.astigmatism_A": ("Å", "U - V of what is not the defect `astigmatism`"),
    "ctf.largest_relative_astigmatism": ("", "U - V is at most this share of the mean defocus"),
    "ctf.phase_shift_deg": ("deg", "of a phase plate"),
    "specimen.ice_A": ("Å", "thickness of the ice"),
    "specimen.particles_per_um2": (
        "1/µm²",
        "particles of radius 60 Å or less; of larger ones, fewer by the square of it",
    ),
    "specimen.particle_radius_A": ("Å", "outer radius, one for each micrograph"),
    "specimen.hollow_share": (
        "",
        "chance that the particles are shells with an inner radius of 0.7 of the outer one",
    ),
    "exposure.dose_e_per_A2": ("e/Å²", "electrons that fall on the specimen"),
    "exposure.b_factor_A2": ("Å²", "amplitudes fall as exp(-B k²/4)"),
    "exposure.focal_spread_A": ("Å", "standard deviation of the focus"),
    "exposure.source_mrad": ("mrad", "standard deviation of the half angle of illumination"),
    "detector.mtf_at_nyquist": ("", "amplitude transfer left at Nyquist"),
    "detector.dqe_at_zero": ("", "detective quantum efficiency at frequency 0"),
    "detector.dqe_at_nyquist": ("", "the same at Nyquist, never above that at 0"),
    "detector.hot_pixels": ("", "share of the pixels"),
    "detector.gradient": ("", "relative change of the illumination across the image, in any direction"),
    "detector.counts_share": ("", "chance that pixels are whole numbers (int16), float32 otherwise"),
}
"""Entry → unit and what it is."""

_CHOICES = ("microscope.voltage_kV", "microscope.cs_mm")


def rewritten(page: str) -> str:
    """The page with each table between its markers replaced by what holds now."""
    for name, table in (("entries", _entries()), ("defects", _defects())):
        between = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
        page = between.sub(lambda found, table=table: f"{found[1]}{table}\n{found[2]}", page)
    return page


def _entries() -> str:
    recipes = {name: load_recipe(name).model_dump(exclude={"defects"}) for name in known_recipes()}
    values = {name: dict(_flat(recipe, "")) for name, recipe in recipes.items()}
    rows = [
        (f"`{entry}`", *ENTRIES[entry], *(_shown(entry, found[entry]) for found in values.values()))
        for entry in values["session"]
    ]
    return _table(("entry", "unit", "what it is", *(f"`{name}`" for name in values)), rows)


def _flat(table: Mapping[str, Any], path: str) -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def _defects() -> str:
    recipe = load_recipe()
    rows = [
        (
            f"`{name}`",
            defect.unit,
            _range(defect.possible),
            f"{recipe.defects[name].weight:g}",
            _range(recipe.defects[name].dose),
            _range(recipe.defects[name].harmless),
        )
        for name, defect in DEFECT_TABLE.items()
    ]
    return _table(("defect", "what a dose is", "possible", "weight", "spoils", "harmless"), rows)


def _shown(entry: str, value: object) -> str:
    if not isinstance(value, tuple):
        return f"{value:g}"
    return ", ".join(f"{one:g}" for one in value) if entry in _CHOICES else _range(value)


def _range(value: Sequence[float]) -> str:
    return f"{value[0]:g}" if value[0] == value[1] else f"{value[0]:g} – {value[1]:g}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
