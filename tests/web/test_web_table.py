"""The table gives what is asked for, in the order asked for, and nothing else."""

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from factories.stores import COUNT, NUMBERS, make_varied_run
from thonring.errors import SettingsError
from thonring.run.columns import STATUSES, RunColumns
from thonring.web.columns import TableQuery, columns_of, in_order, matching


def page(client: TestClient, **asked: Any) -> dict[str, Any]:
    answer = client.get("/api/micrographs", params=asked)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def numbers(client: TestClient, **asked: Any) -> list[int]:
    return [row["number"] for row in page(client, limit=1000, **asked)["rows"]]


def test_a_page_has_the_rows_of_the_run_as_they_are(client: TestClient, columns: RunColumns) -> None:
    found = page(client, limit=1000)
    assert found["total"] == found["matched"] == COUNT
    for index, row in enumerate(found["rows"]):
        assert row["number"] == columns.number[index]
        assert row["file"] == columns.file[index]
        assert row["status"] == STATUSES[columns.status[index]]
        assert bool(row["reasons"]) == (row["status"] != "accepted")
        for name, values in columns.values.items():
            value = row["values"][name]
            assert (math.nan if value is None else value) == pytest.approx(values[index], nan_ok=True)


@pytest.mark.slow
def test_every_column_sorts_both_ways_with_what_has_no_value_last(
    client: TestClient, columns: RunColumns
) -> None:
    for column in client.get("/api/columns").json():
        name = column["name"]
        if name == "file":
            continue
        for sort in (name, f"-{name}"):
            values = [row["values"][name] for row in page(client, sort=sort, limit=1000)["rows"]]
            there = [value for value in values if value is not None]
            assert values == [*there, *[None] * (COUNT - len(there))]
            assert there == sorted(there, reverse=sort.startswith("-"))
    assert len(columns_of(columns)) == len({column.name for column in columns_of(columns)})


def test_equal_rows_keep_the_order_of_the_run(client: TestClient) -> None:
    found = page(client, sort="-fit_resolution_A", limit=1000)["rows"]
    keys = [(-(row["values"]["fit_resolution_A"] or -math.inf), row["number"]) for row in found]
    assert keys == sorted(keys)


def test_pages_put_together_are_the_whole(client: TestClient) -> None:
    whole = numbers(client, sort="-defocus_A")
    parts = [page(client, sort="-defocus_A", offset=offset, limit=7)["rows"] for offset in range(0, COUNT, 7)]
    assert [row["number"] for part in parts for row in part] == whole
    assert page(client, offset=10_000)["rows"] == []


def test_files_are_found_by_a_part_of_their_names_in_any_case(client: TestClient) -> None:
    assert numbers(client, search="mic_000") == list(range(1, 11))
    assert numbers(client, search="RAW/") == list(NUMBERS)
    assert numbers(client, search="no such") == []
    assert numbers(client, sort="-file") == list(NUMBERS)[::-1]


@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_query_keeps_what_fulfils_every_condition(columns: RunColumns, data: st.DataObject) -> None:
    bounded = data.draw(st.sampled_from(["defocus_A", "score", "drift", "fit_resolution_A"]))
    value = st.sampled_from([-math.inf, 0.1, 4.0, 9000.0, math.inf])
    query = TableQuery(
        statuses=data.draw(st.frozensets(st.sampled_from(STATUSES))),
        failing=data.draw(st.sampled_from([None, *columns.criteria])),
        decided=data.draw(st.sampled_from([None, False])),
        bounds={bounded: (data.draw(value), data.draw(value))} if data.draw(st.booleans()) else {},
        sort=data.draw(st.sampled_from(["number", "file", "score", "drift"])),
        descending=data.draw(st.booleans()),
    )
    expected = [
        row
        for row in range(len(columns))
        if (not query.statuses or STATUSES[columns.status[row]] in query.statuses)
        and (query.failing is None or columns.failing[query.failing][row])
        and all(low <= columns.values[name][row] <= high for name, (low, high) in query.bounds.items())
    ]
    assert sorted(in_order(columns, matching(columns, query), query).tolist()) == expected


def test_neighbours_are_those_of_the_list(client: TestClient) -> None:
    asked = {"sort": "-defocus_A", "status": ["accepted", "rejected"]}
    listed = numbers(client, **asked)
    for place, number in enumerate(listed):
        near = page(client, around=number, **asked)
        assert near["position"] == place + 1
        assert near["matched"] == len(listed)
        assert near["previous"] == (listed[place - 1] if place else None)
        assert near["next"] == (listed[place + 1] if place + 1 < len(listed) else None)


def test_one_that_no_longer_fulfils_the_query_has_the_neighbours_it_would_have(client: TestClient) -> None:
    accepted = numbers(client, status="accepted")
    body = {"micrographs": [accepted[1]], "verdict": "rejected", "who": "Ana"}
    assert client.post("/api/decisions", json=body).status_code == 200
    near = page(client, status="accepted", around=accepted[1])
    assert (near["previous"], near["position"], near["next"]) == (accepted[0], None, accepted[2])


def test_a_selection_is_all_that_matched(client: TestClient) -> None:
    answer = client.get("/api/selection", params={"status": "rejected", "sort": "-score"}).json()
    assert answer["numbers"] == numbers(client, status="rejected", sort="-score")


def test_the_table_follows_the_run(client: TestClient, run: Path) -> None:
    before = client.get("/api/state").json()
    make_varied_run(run, first=COUNT, count=3)
    after = client.get("/api/state").json()
    assert before["revision"] != after["revision"]
    assert page(client, sort="-number", limit=1)["rows"][0]["number"] == COUNT + 3


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"sort": "nonsense"}, "'nonsense' is not a numeric column"),
        ({"failing": "nonsense"}, "'nonsense' is not a criterion"),
        ({"low.nonsense": "1"}, "'nonsense' is not a numeric column"),
        ({"low.score": "many"}, "expected a number"),
        ({"low.score": "nan"}, "expected a number"),
        ({"nonsense": "1"}, "unknown query parameter"),
        ({"status": "nonsense"}, "Input should be"),
        ({"limit": "0"}, "greater than or equal to 1"),
        ({"limit": "1001"}, "less than or equal to 1000"),
        ({"offset": "-1"}, "greater than or equal to 0"),
        ({"search": "x" * 201}, "at most 200"),
    ],
)
def test_a_query_that_cannot_be_is_told_in_a_sentence(
    client: TestClient, asked: dict[str, str], told: str
) -> None:
    answer = client.get("/api/micrographs", params=asked)
    assert answer.status_code == 422
    assert told in answer.json()["detail"]


def test_a_number_that_is_not_in_the_run_is_not_found(client: TestClient) -> None:
    for number in (0, COUNT + 1, 2**63 - 1):
        assert client.get("/api/micrographs", params={"around": number}).status_code == 404
        assert client.get("/api/decisions", params={"micrograph": number}).status_code == 404


def test_an_empty_condition_is_none(client: TestClient) -> None:
    assert page(client, status="", search="", failing="", **{"low.score": ""})["matched"] == COUNT


def test_columns_that_are_no_numbers_cannot_be_bounded(columns: RunColumns) -> None:
    with pytest.raises(SettingsError, match="'file' is not a numeric column"):
        matching(columns, TableQuery(bounds={"file": (0.0, 1.0)}))
