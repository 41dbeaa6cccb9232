"""The report needs nothing beside itself, says what the store says, and lets no file's name do harm."""

import json
import math
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from factories.outcomes import make_failed
from factories.stores import make_graded, make_plain_fit, make_run, make_session, write_spectra
from thonring.run.open import decide_in, read_run
from thonring.run.summary import summary
from thonring.web.report import files as files_of_report
from thonring.web.report import page as page_of_report
from thonring.web.report.files import write_report

HOSTILE = "<img src=x onerror=alert(1)>\"'&</script><b>.mrc"


class Read(HTMLParser):
    """A page as a browser takes it: addresses, tags, attributes that run, and text outside scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.words: list[str] = []
        self.headings: list[str] = []
        self.figures = ""
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.addresses += [found[name] or "" for name in ("src", "href", "action", "data") if name in found]
        self.handlers += [name for name in found if name.startswith("on")]
        if tag == "img":
            self.pictures.append(found)
        if tag not in {"img", "meta", "link", "br"}:
            self._inside.append("figures" if found.get("id") == "figure-data" else tag)

    def handle_endtag(self, _tag: str) -> None:
        self._inside.pop()

    def handle_data(self, data: str) -> None:
        inside = self._inside[-1] if self._inside else ""
        if inside == "figures":
            self.figures += data
        elif inside not in {"script", "style"}:
            self.words.append(data)
        if inside in {"h1", "h2", "h3"}:
            self.headings.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures on paper take seconds; one test looks at them."""
    monkeypatch.setattr(files_of_report, "as_svg", lambda _figure, _name: b"<svg/>")
    monkeypatch.setattr(files_of_report, "_write_figure", lambda _figure, _svg, _stem: ())


@pytest.fixture(autouse=True)
def small_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for plotly's script, which is 4.8 MB and the same in every report."""
    script = tmp_path / "plotly.js"
    script.write_text("globalThis.Plotly = {};")
    monkeypatch.setattr(page_of_report, "plotly_script", lambda: script)


def read(path: Path) -> Read:
    found = Read()
    found.feed(path.read_text(encoding="utf-8"))
    return found


def report(run: Path) -> Read:
    return read(write_report(run, run / "report")[0])


@pytest.mark.usefixtures("undrawn")
def test_counts_are_those_of_the_store(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", make_session(200))
    with read_run(run) as store:
        counted = summary(one.outcome for one in store)
    found = report(run).text
    for status in ("accepted", "rejected", "failed"):
        count = getattr(counted, status)
        assert f"{count} {status} · {count / 2:.1f} %" in found
    assert f"{counted.failed} truncated" in found


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_the_page_asks_nobody_and_its_pictures_have_words(tmp_path: Path) -> None:
    outcomes = make_session(60)
    run = make_run(tmp_path / "run", outcomes)
    write_spectra(run, outcomes)
    found = report(run)
    assert all(address.startswith(("#", "data:image/")) for address in found.addresses)
    assert found.handlers == []
    assert all(picture.get("alt") for picture in found.pictures)
    assert sum((picture.get("src") or "").startswith("data:image/jpeg") for picture in found.pictures) > 20
    assert {
        "Figures",
        "Worst",
        "Best",
        "Failed",
        "Manual decisions",
        "Limits and settings",
    } <= set(found.headings)


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_only_the_scripts_of_the_page_may_run(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [make_graded(HOSTILE)])
    text = write_report(run, tmp_path / "out")[0].read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert "unsafe-eval" not in policy[1]
    (scripts,) = re.findall("script-src ([^;]*);", policy[1])
    assert re.fullmatch(r"'sha256-[\w+/=]{44}' 'sha256-[\w+/=]{44}'", scripts)


@pytest.mark.usefixtures("undrawn")
def test_names_of_files_and_people_are_words_never_tags(tmp_path: Path) -> None:
    outcomes = [
        make_graded(HOSTILE),
        make_graded("icy " + HOSTILE, ice_ring=2.0),
        make_failed("no " + HOSTILE, "</td><script>x"),
    ]
    run = make_run(tmp_path / "<i>run", outcomes)
    with decide_in(run) as decisions:
        decisions.judge([2], "accepted", "<u onclick=x>Ana")
    found = report(run)
    shown = HOSTILE.rpartition("/")[2]
    assert found.handlers == []
    assert all(address.startswith(("#", "data:image/")) for address in found.addresses)
    assert shown in "".join(found.words)
    assert "<u onclick=x>Ana" in found.text
    assert "<i>run" in found.text
    assert "</td><script>x" in found.text
    assert "&lt;b&gt;.mrc" in json.dumps(json.loads(found.figures))


@pytest.mark.skipif(os.name != "posix", reason="names that are no Unicode exist on POSIX alone")
@pytest.mark.usefixtures("undrawn")
def test_a_name_that_is_no_unicode_is_shown_as_well_as_it_can_be(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.mrc")
    assert (
        "caf\N{REPLACEMENT CHARACTER}.mrc"
        in report(make_run(tmp_path / "run", [make_graded(name), make_failed(name + "2")])).text
    )


@pytest.mark.slow
def test_the_same_run_gives_the_same_bytes_page_and_pictures(tmp_path: Path) -> None:
    outcomes = make_session(60)
    run = make_run(tmp_path / "run", outcomes)
    write_spectra(run, outcomes)
    one, other = (write_report(run, tmp_path / name) for name in ("one", "other"))
    assert [path.name for path in one] == [path.name for path in other]
    for path, again in zip(one, other, strict=True):
        assert path.read_bytes() == again.read_bytes(), path.name
    page, *pictures = one
    assert {path.stem for path in pictures} == set(json.loads(read(page).figures))
    for path in pictures:
        start = path.read_bytes()[:8]
        assert start == b"\x89PNG\r\n\x1a\n" if path.suffix == ".png" else start.startswith(b"<?xml")


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        ([], "No micrograph of this run has been processed yet"),
        ([make_failed("a.mrc"), make_failed("b.mrc", "empty")], "1 empty"),
        ([make_graded("one.mrc")], "No file failed"),
        (
            [
                make_graded("a.mrc", ice_ring=math.nan),
                make_graded("b.mrc", make_plain_fit(astigmatism_A=0.0)),
            ],
            "no picture",
        ),
    ],
    ids=["empty", "failed", "one", "nan"],
)
@pytest.mark.usefixtures("undrawn")
def test_runs_of_few_have_a_report(tmp_path: Path, outcomes: list, told: str) -> None:
    assert told in report(make_run(tmp_path / "run", outcomes)).text


@pytest.mark.usefixtures("undrawn")
def test_a_damaged_picture_is_no_picture(tmp_path: Path) -> None:
    outcomes = [make_graded("a.mrc"), make_graded("b.mrc")]
    run = make_run(tmp_path / "run", outcomes)
    write_spectra(run, outcomes)
    (run / "spectra" / "a.ctf").write_bytes(b"cut short")
    pictures = [picture["src"] for picture in report(run).pictures]
    assert sum((source or "").startswith("data:image/jpeg") for source in pictures) == 1


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_settings_of_another_estimate_are_not_taken_for_those_of_the_run(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [make_graded("a.mrc")])
    assert "profile default" in report(run).text
    content = json.loads((run / "settings.json").read_text())
    content["settings"]["limits"][0]["at_most"] = 99.0
    (run / "settings.json").write_text(json.dumps(content))
    assert "profile default" not in report(run).text
    (run / "settings.json").unlink()
    assert "≤ 3000 Å" in report(run).text
