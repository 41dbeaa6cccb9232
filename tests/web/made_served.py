"""A made-up run with every kind of micrograph, and a client that asks its server without a network."""

import math
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
from starlette.testclient import TestClient

from thonring.optics import Optics
from thonring.quality import load_profile
from thonring.quality.criteria import CRITERIA
from thonring.quality.grade import _result
from thonring.records import Attempt, CtfFit, Outcome, RadialCurve, Verdict
from thonring.run.open import open_run
from thonring.run.provenance import FileState, Provenance, inputs_text, processing
from thonring.settings import Limit, Settings
from thonring.web.app import create_app
from thonring.web.auth import Access
from thonring.web.run_view import RunView

COUNT = 60
TOKEN = "the-token"  # noqa: S105
PLACE = "127.0.0.1:8765"
BEARER = {"authorization": f"Bearer {TOKEN}"}
NUMBERS = range(1, COUNT + 1)
OPTICS = Optics(300.0, 2.7, 0.1)
SETTINGS = replace(Settings(), limits=load_profile("default"))
ORIGIN = Provenance(
    FileState(10, 1_700_000_000_000_000_000), inputs_text(OPTICS, None), processing(SETTINGS, None, (), "1")
)


def make_run(run: Path, first: int = 0, count: int = COUNT) -> Path:
    """Accepted, rejected with and without a fit, failed; some criteria could not be computed."""
    run.mkdir(exist_ok=True)
    outcomes = [
        made_outcome(Path(f"raw/Mic_{number:04}.mrc"), number) for number in range(first, first + count)
    ]
    with open_run(run) as store:
        store._connection.execute("PRAGMA synchronous = OFF")
        store.register([outcome.path for outcome in outcomes])
        for outcome in outcomes:
            store.add(outcome, ORIGIN)
    return run


def made_outcome(path: Path, seed: int) -> Outcome:
    draw = random.Random(seed)  # noqa: S311 - made-up numbers
    if seed % 10 == 9:
        return Outcome(path, "failed", (f"{path}: truncated",), OPTICS, math.nan, (0, 0))
    results = tuple(
        _result(CRITERIA[limit.criterion], limit, _value(limit, draw)) for limit in SETTINGS.limits
    )
    fit: CtfFit | None = _fit(draw)
    if not all(result.passed for result in results[:3]):
        results, fit = results[:3], None
    verdict = Verdict("default", results)
    return Outcome(
        path=path,
        status="accepted" if verdict.accepted else "rejected",
        reasons=verdict.reasons,
        optics=OPTICS,
        pixel_A=0.8,
        shape=(512, 512),
        attempts=(Attempt(1.75, verdict, fit),),
        chosen=0,
    )


def _value(limit: Limit, draw: random.Random) -> float:
    if draw.random() < 0.04:
        return math.nan
    within = draw.random() < 0.96
    if math.isfinite(limit.at_most):
        return limit.at_most * draw.choice((0.25, 0.5, 0.75, 1.0) if within else (1.25, 2.0))
    return limit.at_least * draw.choice((1.0, 1.5, 3.0) if within else (0.25, 0.5))


def _fit(draw: random.Random) -> CtfFit:
    nothing = np.zeros(0)
    defocus_A = draw.uniform(5000, 20000)
    return CtfFit(
        defocus_u_A=defocus_A + 100,
        defocus_v_A=defocus_A - 100,
        angle_deg=draw.uniform(-90, 90),
        phase_shift_deg=0.0,
        amplitude_contrast=0.1,
        covariance=np.diag([25.0, 100.0, 100.0, 0.0, 0.0]),
        score=draw.random(),
        fit_resolution_A=draw.choice((3.0, 4.0, 5.0)),
        resolution_range_A=(30.0, 2.5),
        sampling_A=1.75,
        log_likelihood_gain=500.0,
        dispersion=1.0,
        runner_up_A=math.nan,
        runner_up_gap=math.nan,
        curve=RadialCurve(nothing, nothing, nothing, nothing, nothing, nothing, nothing),
        start_A=defocus_A,
    )


def client_of(run: Path, access: Access | None = None, **headers: str) -> TestClient:
    """A client that shows what a program would see: also errors of the server are answers."""
    access = access or Access("127.0.0.1", 8765, TOKEN)
    app = create_app(RunView(run), access)
    return TestClient(
        app,
        base_url=f"http://{PLACE}",
        headers=headers,
        raise_server_exceptions=False,
        follow_redirects=False,
    )
