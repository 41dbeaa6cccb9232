"""Decisions come in, stand, and are taken back over the JSON interface."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from factories.stores import COUNT


def decide(client: TestClient, numbers: list[int], verdict: str | None) -> dict[str, Any]:
    body = {"micrographs": numbers, "verdict": verdict, "who": "  Ana "}
    answer = client.post("/api/decisions", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def row(client: TestClient, number: int) -> dict[str, Any]:
    return dict(client.get("/api/micrographs", params={"offset": number - 1, "limit": 1}).json()["rows"][0])


@pytest.fixture
def accepted(client: TestClient) -> list[int]:
    return list(client.get("/api/selection", params={"status": "accepted"}).json()["numbers"])


def test_a_verdict_stands_with_who_and_is_undone(client: TestClient, accepted: list[int]) -> None:
    action = decide(client, accepted[:2], "rejected")
    assert (action["who"], action["kind"], action["micrographs"]) == ("Ana", "reject", 2)
    assert row(client, accepted[0])["status"] == "rejected"
    assert row(client, accepted[0])["reasons"][0].startswith("rejected by Ana on ")
    assert client.get("/api/state").json()["decided"] == 2
    undone = client.post("/api/decisions/undo", json={"who": "Ben"}).json()
    assert (undone["kind"], undone["undone"]["id"], undone["who"]) == ("undo", action["id"], "Ben")
    assert row(client, accepted[0])["status"] == "accepted"
    assert row(client, accepted[0])["decided"] is False
    history = client.get("/api/decisions", params={"micrograph": accepted[1]}).json()
    assert [one["kind"] for one in history] == ["undo", "reject"]


def test_the_criteria_can_be_let_decide_again(client: TestClient, accepted: list[int]) -> None:
    decide(client, accepted[:1], "rejected")
    decide(client, accepted[:1], None)
    assert row(client, accepted[0])["status"] == "accepted"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"micrographs": [], "verdict": "rejected", "who": "Ana"}, 422),
        ({"micrographs": [1], "verdict": "perhaps", "who": "Ana"}, 422),
        ({"micrographs": [1], "who": "Ana"}, 422),
        ({"micrographs": [1], "verdict": "rejected", "who": "  "}, 422),
        ({"micrographs": [1], "verdict": "rejected", "who": "A\nb"}, 422),
        ({"micrographs": [1], "verdict": "rejected", "who": "A" * 81}, 422),
        ({"micrographs": [1], "verdict": "rejected", "who": "Ana", "more": 1}, 422),
        ({"micrographs": [2**63], "verdict": "rejected", "who": "Ana"}, 422),
        ({"micrographs": [1.5], "verdict": "rejected", "who": "Ana"}, 422),
        ({"micrographs": [1, COUNT + 1], "verdict": "rejected", "who": "Ana"}, 409),
        ({"micrographs": [10], "verdict": "accepted", "who": "Ana"}, 409),
    ],
)
def test_what_cannot_stand_changes_nothing(client: TestClient, body: dict[str, Any], status: int) -> None:
    before = client.get("/api/state").json()
    answer = client.post("/api/decisions", json=body)
    assert answer.status_code == status
    assert isinstance(answer.json()["detail"], str)
    assert client.get("/api/state").json() == before


def test_half_a_character_is_refused(client: TestClient) -> None:
    raw = rb'{"micrographs": [1], "verdict": "rejected", "who": "A\ud800"}'
    answer = client.post("/api/decisions", content=raw, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert isinstance(answer.json()["detail"], str)


def test_there_may_be_nothing_to_undo(client: TestClient) -> None:
    answer = client.post("/api/decisions/undo", json={"who": "Ana"})
    assert answer.status_code == 409
    assert "nothing to undo" in answer.json()["detail"]
