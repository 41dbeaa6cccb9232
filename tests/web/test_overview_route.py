"""GET /api/overview: what the report shows, live."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from factories.outcomes import make_failed
from factories.stores import LIMITS, make_graded, make_run, make_session
from thonring.run.columns import read_columns
from thonring.run.open import decide_in, open_run, read_run
from thonring.run.provenance import Provenance
from thonring.web.app import create_app
from thonring.web.auth import Access
from thonring.web.figures import findings, plotly_figures
from thonring.web.routes import overview
from thonring.web.run_view import RunView


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "run", make_session(150))


@pytest.fixture
def client(run: Path) -> Iterator[TestClient]:
    with TestClient(create_app(RunView(run), Access("127.0.0.1", 80)), base_url="http://127.0.0.1") as client:
        yield client


def test_the_overview_has_the_figures_of_the_report(run: Path, client: TestClient) -> None:
    with read_run(run) as store:
        columns = read_columns(store)
    found = client.get("/api/overview").raise_for_status().json()
    expected = plotly_figures(findings(columns, LIMITS), columns)
    assert [one["name"] for one in found["figures"]] == [one.name for one in expected]
    assert [one["layout"] for one in found["figures"]] == [one.layout for one in expected]
    assert [one["told"] for one in found["figures"]] == [one.caption for one in expected]
    assert all(
        sheet["told"] and all(one["told"] for one in sheet["micrographs"]) for sheet in found["sheets"]
    )
    assert found["counts"]["total"] == 150
    assert sum(found["counts"][name] for name in ("accepted", "rejected", "failed")) == 150
    assert found["rates"]["per_hour"] == pytest.approx(360.0)


def test_it_follows_the_run_and_its_decisions(run: Path, client: TestClient) -> None:
    before = client.get("/api/overview").json()
    with open_run(run) as store:
        store.register([Path("late.mrc")])
        origin = next(entry.provenance for _, entry in store.entries())
        store.add(make_graded("late.mrc"), Provenance(origin.file, origin.inputs, origin.processing))
    with decide_in(run) as decisions:
        decisions.judge([151], "rejected", "Ana")
    after = client.get("/api/overview").json()
    assert after["revision"] != before["revision"]
    assert after["counts"]["rejected"] == before["counts"]["rejected"] + 1
    assert after["counts"]["decided"] == 1
    assert {"manual decision": 1}.items() <= {
        one["criterion"]: one["micrographs"] for one in after["rejected_by"]
    }.items()


def test_nothing_new_is_not_summed_up_again(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    first = client.get("/api/overview").json()
    monkeypatch.setattr(overview, "findings", None)
    assert client.get("/api/overview").json() == first


@pytest.mark.parametrize(
    "outcomes", [[], [make_failed("a.mrc")], [make_graded("one.mrc")]], ids=["empty", "failed", "one"]
)
def test_runs_of_few_have_an_overview(tmp_path: Path, outcomes: list) -> None:
    view = RunView(make_run(tmp_path / "few", outcomes))
    with TestClient(create_app(view, Access("127.0.0.1", 80)), base_url="http://127.0.0.1") as client:
        found = client.get("/api/overview").raise_for_status().json()
    assert found["counts"]["total"] == len(outcomes)
    assert found["rates"]["per_hour"] is None
