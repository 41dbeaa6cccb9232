"""Curation: what limits would accept and reject, the verdicts that follow, and a profile to estimate with."""

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from thonring.errors import SettingsError
from thonring.quality import CRITERIA, known_profiles, load_profile, profile_text
from thonring.run.columns import RunColumns
from thonring.settings import Limit
from thonring.web.columns import Column, columns_of, packed_values
from thonring.web.curation import judged_criteria, limits_from_bounds, regrade
from thonring.web.routes.decisions import ActionAnswer, Reviewer, action_answer
from thonring.web.routes.overview import revision_text
from thonring.web.run_view import RunView, run_settings
from thonring.web.schemas import RequestModel


def _packaged_name(name: str) -> str:
    if name not in known_profiles():
        raise ValueError(f"unknown profile: expected one of {', '.join(known_profiles())}, or null")
    return name


ProfileName = Annotated[
    str,
    AfterValidator(_packaged_name),
    Field(description="A packaged profile.", json_schema_extra={"enum": [*known_profiles()]}),
]
"""What a request can extend: never a file, whose path only the command line takes."""

Bound = Annotated[float | None, Field(allow_inf_nan=False)]


class LimitBounds(RequestModel):
    """The values that a criterion accepts; null: no bound on this side."""

    criterion: Annotated[str, Field(max_length=100, json_schema_extra={"enum": [*CRITERIA]})]
    at_least: Bound = None
    at_most: Bound = None


Limits = Annotated[
    list[LimitBounds],
    Field(min_length=1, max_length=len(CRITERIA), description="Criteria that are not listed are ignored."),
]


class CuratedCriterion(BaseModel):
    """A criterion of the run; `below` and `above` say on which sides limits are usual.

    With `unknown_passes` a micrograph without a value passes.
    """

    name: str
    title: str
    unit: str
    about: str
    unknown_passes: bool
    below: bool
    above: bool


class ProfileAnswer(BaseModel):
    """Limits to start from; `extends` names the packaged profile that is the same or closest."""

    name: str
    extends: str
    limits: list[LimitBounds]


class CurationAnswer(BaseModel):
    """The criteria to set limits on, and profiles to start from, that of the run first."""

    revision: str
    criteria: list[CuratedCriterion]
    profiles: list[ProfileAnswer]


class LimitsRequest(RequestModel):
    """Limits to grade the run by."""

    limits: Limits


class PreviewAnswer(BaseModel):
    """The effect of limits: of `fitted` micrographs with a fit, `kept` would be accepted and `lost` rejected.

    `failing` counts by criterion what it rejects, `alone` what no other criterion rejects. `accept` and `reject` are
    the changes that `apply` would make, `judged` those of them with an individual manual verdict.
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


class ApplyRequest(LimitsRequest):
    """Limits to decide by; with `overwrite` they also replace individual manual verdicts."""

    who: Reviewer
    overwrite: bool = False


class ApplyAnswer(BaseModel):
    """The action taken, null if nothing changed; `spared` micrographs kept their individual manual verdicts."""

    action: ActionAnswer | None
    spared: int


class ProfileRequest(LimitsRequest):
    """A profile to write."""

    name: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$"),
    ]
    extends: ProfileName | None = "default"


def router(view: RunView) -> APIRouter:
    """Create the routes of curation."""
    routes = APIRouter(tags=["curate"])

    @routes.get("/curate")
    def curation() -> CurationAnswer:
        """Return the criteria of the run, its own limits, and those of every packaged profile."""
        return _curation(view)

    @routes.get("/curate/values", response_class=Response)
    def values() -> Response:
        """Return the values of all micrographs at once, for counting while a slider moves.

        Four bytes n (uint32), n bytes of JSON {revision, count, columns}, then little-endian for each column `count`
        float64, for the numbers of the micrographs `count` float64, and `count` bytes of flags: 0 to 2 the status
        (accepted, rejected, failed) + 4 with a fit + 8 with an individual manual verdict.
        """
        columns = view.columns()
        packed = packed_values(columns, _judged(view), revision_text(columns.revision))
        return Response(packed, media_type="application/octet-stream")

    @routes.post("/curate/preview")
    def preview(request: LimitsRequest) -> PreviewAnswer:
        """Count what limits would accept and reject."""
        return _preview(view.columns(), _requested_limits(view, request.limits), _judged(view))

    @routes.post("/curate/apply")
    def apply(request: ApplyRequest) -> ApplyAnswer:
        """Set the verdict of the limits for every micrograph with a fit, in one action that can be undone."""
        return _apply(view, request)

    @routes.post("/curate/profile", response_class=Response)
    def profile(request: ProfileRequest) -> Response:
        """Write limits as a profile that `thonring estimate --profile FILE` reads."""
        return _profile(view, request)

    return routes


def _curation(view: RunView) -> CurationAnswer:
    columns, own = view.columns(), _run_limits(view)
    packaged = {name: load_profile(name) for name in known_profiles()}
    limits = [*own, *(limit for profile in packaged.values() for limit in profile)]
    described = {column.name: column for column in columns_of(columns)}
    profiles = [
        ProfileAnswer(name=name, extends=name, limits=_bounds(profile)) for name, profile in packaged.items()
    ]
    if own:
        profiles.insert(0, ProfileAnswer(name="this run", extends=_closest_profile(own), limits=_bounds(own)))
    return CurationAnswer(
        revision=revision_text(columns.revision),
        criteria=[_criterion(described[name], limits) for name in judged_criteria(columns)],
        profiles=profiles,
    )


def _preview(columns: RunColumns, limits: tuple[Limit, ...], judged: set[int]) -> PreviewAnswer:
    regraded = regrade(columns, limits)
    changed = regraded.changed(columns)
    fitted, accepted = int(regraded.fitted.sum()), int(regraded.accepted.sum())
    return PreviewAnswer(
        revision=revision_text(columns.revision),
        fitted=fitted,
        kept=accepted,
        lost=fitted - accepted,
        failing={name: int(failing.sum()) for name, failing in regraded.failing.items()},
        alone=regraded.rejected_alone,
        unmeasured=list(regraded.unmeasured),
        accept=int((changed & regraded.accepted).sum()),
        reject=int((changed & ~regraded.accepted).sum()),
        judged=len(judged.intersection(columns.number[changed].tolist())),
    )


def _apply(view: RunView, request: ApplyRequest) -> ApplyAnswer:
    columns = view.columns()
    regraded = regrade(columns, _requested_limits(view, request.limits))
    if not regraded.failing:
        raise SettingsError(
            "none of these criteria was measured in this run, so they cannot decide anything."
        )
    verdicts = regraded.verdicts(columns)
    if not verdicts:
        return ApplyAnswer(action=None, spared=0)
    with view.decisions() as decisions:
        spared = 0 if request.overwrite else len(decisions.judged().intersection(verdicts))
        action = decisions.curate(verdicts, request.who, overwrite=request.overwrite)
    return ApplyAnswer(action=None if action is None else action_answer(action), spared=spared)


def _profile(view: RunView, request: ProfileRequest) -> Response:
    run = "".join(letter if letter.isprintable() else "?" for letter in view.run.absolute().name)
    remark = f"Chosen with thonring serve for the run {run}, {datetime.now(UTC).date().isoformat()}."
    text = profile_text(request.name, _requested_limits(view, request.limits), request.extends, remark)
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", request.name).strip("-") or "profile"
    disposition = {"content-disposition": f'attachment; filename="{name}.toml"'}
    return Response(text, media_type="application/toml", headers=disposition)


def _judged(view: RunView) -> set[int]:
    """Numbers of the micrographs with an individual manual verdict."""
    with view.decisions() as decisions:
        return decisions.judged()


def _run_limits(view: RunView) -> tuple[Limit, ...]:
    """Limits by which the last micrograph of the run was judged; none if there is no micrograph yet."""
    with view.store() as store:
        return run_settings(store).limits


def _requested_limits(view: RunView, limits: list[LimitBounds]) -> tuple[Limit, ...]:
    """Complete the limits of a request with the sentences of the run's own limits, or of a packaged profile.

    Raises
    ------
    SettingsError
        If a criterion is unknown or has two limits, or a lower bound is above the upper one.
    """
    bounds = {
        limit.criterion: (
            -math.inf if limit.at_least is None else limit.at_least,
            math.inf if limit.at_most is None else limit.at_most,
        )
        for limit in limits
    }
    if len(bounds) < len(limits):
        raise SettingsError("a criterion has two limits: give one, with both bounds.")
    packaged = [limit for name in known_profiles() for limit in load_profile(name)]
    return limits_from_bounds(bounds, [*_run_limits(view), *packaged])


def _bounds(limits: Sequence[Limit]) -> list[LimitBounds]:
    return [
        LimitBounds(
            criterion=limit.criterion,
            at_least=limit.at_least if math.isfinite(limit.at_least) else None,
            at_most=limit.at_most if math.isfinite(limit.at_most) else None,
        )
        for limit in limits
    ]


def _criterion(column: Column, limits: Sequence[Limit]) -> CuratedCriterion:
    """Describe a criterion; `limits` of the run and of all profiles show on which sides limits are usual."""
    on_it = [limit for limit in limits if limit.criterion == column.name]
    return CuratedCriterion(
        name=column.name,
        title=column.title,
        unit=column.unit,
        about=column.about,
        unknown_passes=CRITERIA[column.name].pass_if_missing,
        below=not on_it or any(math.isfinite(limit.at_least) for limit in on_it),
        above=not on_it or any(math.isfinite(limit.at_most) for limit in on_it),
    )


def _closest_profile(limits: Sequence[Limit]) -> str:
    """Return the name of the packaged profile that shares most of these limits."""
    bounds = {(limit.criterion, limit.at_least, limit.at_most) for limit in limits}

    def in_common(name: str) -> int:
        return len(
            bounds & {(limit.criterion, limit.at_least, limit.at_most) for limit in load_profile(name)}
        )

    return max(known_profiles(), key=in_common)
