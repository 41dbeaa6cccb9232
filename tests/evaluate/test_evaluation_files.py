"""The report as text, JSON and a page that needs nothing beside itself."""

import base64
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from factories.runs import make_close_fit, make_graded, make_truth, write_run, write_set
from thonring.errors import OutputError
from thonring.evaluate.figures import error_figure
from thonring.evaluate.output import WIDTH, as_json, as_page, as_text, write_evaluation
from thonring.evaluate.report import EvaluationRequest, Report, evaluate
from thonring.evaluate.tables import criteria_tables

HOSTILE = "<script>alert('x')<script> & [bold] $title.mrc"
WRONG = make_close_fit(defocus_u_A=20000.0, defocus_v_A=20000.0)
VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Checks that tags close and collects what a page refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.images: list[str] = []
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.links += [found["href"]] if "href" in found else []
        self.ids += [found["id"]] if "id" in found else []
        self.images += [found["src"]] if "src" in found else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def report(folder: Path) -> Report:
    names = ["a.mrc", HOSTILE, "c.mrc"]
    truth = write_set(folder / "set", [make_truth(name) for name in names])
    one = write_run(
        folder / "one", [make_graded(names[0]), make_graded(names[1], WRONG), make_graded(names[2])]
    )
    for path in (one / "plots" / "a_spectrum.png", one / "spectra" / "c.ctf"):
        path.parent.mkdir(exist_ok=True)
        path.touch()
    values = [None, {"score": 0.0}, {"ice_ring": 2.0}]
    pairs = zip(names, values, strict=True)
    other = write_run(folder / "other", [make_graded(name, values=value) for name, value in pairs])
    return evaluate(EvaluationRequest((one, other), truth))


@pytest.fixture(scope="module")
def text_of_page(report: Report, folder: Path) -> str:
    return as_page(report, folder / "elsewhere" / "deep")


@pytest.fixture(scope="module")
def page(text_of_page: str) -> Page:
    return Page(text_of_page)


def test_the_page_is_whole_and_asks_nobody(page: Page) -> None:
    assert page.open == []
    assert not {"script", "link", "iframe"} & set(page.tags)
    assert all(source.startswith("data:image/svg+xml;base64,") for source in page.images)
    assert len(page.images) == 4
    assert not [link for link in page.links if ":" in link]
    assert {link[1:] for link in page.links if link.startswith("#")} == set(page.ids)


def test_pictures_on_the_page_are_drawings(page: Page) -> None:
    for source in page.images:
        root = ET.fromstring(base64.b64decode(source.partition(",")[2]))  # noqa: S314 - our own picture
        assert root.tag.endswith("svg")
        assert len(list(root.iter())) > 50


@pytest.mark.parametrize("runs", [slice(0, 1), slice(0, 2)])
def test_the_legend_fits_below_the_panels(report: Report, runs: slice) -> None:
    figure = error_figure(replace(report, runs=report.runs[runs]))
    figure.draw_without_rendering()
    extent = figure.legends[0].get_window_extent()
    assert figure.bbox.x0 <= extent.x0 < extent.x1 <= figure.bbox.x1


def test_criteria_that_rejected_nothing_take_no_row(report: Report) -> None:
    one, other = criteria_tables(report)
    assert one.rows == ()
    assert one.caption.endswith(
        "Criteria that rejected nothing: ice_ring, score, astigmatism, runner_up_gap."
    )
    assert other.rows == (("ice_ring", "0", "0", "1", "1"), ("score", "0", "0", "1", "1"))
    assert other.caption.endswith("Criteria that rejected nothing: astigmatism, runner_up_gap.")


def test_names_cannot_become_markup(page: Page, report: Report) -> None:
    assert HOSTILE in page.words
    assert HOSTILE in as_text(report)


def test_links_lead_to_the_pictures_from_where_the_page_lies(page: Page, folder: Path) -> None:
    place = folder / "elsewhere" / "deep"
    targets = {(place / unquote(link)).resolve() for link in page.links if not link.startswith("#")}
    assert targets == {folder / "one" / "plots" / "a_spectrum.png", folder / "one" / "spectra" / "c.ctf"}


@pytest.mark.slow
def test_the_same_report_is_the_same_page(text_of_page: str, report: Report, folder: Path) -> None:
    assert as_page(report, folder / "elsewhere" / "deep") == text_of_page


def test_json_is_strict_and_holds_the_numbers(report: Report) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    content = json.loads(as_json(report), parse_constant=refuse)
    first, second = content["runs"]
    assert first["confusion"] | {"tp": 2, "fp": 1, "fn": 0, "tn": 0} == first["confusion"]
    assert first["confusion"]["precision"] == pytest.approx(2 / 3)
    assert first["confusion"]["mcc"] is None
    assert first["accepted"]["defocus"]["worst"] == pytest.approx(5000.0)
    assert [row["kind"] for row in first["micrographs"]] == ["TP", "FP", "TP"]
    assert first["micrographs"][1]["file"] == HOSTILE
    assert first["worth_a_look"][0] == HOSTILE
    assert second["micrographs"][2]["failed_criteria"] == ["ice_ring"]
    assert second["micrographs"][2]["mean_error_A"] is None
    assert content["comparisons"][0]["differing"] == ["c.mrc"]
    assert content["comparisons"][1]["differing"] == ["c.mrc", HOSTILE]
    assert content["question"]["tolerance_resolution_A"] == 4.0


def test_text_has_every_table_within_its_width(report: Report) -> None:
    text = as_text(report)
    for title in (
        "Verdicts",
        "Errors, accepted",
        "By defect",
        "Criteria of one",
        "Limits of other",
        "Worth a look: one",
    ):
        assert re.search(f"^{title}", text, re.MULTILINE)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert re.search(r"^TP, positive and accepted +2 +1 *$", text, re.MULTILINE)


def test_without_truth_there_are_no_errors_to_show(tmp_path: Path) -> None:
    labels = tmp_path / "l.csv"
    labels.write_text("file,label\na.mrc,good\nb.mrc,bad\n")
    run = write_run(tmp_path / "run", [make_graded("a.mrc"), make_graded("b.mrc")])
    report = evaluate(EvaluationRequest((run,), labels=labels))
    text = as_text(report)
    assert "Errors" not in text
    assert "By true defocus" not in text
    assert "By voltage" in text
    assert json.loads(as_json(report))["runs"][0]["accepted"] is None
    assert "Positive: labelled usable." in Page(as_page(report, tmp_path)).words


@pytest.mark.slow
def test_three_files_are_written_whole(report: Report, tmp_path: Path) -> None:
    written = write_evaluation(report, tmp_path / "new" / "out")
    assert [path.name for path in written] == ["evaluation.txt", "evaluation.json", "evaluation.html"]
    assert sorted(path.name for path in (tmp_path / "new" / "out").iterdir()) == sorted(
        path.name for path in written
    )
    assert written[0].read_text(encoding="utf-8") == as_text(report)


def test_a_folder_that_is_a_file_is_refused(report: Report, tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(OutputError, match="taken: cannot be created"):
        write_evaluation(report, tmp_path / "taken")
