"""Whatever people decide of a run, every reader of it agrees on who is accepted and with which defocus."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from typer.testing import CliRunner

from factories.outcomes import (
    PASSED,
    REFUSED,
    make_accepted,
    make_attempt,
    make_failed,
    make_fit,
    make_rejected,
    make_without_fit,
)
from factories.stores import make_provenance
from thonring.cli.app import app
from thonring.errors import DecisionError
from thonring.evaluate.agreement import compare_runs
from thonring.evaluate.report import EvaluationRequest, evaluate
from thonring.formats.relion import read_relion
from thonring.formats.run_tables import export, write_run_tables
from thonring.learn.dataset.example import accepted_of
from thonring.run.columns import STATUSES
from thonring.run.open import decide_in, open_run, read_run
from thonring.run.settings_file import write_settings
from thonring.settings import Settings
from thonring.web.app import create_app
from thonring.web.auth import Access
from thonring.web.report.data import gather
from thonring.web.run_view import RunView

OUTCOMES = (
    make_accepted("a.mrc"),
    make_rejected("b.mrc", make_fit(defocus_u_A=18000.0, defocus_v_A=17000.0)),
    make_without_fit("c.mrc"),
    make_failed("d.mrc"),
    make_accepted(
        "e.mrc",
        attempts=(make_attempt(make_fit(defocus_u_A=30000.0)), make_attempt(make_fit(defocus_u_A=16000.0))),
        chosen=1,
    ),
    make_accepted("f.mrc"),
)
NUMBERS = range(1, len(OUTCOMES) + 1)
Accepted = dict[str, float]
"""Mean defocus in Å of each accepted micrograph."""

Decide = Callable[[Path], object]


def make_run(folder: Path) -> Path:
    with open_run(folder) as store:
        store.register([outcome.path for outcome in OUTCOMES])
        for outcome in OUTCOMES:
            store.add(outcome, make_provenance())
        write_run_tables(store)
    write_settings(folder, Settings(), ["thonring", "estimate"])
    return folder


def post(run: Path, route: str, **body: object) -> None:
    """Decide as the page does; what it refuses changes nothing."""
    access = Access("127.0.0.1", 8765, "token")
    headers = {"authorization": "Bearer token"}
    with TestClient(create_app(RunView(run), access), "http://127.0.0.1:8765", headers=headers) as client:
        assert client.post(f"/api/decisions{route}", json={"who": "Ana", **body}).status_code in {
            200,
            409,
            422,
        }


def judge(numbers: list[int], verdict: str | None) -> Decide:
    return lambda run: post(run, "", micrographs=numbers, verdict=verdict)


def estimate(number: int, defocus_A: float, *, good: bool) -> Decide:
    def decide(run: Path) -> None:
        found = make_fit(defocus_u_A=defocus_A + 100.0, defocus_v_A=defocus_A - 100.0)
        with decide_in(run) as decisions:
            try:
                decisions.estimate(number, make_attempt(found, (PASSED if good else REFUSED,)), "Ben")
            except DecisionError:
                assert number == 4, "only the failed micrograph has no pixel size"

    return decide


def forget(numbers: list[int]) -> Decide:
    def decide(run: Path) -> None:
        with decide_in(run) as decisions:
            decisions.forget_estimates(numbers, "Ana")

    return decide


def undo(run: Path) -> None:
    post(run, "/undo")


some = st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=3, unique=True)
step = st.one_of(
    st.builds(judge, some, st.sampled_from(["accepted", "rejected", None])),
    st.builds(
        estimate,
        st.sampled_from(NUMBERS),
        st.floats(5_000.0, 40_000.0).map(lambda value: round(value, 2)),
        good=st.booleans(),
    ),
    st.builds(forget, some),
    st.just(undo),
)


def by_export(run: Path, out: Path) -> tuple[Accepted, Accepted, Accepted]:
    """By RELION's STAR file, results.csv and results.json."""
    out.mkdir()
    with read_run(run) as store:
        export(store, ("star", "csv", "json"), out)
    star = {
        row.name: 0.5 * (row.defocus_u_A + row.defocus_v_A)
        for row in read_relion(out / "micrographs_ctf.star")
    }
    with (out / "results.csv").open(encoding="utf-8", newline="") as stream:
        table = {
            row["file"]: float(row["defocus_A"])
            for row in csv.DictReader(stream)
            if row["status"] == "accepted"
        }
    records = json.loads((out / "results.json").read_text(encoding="utf-8"))["micrographs"]
    everything = {
        one["file"]: one["attempts"][one["chosen"]]["fit"]["defocus_A"]
        for one in records
        if one["status"] == "accepted"
    }
    return star, table, everything


def by_evaluation(run: Path, labels: Path) -> Accepted:
    rows = [f"{outcome.path},usable" for outcome in OUTCOMES]
    labels.write_text("\n".join(["file,label", *rows, ""]), encoding="utf-8")
    (report,) = evaluate(EvaluationRequest((run,), labels=labels)).runs
    assert report.confusion.tp + report.confusion.fp == sum(pair.accepted for pair in report.pairs)
    results = [pair.result for pair in report.pairs if pair.accepted]
    return {
        one.file: 0.5 * (one.estimate.defocus_u_A + one.estimate.defocus_v_A)
        for one in results
        if one.estimate
    }


def by_comparison(run: Path, other: Path) -> Accepted:
    """Against a table that has every micrograph at 10,000 Å: the differences tell the run's defoci."""
    rows = "".join(f"{outcome.path} 10000 10000 0\n" for outcome in OUTCOMES)
    labels = "_rlnMicrographName\n_rlnDefocusU\n_rlnDefocusV\n_rlnDefocusAngle\n"
    other.write_text(f"data_micrographs\n\nloop_\n{labels}{rows}\n", encoding="utf-8")
    (found,) = compare_runs(run, [other])
    return {pair.result.file: 10_000.0 + pair.mean_A for pair in found.pairs if pair.accepted}


def by_cryosparc(run: Path, folder: Path) -> Accepted:
    kind = [("uid", "<u8"), ("micrograph_blob/path", "S64")]
    rows = np.array([(number, str(one.path).encode()) for number, one in enumerate(OUTCOMES)], kind)
    exposures, out = folder / "exposures.cs", folder / "out.cs"
    with exposures.open("wb") as stream:
        np.save(stream, rows)
    words = ("export-cs", run, exposures, "--out", out)
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return {
        row["micrograph_blob/path"].decode(): 0.5 * (float(row["ctf/df1_A"]) + float(row["ctf/df2_A"]))
        for row in np.load(out)
    }


def by_report(run: Path) -> Accepted:
    columns = gather(run).columns
    kept = zip(columns.file, columns.status, columns.values["defocus_A"], strict=True)
    return {file: float(defocus_A) for file, status, defocus_A in kept if STATUSES[status] == "accepted"}


def check_all_agree(run: Path, folder: Path) -> Accepted:
    star, table, everything = by_export(run, folder / "out")
    dataset = {one.path.name: one.defocus_A for one in accepted_of(run)}
    others = {
        "csv": table,
        "json": everything,
        "dataset": dataset,
        "evaluate": by_evaluation(run, folder / "labels.csv"),
        "compare": by_comparison(run, folder / "other.star"),
        "export-cs": by_cryosparc(run, folder),
        "report": by_report(run),
    }
    for name, found in others.items():
        assert found == pytest.approx(star, abs=0.01), name
    return star


@settings(max_examples=20)
@given(steps=st.lists(step, max_size=5))
def test_every_reader_of_a_run_agrees_after_any_decisions(steps: list[Decide]) -> None:
    with TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        run.mkdir()
        make_run(run)
        for decide in steps:
            decide(run)
        check_all_agree(run, Path(folder))


def test_a_micrograph_rejected_on_the_page_is_accepted_nowhere(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    make_run(run)
    judge([1], "rejected")(run)
    judge([2], "accepted")(run)
    estimate(3, 21_000.0, good=True)(run)
    found = check_all_agree(run, tmp_path)
    assert found == {
        "b.mrc": 17_500.0,
        "c.mrc": 21_000.0,
        "e.mrc": pytest.approx(15_400.0, abs=1),
        "f.mrc": 15_000.5,
    }
