"""A request names no files, an error states no path, and the types of JSON are taken as they are."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from factories.web import BAND, MicrographClient
from thonring.errors import SettingsError
from thonring.quality import known_profiles, profile_text
from thonring.web.errors import without_paths

SECRET = "hunter2"  # noqa: S105
LIMITS = [{"criterion": "drift", "at_least": 0.1}]
JUDGEMENT = {"micrographs": [1], "verdict": "rejected", "who": "Ana"}
ATTEMPT_S = 20.0


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file of the server's user that is no business of the page."""
    path = tmp_path / "outside" / "passwords.toml"
    path.parent.mkdir()
    path.write_text(
        f'{SECRET} = "{SECRET}"\n[[limit]]\ncriterion = "drift"\nat_least = 1.0\n', encoding="utf-8"
    )
    return path


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Path]:
    """A named pipe that nobody writes; whoever was caught by it is released in the end."""
    path = tmp_path / "pipe.toml"
    os.mkfifo(path)
    yield path
    release(path)


def release(pipe: Path) -> None:
    """Open a pipe for those who wait to read it, and close it."""
    os.close(os.open(pipe, os.O_RDWR | os.O_NONBLOCK))


def spellings(path: Path) -> list[str]:
    return [
        str(path),
        f"file://{path}",
        os.path.relpath(path),
        f"{path.parent}/../{path.parent.name}/{path.name}",
        f"default\x00{path}",
        f" {path}",
        "~/facility.toml",
        "facility.toml",
        "C:\\Users\\ana\\facility.toml",
    ]


def test_a_profile_extends_packaged_ones_and_no_file(client: TestClient, outside: Path) -> None:
    for extends in spellings(outside):
        body = {"name": "mine", "extends": extends, "limits": LIMITS}
        answer = client.post("/api/curate/profile", json=body)
        assert answer.status_code == 422, extends
        assert SECRET not in answer.text
        assert "toml" not in answer.text
        assert all(name in answer.json()["detail"] for name in known_profiles())


def test_not_even_a_good_file_is_extended(client: TestClient, tmp_path: Path) -> None:
    path = tmp_path / "good.toml"
    path.write_text('extends = "default"\n', encoding="utf-8")
    body = {"name": "mine", "extends": str(path), "limits": LIMITS}
    assert client.post("/api/curate/profile", json=body).status_code == 422
    with pytest.raises(SettingsError, match="unknown profile"):
        profile_text("mine", (), str(path))


def test_a_named_pipe_is_never_opened(client: TestClient, pipe: Path) -> None:
    answered: list[int] = []

    def ask() -> None:
        body = {"name": "mine", "extends": str(pipe), "limits": LIMITS}
        answered.append(client.post("/api/curate/profile", json=body).status_code)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(ATTEMPT_S)
    assert answered == [422]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_takes_the_place_of_a_micrograph_is_not_read(
    micrograph: MicrographClient, estimated_run: Path, images: Path, tmp_path: Path, kind: str
) -> None:
    (picture,) = estimated_run.glob("spectra/found*")
    image = images / "found.mrc"
    moved = image.rename(tmp_path / "moved.mrc")
    try:
        picture.unlink()
        for path in (picture, image):
            if kind == "pipe":
                os.mkfifo(path)
            elif kind == "device":
                path.symlink_to("/dev/zero")
            else:
                path.mkdir()
        for path in ("/spectrum.png", "/thumbnail.png", "/profile", "/spectrum.png?attempt=0"):
            assert answered_in_time(micrograph, path) in {404, 422}, path
        assert micrograph.get()["file_now"] == "gone"
    finally:
        for path in (picture, image):
            if path.is_fifo():
                release(path)
        image.rmdir() if kind == "folder" else image.unlink()
        moved.rename(image)


def answered_in_time(client: MicrographClient, path: str) -> int | None:
    statuses: list[int] = []
    asking = threading.Thread(target=lambda: statuses.append(client.status(path)), daemon=True)
    asking.start()
    asking.join(ATTEMPT_S)
    return statuses[0] if statuses else None


def hostile_requests(path: str) -> list[tuple[str, str, Any]]:
    """Every place of a request that takes text, with a path in it."""
    limit = {"criterion": path, "at_most": 1.0}
    manual = {"ring": {"along_per_A": 0.1, "across_per_A": 0.1, "angle_deg": 0}, "resolution_range_A": BAND}
    return [
        ("POST", "/api/curate/preview", {"limits": [limit]}),
        ("POST", "/api/curate/preview", {"limits": path}),
        ("POST", "/api/curate/apply", {"limits": [limit], "who": "Ana"}),
        ("POST", "/api/curate/profile", {"limits": LIMITS, "name": "x", "extends": path}),
        ("POST", "/api/curate/profile", {"limits": LIMITS, "name": "x", path: path}),
        ("POST", "/api/decisions", JUDGEMENT | {"verdict": path}),
        ("POST", "/api/decisions", JUDGEMENT | {"micrographs": [path]}),
        ("POST", "/api/decisions", JUDGEMENT | {path: 1}),
        ("POST", "/api/decisions", path),
        ("POST", "/api/micrographs/1/manual/keep", {**manual, "way": path, "who": "Ana"}),
        ("POST", "/api/micrographs/1/manual/model", {**manual, "sampling_A": path}),
        ("GET", "/api/micrographs", {"sort": path}),
        ("GET", "/api/micrographs", {"failing": path}),
        ("GET", "/api/micrographs", {"status": path}),
        ("GET", "/api/micrographs", {"limit": path}),
        ("GET", "/api/micrographs", {"around": path}),
        ("GET", "/api/micrographs", {path: "1"}),
        ("GET", "/api/micrographs", {f"low.{path}": "1"}),
        ("GET", "/api/micrographs", {f"low.{path}": path}),
        ("GET", "/api/micrographs", {"high.score": path}),
        ("GET", "/api/selection", {"sort": f"-{path}"}),
        ("GET", "/api/decisions", {"micrograph": path}),
        ("GET", "/api/micrographs/1/profile", {"attempt": path}),
        ("GET", "/api/micrographs/1/manual/plane", {"sampling_A": path}),
        ("GET", f"/api/micrographs/{path}", {}),
        ("GET", f"/api/exports/{path}", {}),
        ("GET", f"/page/{path}", {}),
    ]


@pytest.mark.parametrize("name", ["secret.toml", "the secret's file.toml"])
def test_no_error_repeats_a_path_that_was_asked_for(client: TestClient, tmp_path: Path, name: str) -> None:
    path = str(tmp_path / name)
    for method, address, content in hostile_requests(path):
        given = {"params": content} if method == "GET" else {"json": content}
        answer = client.request(method, address, **given)
        assert answer.status_code in {404, 422}, (address, answer.text)
        assert "/" not in answer.json()["detail"].replace("GET /api/columns", ""), (address, content)
        assert "secret" not in answer.text, (address, answer.text)
        assert str(tmp_path) not in answer.text


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("/data/run 1/run.db: not found.", "run 1/run.db: not found."),
        ("/home/ana/my images/a.mrc: no longer exists.", "a.mrc: no longer exists."),
        ("raw/a.mrc: no longer exists.", "raw/a.mrc: no longer exists."),
        (
            "a.mrc: is a link to '/home/ana/x y.mrc', which is lost.",
            "a.mrc: is a link to '…', which is lost.",
        ),
        ("cannot open /home/ana/x.mrc.", "cannot open …."),
        ("found ~/x.toml, C:\\x.toml and \\\\host\\x.toml", "found …, … and …"),
        ("sampling 1 Å/px, 2 e/Å² and 1/Å: and/or.", "sampling 1 Å/px, 2 e/Å² and 1/Å: and/or."),
        ("those listed by GET /api/columns.", "those listed by GET /api/columns."),
        ("a.mrc: 4 / 5 of it.", "a.mrc: 4 / 5 of it."),
    ],
)
def test_sentences_lose_their_paths_and_nothing_else(sentence: str, expected: str) -> None:
    assert without_paths(sentence, Path("/data/run 1")) == expected


@pytest.mark.slow
def test_an_error_names_a_micrograph_without_its_folder(
    micrograph: MicrographClient, images: Path, tmp_path: Path
) -> None:
    image = images / "found.mrc"
    moved = image.rename(tmp_path / "moved.mrc")
    try:
        answer = micrograph.get("/profile")
    finally:
        moved.rename(image)
    assert answer["detail"].startswith("found.mrc: no longer exists")
    assert str(images) not in answer["detail"]


@pytest.mark.parametrize("number", [True, False, "1", 1.0, 1.5, None, [1], {"number": 1}, 1e400, -1, 2**63])
def test_only_an_integer_is_the_number_of_a_micrograph(client: TestClient, number: Any) -> None:
    body = str(JUDGEMENT | {"micrographs": [number]}).replace("'", '"').replace("inf", "1e400")
    for name, value in (("True", "true"), ("False", "false"), ("None", "null")):
        body = body.replace(name, value)
    answer = client.post("/api/decisions", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert client.get("/api/state").json()["decided"] == 0
    assert client.post("/api/decisions", json=JUDGEMENT).status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/curate/preview", {"limits": [{"criterion": "drift", "at_least": True}]}),
        ("/api/curate/preview", {"limits": [{"criterion": "drift", "at_least": "1"}]}),
        ("/api/curate/preview", {"limits": {"criterion": "drift"}}),
        ("/api/curate/apply", {"limits": LIMITS, "who": "Ana", "overwrite": 1}),
        ("/api/curate/apply", {"limits": LIMITS, "who": "Ana", "overwrite": "true"}),
        ("/api/curate/apply", {"limits": LIMITS, "who": 1}),
        ("/api/curate/profile", {"limits": LIMITS, "name": 1}),
        ("/api/curate/profile", {"limits": LIMITS, "name": "x", "extends": False}),
        ("/api/decisions/undo", {"who": ["Ana"]}),
        ("/api/decisions", {"micrographs": "1", "verdict": "rejected", "who": "Ana"}),
        ("/api/decisions", {"micrographs": {"1": 1}, "verdict": "rejected", "who": "Ana"}),
        ("/api/decisions", {"micrographs": [1], "verdict": False, "who": "Ana"}),
        ("/api/micrographs/1/manual/forget", {"who": None}),
        ("/api/micrographs/1/manual/fit", {"ring": {"zero": True}}),
    ],
)
def test_a_value_of_another_type_is_not_converted(client: TestClient, path: str, body: Any) -> None:
    assert client.post(path, json=body).status_code == 422
    assert client.get("/api/state").json()["decided"] == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("resolution_range_A", [True, 3.5]),
        ("resolution_range_A", ["30", 3.5]),
        ("resolution_range_A", [30.0, 3.5, 3.0]),
        ("phase_shift_deg", "0"),
        ("phase_shift_deg", False),
        ("sampling_A", "1.5"),
        ("quadrant", 1),
        ("zero", 1.0),
        ("zero", "1"),
        ("ring", [1, 0.1, 0.1, 0]),
    ],
)
def test_manual_values_of_another_type_are_not_converted(client: TestClient, field: str, value: Any) -> None:
    ring = {"along_per_A": 0.1, "across_per_A": 0.1, "angle_deg": 0}
    body = {"ring": ring, "resolution_range_A": BAND, "sampling_A": 1.5}
    answer = client.post("/api/micrographs/1/manual/model", json=body | {field: value})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(field)


@pytest.mark.slow
def test_whole_numbers_are_good_numbers(micrograph: MicrographClient) -> None:
    ring = {"zero": 1, "along_per_A": 0.1, "across_per_A": 0.1, "angle_deg": 0}
    micrograph.post(
        "model", {"ring": ring, "resolution_range_A": [30, 4], "sampling_A": 2, "phase_shift_deg": 0}
    )


@pytest.mark.slow
@pytest.mark.parametrize("number", ["1.0", "1_0", "+1", "%201", "01x", "true", "1e0", "0x1", "٣"])
def test_an_address_writes_an_integer_in_one_way(client: TestClient, number: str) -> None:
    for address in (
        f"/api/micrographs/{number}",
        f"/api/micrographs?around={number}",
        f"/api/micrographs?limit={number}",
        f"/api/decisions?micrograph={number}",
        f"/api/micrographs/1/profile?attempt={number}",
    ):
        assert client.get(address.replace("+", "%2B")).status_code == 422, address
