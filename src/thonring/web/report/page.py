"""The report as one page that needs nothing beside itself: scripts, styles and pictures are inside."""

import base64
import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path, PurePath

import imagecodecs
import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from thonring.errors import InputError
from thonring.plot.ctf_image import grey_range
from thonring.read.mrc import read_mrc
from thonring.records import Image
from thonring.run.columns import STATUSES
from thonring.run.names import spectrum_path
from thonring.web.contact_sheet import ContactSheet
from thonring.web.figures import plotly_figures
from thonring.web.figures.astigmatism import words_of
from thonring.web.figures.plotly import readable
from thonring.web.figures.time_series import TimeSeries
from thonring.web.report.data import ReportData


def plotly_script() -> Path:
    """Return where the script of the installed plotly lies; nothing is fetched."""
    return Path(str(files("plotly") / "package_data" / "plotly.min.js"))


Row = tuple[str, ...]

_ACTIONS = {
    "accept": "accepted",
    "reject": "rejected",
    "automatic": "left to the criteria again",
    "estimate": "estimated by hand",
    "undo": "undone",
}


def subtitle(seen: ReportData) -> str:
    """How many micrographs, by which limits, finished when."""
    parts = [f"{len(seen.columns):,} micrograph{'' if len(seen.columns) == 1 else 's'}"]
    if seen.made.profile:
        parts.append(f"profile {readable(seen.made.profile)}")
    finished_at = seen.columns.values["finished_at"]
    finished_at = finished_at[np.isfinite(finished_at)]
    if finished_at.size:
        first, last = _minute(finished_at.min()), _minute(finished_at.max())
        parts.append(f"finished from {first} to {last} UTC" if first != last else f"finished at {last} UTC")
    return " · ".join(parts)


def tiles(seen: ReportData) -> list[Row]:
    """Status, count, words, and where on the page more is said."""
    counts = (seen.summary.accepted, seen.summary.rejected, seen.summary.failed)
    total = sum(counts)
    rows: list[Row] = []
    for status, count, place in zip(STATUSES, counts, ("figures", "reasons", "failed"), strict=True):
        part = f" · {100 * count / total:.1f} %" if total else ""
        rows.append((status, f"{count:,}", f"{status}{part}", place))
    decided, by_hand = int(seen.columns.decided.sum()), int(seen.columns.by_hand.sum())
    words = "decided by a person" + (f", {by_hand:,} estimated" if by_hand else "")
    return [*rows, ("", f"{decided:,}", words, "decisions")]


def quantity_rows(seen: ReportData) -> list[Row]:
    """Every quantity that is drawn: middle and limits, of the accepted."""
    return [_quantity_row(one) for one in seen.findings.courses]


def _quantity_row(one: TimeSeries) -> Row:
    median, low, high = (_number(value) for value in one.middle)
    limits = " and ".join(bound.text for bound in one.bounds) or "–"
    return one.quantity.label, low, median, high, limits, f"{one.absent:,}"


def limit_rows(seen: ReportData) -> list[Row]:
    """Every limit: what it is on, where it lies, how many of the rejected it failed, and where it comes from."""
    rejected = seen.columns.status == STATUSES.index("rejected")
    rows: list[Row] = []
    for limit in seen.settings.limits:
        failing = seen.columns.failing.get(limit.criterion)
        count = 0 if failing is None else int((failing & rejected).sum())
        sides = [f"≥ {limit.at_least:g}"] if math.isfinite(limit.at_least) else []
        sides += [f"≤ {limit.at_most:g}"] if math.isfinite(limit.at_most) else []
        bounds = " and ".join(sides) + (f" {limit.unit}" if limit.unit else "")
        source = seen.made.sources.get(limit.criterion, "")
        rows.append((words_of(limit.criterion), limit.criterion, bounds, f"{count:,}", readable(source)))
    return rows


def setting_rows(seen: ReportData) -> list[Row]:
    """Names and values of all settings, and the versions of the programs."""
    rows: list[Row] = [("Thonring", seen.settings.thonring)] if seen.settings.thonring else []
    rows += [(name.capitalize(), readable(text)) for name, text in seen.made.versions]
    if seen.made.command_line:
        rows.append(("command line", readable(seen.made.command_line)))
    if seen.made.profile:
        rows.append(("profile", readable(seen.made.profile)))
    rows += [
        (name, json.dumps(value, ensure_ascii=False))
        for name, value in sorted(seen.settings.settings.items())
        if name != "profile"
    ]
    return rows


def action_rows(seen: ReportData) -> list[Row]:
    """What was done by hand, the latest first: when, who, what, to how many."""
    return [
        (
            f"{one.at[:10]} {one.at[11:16]}",
            readable(one.who),
            _ACTIONS.get(one.kind, one.kind),
            f"{one.micrographs:,}",
        )
        for one in seen.actions
    ]


def _minute(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def _number(value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


SIDE_PX = 256
QUALITY = 68


def thumbnail(spectrum: Path) -> str:
    """Give a spectrum of spectra/NAME.ctf as a data URI of a JPEG; "" where there is none that can be read."""
    try:
        picture = np.asarray(read_mrc(spectrum).pixels, dtype=np.float32)
    except (InputError, OSError):
        return ""
    small = _smaller(picture)
    low, high = grey_range(small)
    grey = np.clip((np.nan_to_num(small, nan=low) - low) / (high - low), 0.0, 1.0)
    content = imagecodecs.jpeg_encode((255 * grey).round().astype(np.uint8), level=QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode('ascii')}"


def _smaller(picture: Image) -> Image:
    """Average blocks, as many whole ones as there are, so that about SIDE_PX are left."""
    block = max(1, min(picture.shape) // SIDE_PX)
    rows, columns = (length // block for length in picture.shape)
    cut = picture[: rows * block, : columns * block]
    return np.asarray(cut.reshape(rows, block, columns, block).mean(axis=(1, 3)), dtype=np.float32)


Section = tuple[str, str]
"""Title and HTML."""

_SHEETS = ("style.css", "overview.css", "report.css")
_MODULES = ("figures.js", "report.js")
_IMPORT = re.compile(r"^import .*\n", re.MULTILINE)
_MARKS = {"accepted": "✓", "rejected": "✗", "failed": "–"}


def as_page(seen: ReportData, pictures: Mapping[str, bytes], evaluation: Sequence[Section]) -> str:
    """Write the page; the same run gives the same text.

    Parameters
    ----------
    pictures
        SVG of every figure by its name: what is printed, and what is seen where scripts are off.
    evaluation
        Sections of an evaluation, whose HTML is taken as it is.
    """
    environment = Environment(
        loader=PackageLoader("thonring.web.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    figures = plotly_figures(seen.findings, seen.columns)
    plotly = Markup(plotly_script().read_text(encoding="utf-8").strip())  # noqa: S704 - of the installed package
    module = Markup("\n".join(_IMPORT.sub("", _page_file(name)) for name in _MODULES))  # noqa: S704 - our own
    return environment.get_template("report.html").render(
        run=readable(seen.run.absolute().name),
        subtitle=subtitle(seen),
        style=Markup("\n".join(map(_page_file, _SHEETS))),  # noqa: S704 - our own
        plotly=plotly,
        module=module,
        hashes=" ".join(f"'sha256-{_hashed(script)}'" for script in (plotly, module)),
        tiles=tiles(seen),
        figures=figures,
        drawn={one.name: {"data": one.data, "layout": one.layout} for one in figures},
        pictures={name: _data_uri(content) for name, content in pictures.items()},
        reasons=seen.findings.reasons,
        quantities=quantity_rows(seen),
        sheets=[_sheet(seen, sheet) for sheet in seen.sheets if sheet.shown],
        failed=seen.summary.failed,
        failed_by=[(readable(reason), count) for reason, count in seen.summary.failed_by],
        failures=[(readable(str(path)), readable(reason)) for path, reason in seen.summary.failures],
        actions=action_rows(seen),
        evaluation=[(title, Markup(body)) for title, body in evaluation],  # noqa: S704 - escaped where it was made
        limits=limit_rows(seen),
        settings=setting_rows(seen),
        total=len(seen.columns),
        version=version("thonring"),
    )


def _page_file(name: str) -> str:
    folder = "report" if name.startswith("report") else "page"
    return (files("thonring.web") / folder / name).read_text(encoding="utf-8").strip()


def _hashed(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")


def _data_uri(svg: bytes) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode('ascii')}"


def _sheet(seen: ReportData, sheet: ContactSheet) -> dict[str, object]:
    columns = seen.columns
    micrographs = []
    for one in sheet.shown:
        status = STATUSES[columns.status[one.row]]
        micrographs.append(
            {
                "name": readable(PurePath(columns.file[one.row]).name),
                "status": status,
                "mark": _MARKS[status],
                "told": one.told,
                "picture": thumbnail(spectrum_path(seen.run, columns.name[one.row])),
            }
        )
    return {"name": sheet.name, "title": sheet.title, "told": sheet.told, "micrographs": micrographs}
