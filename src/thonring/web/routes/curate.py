"""Limits chosen by looking: what they would keep, the verdicts that come of them, and a profile to estimate by."""

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from thonring.errors import SettingsError
from thonring.quality import CRITERIA, known_profiles, load_profile, profile_text
from thonring.run.columns import RunColumns
from thonring.settings import Limit
from thonring.web.columns import Column, columns_of, packed_values
from thonring.web.curation import curated, judged_criteria, worded
from thonring.web.routes.decisions import Taken, Who, taken
from thonring.web.routes.overview import revision_text
from thonring.web.run_view import RunView, run_settings

Bound = Annotated[float | None, Field(allow_inf_nan=False)]


class LimitJson(BaseModel):
    """What a criterion may be; null: no bound on this side."""

    model_config = ConfigDict(extra="forbid")

    criterion: Annotated[str, Field(max_length=100, json_schema_extra={"enum": [*CRITERIA]})]
    at_least: Bound = None
    at_most: Bound = None


class CriterionOut(BaseModel):
    """A criterion of the run; `below` and `above` tell on which sides limits are usual."""

    name: str
    title: str
    unit: str
    about: str
    unknown_passes: bool
    below: bool
    above: bool


Limits = Annotated[
    list[LimitJson],
    Field(
        min_length=1, max_length=len(CRITERIA), description="Criteria that are not among them do not count."
    ),
]


def given_limits(view: RunView, limits: list[LimitJson]) -> tuple[Limit, ...]:
    """Give the limits of a request the words of the run's own, or of a packaged profile.

    Raises
    ------
    SettingsError
        If a criterion is unknown or named twice, or bounds are upside down.
    """
    bounds = {
        limit.criterion: (
            -math.inf if limit.at_least is None else limit.at_least,
            math.inf if limit.at_most is None else limit.at_most,
        )
        for limit in limits
    }
    if len(bounds) < len(limits):
        raise SettingsError("a criterion has two limits: expected one, with both bounds.")
    packaged = [limit for name in known_profiles() for limit in load_profile(name)]
    return worded(bounds, [*run_limits(view), *packaged])


def run_limits(view: RunView) -> tuple[Limit, ...]:
    """Give the limits that the last micrograph of the run was judged by; none if there is no micrograph yet."""
    with view.store() as store:
        return run_settings(store).limits


def as_json(limits: tuple[Limit, ...]) -> list[LimitJson]:
    """Write limits."""
    return [
        LimitJson(
            criterion=limit.criterion,
            at_least=limit.at_least if math.isfinite(limit.at_least) else None,
            at_most=limit.at_most if math.isfinite(limit.at_most) else None,
        )
        for limit in limits
    ]


def criteria_of(columns: RunColumns, limits: Sequence[Limit]) -> list[CriterionOut]:
    """Describe the criteria of a run; `limits` tell on which sides limits are usual."""
    described = {column.name: column for column in columns_of(columns)}
    return [_described(described[name], limits) for name in judged_criteria(columns)]


def _described(column: Column, limits: Sequence[Limit]) -> CriterionOut:
    on_it = [limit for limit in limits if limit.criterion == column.name]
    return CriterionOut(
        name=column.name,
        title=column.title,
        unit=column.unit,
        about=column.about,
        unknown_passes=CRITERIA[column.name].pass_if_missing,
        below=not on_it or any(math.isfinite(limit.at_least) for limit in on_it),
        above=not on_it or any(math.isfinite(limit.at_most) for limit in on_it),
    )


def nearest_profile(limits: Sequence[Limit]) -> str:
    """Name the packaged profile that has most of these limits."""
    bounds = {(limit.criterion, limit.at_least, limit.at_most) for limit in limits}

    def in_common(name: str) -> int:
        return len(bounds & {(one.criterion, one.at_least, one.at_most) for one in load_profile(name)})

    return max(known_profiles(), key=in_common)


class ProfileOut(BaseModel):
    """Limits to start from; `extends` names a packaged profile that they are, or are nearest to."""

    name: str
    extends: str
    limits: list[LimitJson]


class Beginning(BaseModel):
    """What there is to choose limits from; the first profile is that of the run."""

    revision: str
    criteria: list[CriterionOut]
    profiles: list[ProfileOut]


class Chosen(BaseModel):
    """Limits that were chosen."""

    model_config = ConfigDict(extra="forbid")

    limits: Limits


class Preview(BaseModel):
    """What limits would keep: of `fitted` micrographs with a fit, `kept` and `lost`.

    `failing` counts by criterion what it loses, `alone` what it alone loses. `accept` and `reject` are what `apply`
    would change, `judged` those of them that people judged one by one.
    """

    revision: str
    fitted: int
    kept: int
    lost: int
    failing: dict[str, int]
    alone: dict[str, int]
    unmeasured: list[str]
    accept: int
    reject: int
    judged: int


class Application(Chosen):
    """Limits to decide by; `overwrite`: verdicts that people gave one by one, too."""

    who: Who
    overwrite: bool = False


class Applied(BaseModel):
    """What was decided in one action, null if nothing changed; `spared` had verdicts of people."""

    action: Taken | None
    spared: int


class Profile(Chosen):
    """A profile to be written."""

    name: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$"),
    ]
    extends: Annotated[str | None, Field(max_length=100, description="A packaged profile, or null.")] = (
        "default"
    )


def router(view: RunView) -> APIRouter:
    """Give the routes of curating."""
    routes = APIRouter(tags=["curate"])

    @routes.get("/curate")
    def beginning() -> Beginning:
        """Name the criteria of the run, its own limits, and those of every packaged profile."""
        return _beginning(view)

    @routes.get("/curate/values", response_class=Response)
    def values() -> Response:
        """Give the values of all micrographs at once, for counting while a slider moves.

        Four bytes n (uint32), n bytes of JSON {revision, count, columns}, then little-endian for each column `count`
        float64, for the numbers of the micrographs `count` float64, and `count` bytes of flags: 0 to 2 the status
        (accepted, rejected, failed) + 4 with a fit + 8 judged by a person one by one.
        """
        columns = view.columns()
        packed = packed_values(columns, _judged(view), revision_text(columns.revision))
        return Response(packed, media_type="application/octet-stream")

    @routes.post("/curate/preview")
    def preview(chosen: Chosen) -> Preview:
        """Count what limits would keep."""
        return _preview(view.columns(), given_limits(view, chosen.limits), _judged(view))

    @routes.post("/curate/apply")
    def apply(application: Application) -> Applied:
        """Give every micrograph with a fit the verdict that limits give it, in one action that can be undone."""
        return _apply(view, application)

    @routes.post("/curate/profile", response_class=Response)
    def profile(asked: Profile) -> Response:
        """Write limits as a profile that `thonring estimate --profile FILE` reads."""
        return _profile(view, asked)

    return routes


def _judged(view: RunView) -> set[int]:
    with view.decisions() as decisions:
        return decisions.judged()


def _beginning(view: RunView) -> Beginning:
    columns, own = view.columns(), run_limits(view)
    packaged = {name: load_profile(name) for name in known_profiles()}
    limits = [*own, *(limit for profile in packaged.values() for limit in profile)]
    profiles = [
        ProfileOut(name=name, extends=name, limits=as_json(profile)) for name, profile in packaged.items()
    ]
    this = ProfileOut(name="this run", extends=nearest_profile(own), limits=as_json(own))
    return Beginning(
        revision=revision_text(columns.revision),
        criteria=criteria_of(columns, limits),
        profiles=[this, *profiles] if own else profiles,
    )


def _preview(columns: RunColumns, limits: tuple[Limit, ...], judged: set[int]) -> Preview:
    graded = curated(columns, limits)
    changed = graded.differs(columns)
    fitted, kept = int(graded.fitted.sum()), int(graded.kept.sum())
    return Preview(
        revision=revision_text(columns.revision),
        fitted=fitted,
        kept=kept,
        lost=fitted - kept,
        failing={name: int(failing.sum()) for name, failing in graded.failing.items()},
        alone=graded.alone,
        unmeasured=list(graded.unmeasured),
        accept=int((changed & graded.kept).sum()),
        reject=int((changed & ~graded.kept).sum()),
        judged=len(judged.intersection(columns.number[changed].tolist())),
    )


def _apply(view: RunView, application: Application) -> Applied:
    columns = view.columns()
    graded = curated(columns, given_limits(view, application.limits))
    if not graded.failing:
        raise SettingsError("none of these criteria was measured in this run: there is nothing to decide by.")
    verdicts = graded.verdicts(columns)
    if not verdicts:
        return Applied(action=None, spared=0)
    with view.decisions() as decisions:
        spared = 0 if application.overwrite else len(decisions.judged().intersection(verdicts))
        action = decisions.curate(verdicts, application.who, overwrite=application.overwrite)
    return Applied(action=None if action is None else taken(action), spared=spared)


def _profile(view: RunView, asked: Profile) -> Response:
    run = "".join(letter if letter.isprintable() else "?" for letter in view.run.absolute().name)
    remark = f"Chosen with thonring serve on the run {run}, {datetime.now(UTC).date().isoformat()}."
    text = profile_text(asked.name, given_limits(view, asked.limits), asked.extends, remark)
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", asked.name).strip("-") or "profile"
    disposition = {"content-disposition": f'attachment; filename="{name}.toml"'}
    return Response(text, media_type="application/toml", headers=disposition)
