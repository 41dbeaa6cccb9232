"""The report as one self-contained page, with scripts, styles and pictures embedded."""

import base64
import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
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
from thonring.web.contact_sheet import ContactSheet, limit_text
from thonring.web.figures import plotly_figures
from thonring.web.figures.plotly import readable
from thonring.web.figures.rejections import describe_criterion
from thonring.web.report.data import ReportData

Row = tuple[str, ...]

THUMBNAIL_PX = 256
JPEG_QUALITY = 68

_STYLE_SHEETS = ("style.css", "overview.css", "report.css")
_MODULES = ("figures.js", "report.js")
_IMPORT = re.compile(r"^import .*\n", re.MULTILINE)
_MARKS = {"accepted": "✓", "rejected": "✗", "failed": "–"}
_ACTIONS = {
    "accept": "accepted",
    "reject": "rejected",
    "automatic": "reverted to the criteria",
    "estimate": "estimated manually",
    "curate": "applied limits",
    "undo": "undid an action",
    "ended": "ended by a new estimate: the file or its optics have changed",
}
"""Same texts as in the page's decisions.js."""


def as_page(data: ReportData, pictures: Mapping[str, bytes], evaluation: Sequence[tuple[str, str]]) -> str:
    """Write the page; the same run gives the same text.

    Parameters
    ----------
    pictures
        SVG of every figure by its name, for print and for browsers without scripts.
    evaluation
        Titles and HTML of an evaluation's sections; the HTML is inserted as it is.
    """
    environment = Environment(
        loader=PackageLoader("thonring.web.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    figures = plotly_figures(data.findings, data.columns)
    plotly = Markup(plotly_script().read_text(encoding="utf-8").strip())  # noqa: S704 - of the installed package
    module = Markup("\n".join(_IMPORT.sub("", _page_file(name)) for name in _MODULES))  # noqa: S704 - our own
    return environment.get_template("report.html").render(
        run=readable(data.run.absolute().name),
        subtitle=_subtitle(data),
        style=Markup("\n".join(map(_page_file, _STYLE_SHEETS))),  # noqa: S704 - our own
        plotly=plotly,
        module=module,
        hashes=" ".join(f"'sha256-{_sha256(script)}'" for script in (plotly, module)),
        tiles=list(_tiles(data)),
        figures=figures,
        plotly_figures={figure.name: {"data": figure.data, "layout": figure.layout} for figure in figures},
        pictures={name: _data_uri(svg, "image/svg+xml") for name, svg in pictures.items()},
        reasons=data.findings.rejections.reasons,
        quantities=list(_quantity_rows(data)),
        sheets=[_sheet(data, sheet) for sheet in data.sheets if sheet.entries],
        failed=data.summary.failed,
        failed_by=[(readable(reason), count) for reason, count in data.summary.failed_by],
        failures=[(readable(str(path)), readable(reason)) for path, reason in data.summary.failures],
        actions=list(_action_rows(data)),
        evaluation=[(title, Markup(body)) for title, body in evaluation],  # noqa: S704 - escaped by evaluate
        limits=list(_limit_rows(data)),
        settings=list(_setting_rows(data)),
        total=len(data.columns),
        version=version("thonring"),
    )


def plotly_script() -> Path:
    """Return the path of the script in the installed plotly package; nothing is downloaded."""
    return Path(str(files("plotly") / "package_data" / "plotly.min.js"))


def thumbnail(spectrum: Path) -> str:
    """Return a spectrum of spectra/NAME.ctf as a data URI of a JPEG; "" if it cannot be read."""
    try:
        picture = np.asarray(read_mrc(spectrum).pixels, dtype=np.float32)
    except (InputError, OSError):
        return ""
    small = _downsized(picture)
    low, high = grey_range(small)
    grey = np.clip((np.nan_to_num(small, nan=low) - low) / (high - low), 0.0, 1.0)
    content = imagecodecs.jpeg_encode((255 * grey).round().astype(np.uint8), level=JPEG_QUALITY)
    return _data_uri(content, "image/jpeg")


def _downsized(picture: Image) -> Image:
    """Average square blocks, ignoring incomplete ones, so that about THUMBNAIL_PX pixels are left."""
    block = max(1, min(picture.shape) // THUMBNAIL_PX)
    rows, columns = (length // block for length in picture.shape)
    cut = picture[: rows * block, : columns * block]
    return np.asarray(cut.reshape(rows, block, columns, block).mean(axis=(1, 3)), dtype=np.float32)


def _page_file(name: str) -> str:
    folder = "report" if name.startswith("report") else "page"
    return (files("thonring.web") / folder / name).read_text(encoding="utf-8").strip()


def _sha256(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")


def _data_uri(content: bytes | bytearray, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


def _subtitle(data: ReportData) -> str:
    """Number of micrographs, profile, and when they were finished."""
    parts = [f"{len(data.columns):,} micrograph{'' if len(data.columns) == 1 else 's'}"]
    if data.settings_file.profile:
        parts.append(f"profile {readable(data.settings_file.profile)}")
    finished_at = data.columns.values["finished_at"]
    finished_at = finished_at[np.isfinite(finished_at)]
    if finished_at.size:
        first, last = _minute(finished_at.min()), _minute(finished_at.max())
        parts.append(f"finished from {first} to {last} UTC" if first != last else f"finished at {last} UTC")
    return " · ".join(parts)


def _tiles(data: ReportData) -> Iterator[Row]:
    """Status, count, text, and the section of the page to link to."""
    counts = (data.summary.accepted, data.summary.rejected, data.summary.failed)
    total = sum(counts)
    for status, count, section in zip(STATUSES, counts, ("figures", "reasons", "failed"), strict=True):
        percentage = f" · {100 * count / total:.1f} %" if total else ""
        yield status, f"{count:,}", f"{status}{percentage}", section
    decided, estimated = int(data.columns.decided.sum()), int(data.columns.by_hand.sum())
    text = "decided manually" + (f", {estimated:,} estimated manually" if estimated else "")
    yield "", f"{decided:,}", text, "decisions"


def _sheet(data: ReportData, sheet: ContactSheet) -> dict[str, object]:
    columns = data.columns
    micrographs = []
    for entry in sheet.entries:
        status = STATUSES[columns.status[entry.row]]
        micrographs.append(
            {
                "name": readable(PurePath(columns.file[entry.row]).name),
                "status": status,
                "mark": _MARKS[status],
                "caption": entry.caption,
                "picture": thumbnail(spectrum_path(data.run, columns.name[entry.row])),
            }
        )
    return {
        "name": sheet.name,
        "title": sheet.title,
        "description": sheet.description,
        "micrographs": micrographs,
    }


def _quantity_rows(data: ReportData) -> Iterator[Row]:
    """Every plotted quantity: label, 5 %, median and 95 % of the accepted, limits, number without a value."""
    for series in data.findings.time_series:
        median, low, high = (_number(value) for value in series.central)
        limits = " and ".join(bound.text for bound in series.bounds) or "–"
        yield series.title, low, median, high, limits, f"{series.missing:,}"


def _limit_rows(data: ReportData) -> Iterator[Row]:
    """Every limit: criterion, bounds, number of rejected micrographs that failed it, and source."""
    rejected = data.columns.status == STATUSES.index("rejected")
    for limit in data.settings.limits:
        failing = data.columns.failing.get(limit.criterion)
        count = 0 if failing is None else int((failing & rejected).sum())
        bounds = limit_text(limit) + (f" {limit.unit}" if limit.unit else "")
        source = data.settings_file.sources.get(limit.criterion, "")
        yield describe_criterion(limit.criterion), limit.criterion, bounds, f"{count:,}", readable(source)


def _setting_rows(data: ReportData) -> Iterator[Row]:
    """Names and values of all settings, and the versions of the programs."""
    recorded = data.settings_file
    if data.settings.thonring:
        yield "Thonring", data.settings.thonring
    for name, text in recorded.versions:
        yield name.capitalize(), readable(text)
    if recorded.command_line:
        yield "command line", readable(recorded.command_line)
    if recorded.profile:
        yield "profile", readable(recorded.profile)
    for name, value in sorted(data.settings.settings.items()):
        if name != "profile":
            yield name, json.dumps(value, ensure_ascii=False)


def _action_rows(data: ReportData) -> Iterator[Row]:
    """Manual decisions, latest first: time, reviewer, action, number of micrographs."""
    for action in data.actions:
        time = f"{action.at[:10]} {action.at[11:16]}"
        yield time, readable(action.who), _ACTIONS.get(action.kind, action.kind), f"{action.micrographs:,}"


def _minute(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def _number(value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
