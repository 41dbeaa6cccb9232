"""What is downloaded is what `thonring export` writes."""

import csv
import io
import zipfile
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from factories.stores import COUNT
from thonring.formats.run_tables import export
from thonring.run.open import open_run, read_run


@pytest.mark.parametrize("name", ["star", "xmd", "csv", "ctffind", "cryosparc-csv", "json"])
def test_a_download_has_the_files_of_its_format(
    client: TestClient, run: Path, tmp_path: Path, name: str
) -> None:
    answer = client.get(f"/api/exports/{name}")
    assert answer.status_code == 200
    assert int(answer.headers["content-length"]) == len(answer.content)
    with read_run(run) as store:
        (tmp_path / "written").mkdir()
        export(store, [name], tmp_path / "written")
    written = {
        str(path.relative_to(tmp_path / "written")): path.read_bytes()
        for path in (tmp_path / "written").rglob("*")
        if path.is_file()
    }
    disposition = answer.headers["content-disposition"]
    if len(written) == 1:
        assert written == {disposition.partition('"')[2].rstrip('"'): answer.content}
        return
    assert disposition == f'attachment; filename="run_{name}.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert {one: archive.read(one) for one in archive.namelist()} == written


def test_verdicts_are_in_a_download(client: TestClient) -> None:
    client.post("/api/decisions", json={"micrographs": [1], "verdict": "rejected", "who": "Ana"})
    with zipfile.ZipFile(io.BytesIO(client.get("/api/exports/csv").content)) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("results.csv").decode())))
    assert len(rows) == COUNT
    assert (rows[0]["status"], rows[0]["decided_by"]) == ("rejected", "Ana")


def test_a_format_that_does_not_exist_is_told(client: TestClient) -> None:
    answer = client.get("/api/exports/nonsense")
    assert answer.status_code == 422
    assert "one of star, " in answer.json()["detail"]


def test_the_tables_of_the_run_are_renewed(client: TestClient, run: Path) -> None:
    client.post("/api/decisions", json={"micrographs": [1], "verdict": "rejected", "who": "Ana"})
    assert not (run / "results.csv").exists()
    answer = client.post("/api/exports", json={}).json()
    assert answer == {"renewed": True, "told": "The tables in run are up to date."}
    with (run / "results.csv").open(encoding="utf-8", newline="") as table:
        assert next(csv.DictReader(table))["decided_by"] == "Ana"


def test_a_process_that_works_on_the_run_renews_its_tables_itself(client: TestClient, run: Path) -> None:
    with open_run(run):
        answer = client.post("/api/exports", json={}).json()
        assert answer["renewed"] is False
        assert answer["told"].startswith("process ")
        assert answer["told"].endswith("is working on this run and will update its tables.")
        assert client.get("/api/exports/csv").status_code == 200
    assert not (run / "results.csv").exists()
