"""What the sliders say would be kept is what grading with the saved profile keeps."""

import json
import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from factories.stores import SETTINGS
from factories.web import BEARER, client_of
from thonring.quality import CRITERIA, holds, limit_on, load_profile
from thonring.quality.grade import _result
from thonring.run.columns import RunColumns
from thonring.settings import Limit

MEASURED = tuple(limit.criterion for limit in SETTINGS.limits)


@pytest.fixture(scope="module")
def reading(varied_run: Path) -> TestClient:
    return client_of(varied_run, **BEARER)


def post(client: TestClient, path: str, **body: Any) -> Any:
    answer = client.post(f"/api/curate/{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer


def own_limits(client: TestClient) -> list[dict[str, Any]]:
    return list(client.get("/api/curate").json()["profiles"][0]["limits"])


def graded(columns: RunColumns, limits: tuple[Limit, ...]) -> int:
    """How many the grading of every criterion, one by one, keeps."""
    return sum(
        all(
            _result(CRITERIA[limit.criterion], limit, float(columns.values[limit.criterion][row])).passed
            for limit in limits
        )
        for row in range(len(columns))
        if math.isfinite(columns.values["defocus_A"][row])
    )


def test_the_limits_of_the_run_keep_what_it_accepted(client: TestClient) -> None:
    state = client.get("/api/state").json()
    preview = post(client, "preview", limits=own_limits(client)).json()
    assert preview["kept"] == state["accepted"]
    assert preview["accept"] == preview["reject"] == 0
    assert (
        preview["kept"] + preview["lost"]
        == preview["fitted"]
        < sum(state[name] for name in ("accepted", "rejected", "failed"))
    )


bound = st.one_of(
    st.none(), st.sampled_from([0.0, 0.03, 0.15, 1.0, 1.2, 2.0, 8.0, 12.0, 100.0]), st.floats(-1e6, 1e6)
)


@st.composite
def limits(draw: st.DrawFn) -> list[dict[str, Any]]:
    chosen = []
    for criterion in draw(st.lists(st.sampled_from(MEASURED), unique=True, min_size=1)):
        low, high = draw(bound), draw(bound)
        if low is not None and high is not None and low > high:
            low, high = high, low
        chosen.append({"criterion": criterion, "at_least": low, "at_most": high})
    return chosen


@pytest.mark.slow
@given(chosen=limits(), extends=st.sampled_from([None, "default", "xmipp-after"]))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_saved_profile_keeps_what_was_counted(
    reading: TestClient,
    columns: RunColumns,
    tmp_path_factory: pytest.TempPathFactory,
    chosen: list[dict[str, Any]],
    extends: str | None,
) -> None:
    preview = post(reading, "preview", limits=chosen).json()
    answer = post(reading, "profile", limits=chosen, name='The "facility\'s" é', extends=extends)
    path = tmp_path_factory.mktemp("profile") / "facility.toml"
    path.write_bytes(answer.content)
    profile = load_profile(str(path))
    assert {(limit.criterion, limit.at_least, limit.at_most) for limit in profile} == {
        (
            one["criterion"],
            -math.inf if one["at_least"] is None else one["at_least"],
            math.inf if one["at_most"] is None else one["at_most"],
        )
        for one in chosen
    }
    assert preview["kept"] == graded(columns, profile)
    for name, lost in preview["failing"].items():
        (limit,) = (one for one in profile if one.criterion == name)
        others = tuple(one for one in profile if one.criterion != name)
        assert preview["alone"][name] == graded(columns, others) - preview["kept"]
        assert lost == preview["fitted"] - graded(columns, (limit,))


@given(
    criterion=st.sampled_from(sorted(CRITERIA)),
    low=st.floats(-10, 0),
    high=st.floats(0, 10),
    values=st.lists(st.one_of(st.just(math.nan), st.floats(-20, 20)), min_size=1),
)
def test_many_values_are_held_against_a_limit_as_one_is(
    criterion: str, low: float, high: float, values: list[float]
) -> None:
    limit = limit_on(criterion, low, high)
    one_by_one = [_result(CRITERIA[criterion], limit, value).passed for value in values]
    assert holds(limit, np.array(values)).tolist() == one_by_one


def test_a_profile_has_only_what_differs(client: TestClient, tmp_path: Path) -> None:
    chosen = own_limits(client)
    same = post(client, "profile", limits=chosen, name="same", extends="default").text
    assert same == 'name = "same"\nextends = "default"\n'
    stricter = [{**one, "at_most": 6.0} if one["criterion"] == "fit_resolution" else one for one in chosen]
    answer = post(client, "profile", limits=stricter[1:], name="../../My Facility", extends="default")
    assert answer.headers["content-disposition"] == 'attachment; filename="My-Facility.toml"'
    path = tmp_path / "stricter.toml"
    path.write_text(answer.text, encoding="utf-8")
    loaded = {limit.criterion: limit for limit in load_profile(str(path))}
    assert answer.text.count("[[limit]]") == 1
    assert "crystalline_spots" not in loaded
    assert loaded["fit_resolution"].at_most == 6.0
    assert loaded["fit_resolution"].reason == next(
        limit.reason for limit in SETTINGS.limits if limit.criterion == "fit_resolution"
    )


def test_applying_is_one_action_and_brings_the_run_to_what_was_counted(client: TestClient) -> None:
    before = client.get("/api/state").json()
    chosen = [{"criterion": "fit_resolution", "at_most": 5.0}, {"criterion": "drift", "at_least": 0.3}]
    preview = post(client, "preview", limits=chosen).json()
    assert preview["accept"]
    assert preview["reject"]
    applied = post(client, "apply", limits=chosen, who="Ana").json()
    assert applied["action"]["kind"] == "curate"
    assert applied["action"]["micrographs"] == preview["accept"] + preview["reject"]
    assert client.get("/api/state").json()["accepted"] == preview["kept"]
    assert post(client, "apply", limits=chosen, who="Ana").json() == {"action": None, "spared": 0}
    client.post("/api/decisions/undo", json={"who": "Ana"})
    after = client.get("/api/state").json()
    assert [after[key] for key in ("accepted", "rejected", "failed")] == [
        before[key] for key in ("accepted", "rejected", "failed")
    ]


def test_what_people_judged_stays_unless_told(client: TestClient) -> None:
    chosen = [{"criterion": "fit_resolution", "at_most": 1000.0}]
    number = client.get("/api/selection", params={"status": "accepted"}).json()["numbers"][0]
    client.post("/api/decisions", json={"micrographs": [number], "verdict": "rejected", "who": "Ben"})
    assert post(client, "preview", limits=chosen).json()["judged"] == 1
    assert post(client, "apply", limits=chosen, who="Ana").json()["spared"] == 1
    assert number not in client.get("/api/selection", params={"status": "accepted"}).json()["numbers"]
    assert (
        post(client, "apply", limits=chosen, who="Ana", overwrite=True).json()["action"]["micrographs"] == 1
    )


def test_what_the_run_did_not_measure_is_told_and_not_counted(client: TestClient) -> None:
    profile = next(
        one for one in client.get("/api/curate").json()["profiles"] if one["name"] == "xmipp-after"
    )
    preview = post(client, "preview", limits=profile["limits"]).json()
    assert set(preview["unmeasured"]) == {limit["criterion"] for limit in profile["limits"]}
    assert preview["lost"] == 0
    answer = client.post("/api/curate/apply", json={"limits": profile["limits"], "who": "Ana"})
    assert answer.status_code == 422
    assert "none of these criteria was measured" in answer.json()["detail"]


def test_the_packed_values_are_those_of_the_run(client: TestClient, columns: RunColumns) -> None:
    packed = client.get("/api/curate/values").content
    (length,) = struct.unpack_from("<I", packed)
    head = json.loads(packed[4 : 4 + length])
    count, names, start = head["count"], head["columns"], 4 + length
    assert start % 8 == 0
    for index, name in enumerate(names):
        values = np.frombuffer(packed, "<f8", count, start + 8 * index * count)
        if name != "recorded_at":
            np.testing.assert_array_equal(values, columns.values[name])
    numbers = np.frombuffer(packed, "<f8", count, start + 8 * len(names) * count)
    np.testing.assert_array_equal(numbers, columns.number)
    flags = np.frombuffer(packed, "u1", count, start + 8 * (len(names) + 1) * count)
    np.testing.assert_array_equal(flags & 3, columns.status)
    np.testing.assert_array_equal(flags & 4 > 0, np.isfinite(columns.values["defocus_A"]))
    assert not (flags & 8).any()


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ([], "at least 1 item"),
        ([{"criterion": "nonsense", "at_most": 1.0}], "unknown criterion 'nonsense'"),
        ([{"criterion": "drift", "at_least": 2.0, "at_most": 1.0}], "nothing could pass"),
        ([{"criterion": "drift"}, {"criterion": "drift"}], "two limits"),
        ([{"criterion": "drift", "at_least": "many"}], "valid number"),
        ([{"criterion": "drift", "reason": "x"}], "Extra inputs"),
    ],
)
def test_limits_that_cannot_be_are_told(client: TestClient, chosen: list[dict[str, Any]], told: str) -> None:
    answer = client.post("/api/curate/preview", json={"limits": chosen})
    assert answer.status_code == 422
    assert told in answer.json()["detail"]


def test_numbers_that_json_does_not_have_are_refused(client: TestClient) -> None:
    raw = b'{"limits": [{"criterion": "drift", "at_least": NaN}]}'
    answer = client.post("/api/curate/preview", content=raw, headers={"content-type": "application/json"})
    assert answer.status_code == 422
