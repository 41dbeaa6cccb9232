"""Update the tables of docs/simulate.md from the packaged recipes and the defects.

Usage: python docs/simulate_tables.py
"""  # noqa: INP001 - a script next to the page it writes

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from thonring.simulate import known_recipes, load_recipe
from thonring.simulate.defects import DEFECT_TABLE

PAGE = Path(__file__).with_name("simulate.md")
ENTRIES = {
    "size": ("px", "width and height in pixels, unless `--size` is given"),
    "defective_share": ("", "probability that a micrograph has a defect"),
    "usable.rings": (
        "",
        "visible rings required of a scene before a defect is added; scenes are regenerated until they have them",
    ),
    "usable.significance": ("σ", "signal-to-noise ratio from which a ring counts as visible"),
    "microscope.voltage_kV": ("kV", "values of equal probability"),
    "microscope.cs_mm": ("mm", "values of equal probability"),
    "microscope.amplitude_contrast": ("", "fraction"),
    "microscope.pixel_A": ("Å", "pixel size"),
    "ctf.defocus_A": ("Å", "mean of U and V, underfocus positive; its logarithm is uniform"),
    "ctf.astigmatism_A": ("Å", "U - V without the defect `astigmatism`"),
    "ctf.largest_relative_astigmatism": ("", "U - V is at most this fraction of the mean defocus"),
    "ctf.phase_shift_deg": ("deg", "of a phase plate"),
    "specimen.ice_A": ("Å", "ice thickness"),
    "specimen.particles_per_um2": (
        "1/µm²",
        "number density of particles with a radius up to 60 Å; for larger ones it falls with the square of the radius",
    ),
    "specimen.particle_radius_A": ("Å", "outer radius, the same for all particles of a micrograph"),
    "specimen.hollow_share": (
        "",
        "probability that the particles are shells, with an inner radius 0.7 times the outer one",
    ),
    "exposure.dose_e_per_A2": ("e/Å²", "electron dose on the specimen"),
    "exposure.b_factor_A2": ("Å²", "amplitudes fall as exp(-B k²/4)"),
    "exposure.focal_spread_A": ("Å", "standard deviation of the focus"),
    "exposure.source_mrad": ("mrad", "standard deviation of the illumination half-angle"),
    "detector.mtf_at_nyquist": ("", "MTF at the Nyquist frequency"),
    "detector.dqe_at_zero": ("", "detective quantum efficiency at frequency 0"),
    "detector.dqe_at_nyquist": ("", "the same at the Nyquist frequency, never above that at 0"),
    "detector.hot_pixels": ("", "fraction of the pixels"),
    "detector.gradient": ("", "relative change of the illumination across the image, in a random direction"),
    "detector.counts_share": (
        "",
        "probability that pixels are stored as integers (int16), otherwise float32",
    ),
}
"""Entry → its unit and meaning."""

_CHOICES = ("microscope.voltage_kV", "microscope.cs_mm")


def rewritten(page: str) -> str:
    """The page with each table between its markers replaced by the current one."""
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
    return _table(("entry", "unit", "meaning", *(f"`{name}`" for name in values)), rows)


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
    return _table(("defect", "dose", "possible", "weight", "defective", "harmless"), rows)


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
