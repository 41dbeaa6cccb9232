"""Only who may look looks, only who may change changes, and no answer tells more than it must."""

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from factories.web import BEARER, PLACE, TOKEN, client_of
from thonring.run.open import open_run
from thonring.web.auth import MAX_BODY_BYTES, Access
from thonring.web.routes import overview as state

HERE = {"origin": f"http://{PLACE}"}
JUDGEMENT = {"micrographs": [1], "verdict": "rejected", "who": "Ana"}
UNKNOWN = {"micrographs": [10**6], "verdict": "rejected", "who": "Ana"}


@pytest.fixture
def anyone(run: Path) -> TestClient:
    return client_of(run)


@pytest.fixture
def abroad(run: Path) -> TestClient:
    return client_of(run, Access("192.168.1.5", 8765, TOKEN), host="192.168.1.5:8765")


@pytest.fixture
def browser(run: Path) -> TestClient:
    """A browser that opened the address with the token."""
    client = client_of(run)
    client.get("/", params={"token": TOKEN})
    return client


def decided(client: TestClient, **headers: str) -> int:
    return client.post("/api/decisions", json=JUDGEMENT, headers=headers).status_code


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.0.0.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104
        ("::", False),
        ("", False),
        ("192.168.1.5", False),
        ("localhost.example.org", False),
        ("microscope", False),
    ],
)
def test_only_addresses_of_this_machine_are_looked_at_without_a_token(host: str, *, loopback: bool) -> None:
    assert Access(host, 1).loopback == loopback


def test_every_server_has_a_token_of_its_own_that_is_not_shown_by_chance() -> None:
    one, other = Access("127.0.0.1", 1), Access("127.0.0.1", 1)
    assert one.token != other.token
    assert len(one.token) >= 32
    assert one.token not in repr(one)
    assert Access("::1", 80, "t").address == "http://[::1]:80/?token=t"
    assert "0.0.0.0" not in Access("0.0.0.0", 80).address  # noqa: S104


@pytest.mark.parametrize(
    "host",
    ["evil.example:8765", "127.0.0.1.evil.example", "evil@127.0.0.1", "[::1", "[", "", "127.0.0.1/x", "a b"],
)
def test_a_name_pointed_at_this_machine_is_refused(anyone: TestClient, host: str) -> None:
    for path in ("/", "/api/state", "/page/shell.js", f"/?token={TOKEN}"):
        answer = anyone.get(path, headers={"host": host})
        assert answer.status_code == 421
        assert "set-cookie" not in answer.headers
    assert anyone.post("/api/decisions", json=JUDGEMENT, headers={"host": host, **BEARER}).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:9000", "[::1]:8765", "LOCALHOST"])
def test_this_machine_may_look_by_any_of_its_names(anyone: TestClient, host: str) -> None:
    answer = anyone.get("/api/state", headers={"host": host})
    assert answer.status_code == 200
    assert answer.json()["may_change"] is False


def test_without_the_token_nothing_is_changed(anyone: TestClient) -> None:
    assert decided(anyone) == 403
    assert decided(anyone, **HERE) == 403
    assert decided(anyone, authorization="Bearer wrong", **HERE) == 403
    assert decided(anyone, cookie="thonring_token_8765=wrong", **HERE) == 403
    assert decided(anyone, cookie=f"thonring_token_8766={TOKEN}", **HERE) == 403
    assert anyone.get("/api/state").json()["decided"] == 0


@pytest.mark.parametrize("other", ['prefs={"a":1}', "flag", "name=with a blank", "é=1"])
def test_cookies_of_other_servers_on_this_machine_do_not_hide_the_token(
    anyone: TestClient, other: str
) -> None:
    cookies = f"{other}; thonring_token_8765={TOKEN}".encode()
    assert anyone.get("/api/state", headers=[(b"cookie", cookies)]).json()["may_change"] is True


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)]
)
def test_pages_of_other_sites_cannot_let_the_server_work(anyone: TestClient, site: str, status: int) -> None:
    assert anyone.get("/api/state", headers={"sec-fetch-site": site}).status_code == status


def test_a_run_that_is_made_anew_is_seen(anyone: TestClient, run: Path) -> None:
    before = anyone.get("/api/state").json()
    for file in run.glob("run.db*"):
        file.unlink()
    with open_run(run):
        pass
    after = anyone.get("/api/state").json()
    assert before["accepted"] + before["rejected"] > 0
    assert after["accepted"] + after["rejected"] + after["failed"] == 0
    assert anyone.get("/api/micrographs").json()["total"] == 0


def test_what_only_computes_needs_the_token_too(anyone: TestClient) -> None:
    limits = {"limits": [{"criterion": "drift", "at_least": 0.1}]}
    assert anyone.post("/api/curate/preview", json=limits, headers=HERE).status_code == 403


def test_the_token_leaves_the_address_for_a_cookie_that_scripts_cannot_read(anyone: TestClient) -> None:
    answer = anyone.get("/", params={"token": TOKEN})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert anyone.get("/", params={"token": "wrong"}).headers.get("set-cookie") is None
    assert anyone.get("/api/state", params={"token": TOKEN}).json()["may_change"] is True
    assert client_without_cookie(anyone, "/api/state") is False


def client_without_cookie(client: TestClient, path: str) -> Any:
    client.cookies.clear()
    return client.get(path, params={"token": TOKEN}).json()["may_change"]


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://127.0.0.1:9999",
        "http://127.0.0.1",
        "null",
        "",
        "http://",
        "http://[",
        f"ftp://{PLACE}",
        PLACE,
        f"http://evil@{PLACE}",
        f"http://{PLACE}.evil.example",
    ],
)
def test_other_origins_change_nothing_even_with_the_token(browser: TestClient, origin: str) -> None:
    assert decided(browser, origin=origin) == 403
    assert decided(browser, origin=origin, **BEARER) == 403
    assert browser.get("/api/state").json()["decided"] == 0


def test_the_page_itself_may_change(browser: TestClient) -> None:
    assert decided(browser, **HERE) == 200
    assert decided(browser, origin=f"https://{PLACE}") == 200


def test_a_cookie_alone_does_not_change_without_an_origin(browser: TestClient) -> None:
    assert decided(browser) == 403
    assert decided(browser, authorization="Bearer wrong") == 403


def test_a_program_with_the_token_may_change_and_a_page_elsewhere_may_not(anyone: TestClient) -> None:
    assert decided(anyone, **BEARER) == 200
    assert decided(anyone, **BEARER, **{"sec-fetch-site": "cross-site"}) == 403


def test_elsewhere_looking_needs_the_token_too(abroad: TestClient) -> None:
    for path in ("/", "/api/state", "/api/openapi.json", "/page/shell.js", "/plotly.min.js", "/nothing"):
        assert abroad.get(path).status_code == 401
        assert abroad.get(path, headers=BEARER).status_code != 401
    assert "open the address" in abroad.get("/").text
    assert abroad.get("/", params={"token": TOKEN}).status_code == 303
    assert abroad.get("/api/state").json()["may_change"] is True


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None]
)
def test_a_body_that_a_form_could_send_is_refused(client: TestClient, kind: str | None) -> None:
    body = b'{"micrographs": [1], "verdict": "rejected", "who": "Ana"}'
    headers = {} if kind is None else {"content-type": kind}
    assert client.post("/api/decisions", content=body, headers=headers).status_code == 415
    json_kind = {"content-type": "application/json; charset=utf-8"}
    assert client.post("/api/decisions", content=body, headers=json_kind).status_code == 200


def test_a_body_that_is_too_large_is_refused_announced_or_not(client: TestClient) -> None:
    kind = {"content-type": "application/json"}
    assert client.post("/api/decisions", content=b" " * (MAX_BODY_BYTES + 1), headers=kind).status_code == 413
    pieces = (b" " * 2**20 for _ in range(MAX_BODY_BYTES // 2**20 + 1))
    assert client.post("/api/decisions", content=pieces, headers=kind).status_code == 413


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "OPTIONS"])
def test_other_methods_do_nothing(client: TestClient, method: str) -> None:
    assert client.request(method, "/api/decisions").status_code in {403, 405, 415}


def test_every_answer_has_the_headers(
    client: TestClient, anyone: TestClient, abroad: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [
        client.get("/"),
        client.get("/page/shell.js"),
        client.get("/plotly.min.js"),
        client.get("/api/state"),
        client.get("/api/nothing"),
        client.get("/nothing"),
        client.post("/api/decisions", json={}),
        anyone.post("/api/decisions", json=JUDGEMENT),
        anyone.get("/", params={"token": TOKEN}),
        anyone.get("/", headers={"host": "evil.example"}),
        abroad.get("/"),
    ]
    monkeypatch.setattr(state, "revision_text", _fails)
    answers.append(client.get("/api/state"))
    assert [answer.status_code for answer in answers] == [200] * 4 + [404, 404, 422, 403, 303, 421, 401, 500]
    for answer in answers:
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] in {"no-store", "no-cache"}
        assert "server" not in answer.headers
    assert answers[-1].json() == {"detail": "something went wrong; see the server's log."}


def _fails(_: object) -> str:
    raise RuntimeError("/secret/place")


def test_no_path_of_a_request_reaches_the_files(client: TestClient, run: Path) -> None:
    (run / "secret.txt").write_text("secret", encoding="utf-8")
    for path in (
        "/page/../app.py",
        "/page/%2e%2e/app.py",
        "/page/..%2fapp.py",
        "/page/%2e%2e%2f%2e%2e%2fapp.py",
        f"/page/{run}/secret.txt",
        f"/page//{run}/secret.txt",
        "/api/exports/..%2fsecret.txt",
        "/api/exports/secret.txt",
        "/run.db",
        "/page/",
        "/page/%00",
    ):
        answer = client.get(path)
        assert answer.status_code in {404, 405, 422}, path
        assert "secret" not in answer.text.replace("secret.txt", "")


def test_errors_do_not_tell_where_the_run_lies(client: TestClient, run: Path) -> None:
    refused = client.post("/api/decisions", json=UNKNOWN)
    (run / "run.db").unlink()
    missing = client.get("/api/state")
    assert (refused.status_code, missing.status_code) == (409, 503)
    for answer in (refused, missing):
        assert answer.json()["detail"].startswith("run/run.db: ")
        assert str(run.parent) not in answer.text
