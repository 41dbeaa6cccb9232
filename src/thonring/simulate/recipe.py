"""Recipes: the ranges from which the scenes of a set are drawn, and the frequencies of defects.

A recipe is a TOML file. A user's file overrides entries of the packaged recipe that it `extends` ("session" by
default), and states only the differences. A range is `[lowest, highest]`; a single number is a range of one value.
"""

import functools
import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from thonring.errors import SettingsError, UnreadableTable
from thonring.files.text import read_toml
from thonring.simulate.defects import DEFECT_TABLE
from thonring.simulate.scene import DefectName

BASE = "session"


def _as_range(value: Any) -> Any:  # noqa: ANN401 - whatever the TOML file holds
    return (value, value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _ordered(value: tuple[float, float]) -> tuple[float, float]:
    if not value[0] <= value[1]:
        raise ValueError(f"[{value[0]:g}, {value[1]:g}] is in the wrong order: expected [lowest, highest]")
    return value


def _within(lowest: float, highest: float) -> AfterValidator:
    def check(value: tuple[float, float]) -> tuple[float, float]:
        if not lowest <= value[0] <= value[1] <= highest:
            raise ValueError(
                f"[{value[0]:g}, {value[1]:g}] is impossible: expected {lowest:g} to {highest:g}"
            )
        return value

    return AfterValidator(check)


Range = Annotated[tuple[float, float], BeforeValidator(_as_range), AfterValidator(_ordered)]
Share = Annotated[Range, _within(0, 1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class MicroscopePart(_Part):
    """Constants of the microscope; lists are choices of equal probability."""

    voltage_kV: Annotated[tuple[Annotated[float, Field(ge=10, le=1000)], ...], Field(min_length=1)]
    cs_mm: Annotated[tuple[Annotated[float, Field(ge=0, le=20)], ...], Field(min_length=1)]
    amplitude_contrast: Annotated[Range, _within(0, 0.5)]
    pixel_A: Annotated[Range, _within(0.2, 10)]


class CtfPart(_Part):
    """The CTF: defocus log-uniform, astigmatism at most `largest_relative_astigmatism` of it."""

    defocus_A: Annotated[Range, _within(100, 150_000)]
    astigmatism_A: Annotated[Range, _within(0, 20_000)]
    largest_relative_astigmatism: Annotated[float, Field(gt=0, le=1)]
    phase_shift_deg: Annotated[Range, _within(0, 180)]


class SpecimenPart(_Part):
    """Ice and particles; a fraction `hollow_share` of the scenes has shells instead of balls."""

    ice_A: Annotated[Range, _within(0, 20_000)]
    particles_per_um2: Annotated[Range, _within(0, 50_000)]
    particle_radius_A: Annotated[Range, _within(5, 500)]
    hollow_share: Annotated[float, Field(ge=0, le=1)]


class ExposurePart(_Part):
    """Dose and losses of contrast."""

    dose_e_per_A2: Annotated[Range, _within(0.1, 1000)]
    b_factor_A2: Annotated[Range, _within(0, 2000)]
    focal_spread_A: Annotated[Range, _within(0, 1000)]
    source_mrad: Annotated[Range, _within(0, 1)]


class DetectorPart(_Part):
    """The camera; a fraction `counts_share` of the scenes is written as whole electrons."""

    mtf_at_nyquist: Annotated[Range, _within(0.01, 1)]
    dqe_at_zero: Annotated[Range, _within(0.02, 1)]
    dqe_at_nyquist: Annotated[Range, _within(0.02, 1)]
    hot_pixels: Annotated[Range, _within(0, 0.01)]
    gradient: Annotated[Range, _within(0, 1)]
    counts_share: Annotated[float, Field(ge=0, le=1)]


class DefectPart(_Part):
    """One defect: its weight among the defects, its dose where it spoils the micrograph, and its harmless dose."""

    weight: Annotated[float, Field(ge=0)]
    dose: Range
    harmless: Range


class UsablePart(_Part):
    """When a scene without defect is usable: enough rings, each of this significance; drawn again until it is."""

    rings: Annotated[int, Field(ge=0, le=20)]
    significance: Annotated[float, Field(ge=0)]


class Recipe(_Part):
    """Everything a set of scenes is drawn from."""

    size: Annotated[int, Field(ge=64, le=16_384)]
    defective_share: Annotated[float, Field(ge=0, le=1)]
    usable: UsablePart
    microscope: MicroscopePart
    ctf: CtfPart
    specimen: SpecimenPart
    exposure: ExposurePart
    detector: DetectorPart
    defects: dict[DefectName, DefectPart]

    @model_validator(mode="after")
    def _check_defects(self) -> "Recipe":
        if "none" in self.defects:
            raise ValueError("defects.none: 'none' is not a defect; set defective_share instead")
        if self.defective_share > 0 and not sum(part.weight for part in self.defects.values()) > 0:
            raise ValueError("defective_share is above 0, but no defect has a weight")
        for name, part in self.defects.items():
            lowest, highest = DEFECT_TABLE[name].possible
            for entry, (low, high) in (("dose", part.dose), ("harmless", part.harmless)):
                if not lowest <= low <= high <= highest:
                    raise ValueError(
                        f"defects.{name}.{entry} [{low:g}, {high:g}] is impossible: expected {lowest:g} to {highest:g}"
                    )
        return self


def known_recipes() -> tuple[str, ...]:
    """Names of the packaged recipes."""
    folder = resources.files("thonring.simulate") / "recipes"
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir()))


def load_recipe(name_or_path: str = BASE) -> Recipe:
    """Load a packaged recipe by name, or a TOML file if the name ends in `.toml`.

    Raises
    ------
    SettingsError
        If the name is unknown or a value is impossible.
    UnreadableFile, UnreadableTable
        If the file cannot be read, or is not TOML of the expected shape.
    """
    table = _resolved(name_or_path)
    try:
        return Recipe.model_validate(table)
    except ValidationError as problem:
        first = problem.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        kind = UnreadableTable if first["type"] in {"extra_forbidden", "missing"} else SettingsError
        raise kind(
            f"{name_or_path}: {place + ': ' if place else ''}{message}. Known entries: docs/simulate.md."
        ) from None


def _resolved(name_or_path: str, extending: tuple[Path, ...] = ()) -> dict[str, Any]:
    """The recipe's table merged with those it extends; a file refers to another one relative to its own folder."""
    if not name_or_path.endswith(".toml"):
        table = dict(_packaged(name_or_path))
        base = str(table.pop("extends", ""))
        return _laid_over(table, _resolved(base)) if base else table
    path = Path(name_or_path)
    if path.resolve() in extending:
        raise SettingsError(
            f"{path}: extends itself through {len(extending)} file(s). Let one of them extend a packaged recipe."
        )
    table = read_toml(path, "Expected a TOML file with a recipe: docs/simulate.md.")
    base = str(table.pop("extends", BASE))
    below = str(path.parent / base) if base.endswith(".toml") else base
    return _laid_over(table, _resolved(below, (*extending, path.resolve())))


@functools.cache
def _packaged(name: str) -> dict[str, Any]:
    if name not in known_recipes():
        raise SettingsError(
            f"unknown recipe {name!r}: expected one of {', '.join(known_recipes())}, or a file ending in .toml."
        )
    file = resources.files("thonring.simulate") / "recipes" / f"{name}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _laid_over(table: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    """`base` with the entries of `table` in place of its own, table by table."""
    result = dict(base)
    for key, value in table.items():
        below = base.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            result[key] = _laid_over(value, below)
        else:
            result[key] = value
    return result
