"""The report as one page that needs nothing beside itself: scripts, styles and pictures are inside."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.resources import files
from pathlib import PurePath

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from thonring.results import STATUSES, spectrum_path
from thonring.web.bundled import plotly_script
from thonring.web.contact import ContactSheet
from thonring.web.figures import plotly_figures
from thonring.web.figures.figure import readable
from thonring.web.report.gathered import Gathered
from thonring.web.report.tables import (
    action_rows,
    limit_rows,
    quantity_rows,
    setting_rows,
    subtitle,
    tiles,
)
from thonring.web.report.thumbnail import thumbnail

Section = tuple[str, str]
"""Title and HTML."""

_SHEETS = ("style.css", "overview.css", "report.css")
_MODULES = ("draw.js", "figures.js", "report.js")
_IMPORT = re.compile(r"^import .*\n", re.MULTILINE)
_MARKS = {"accepted": "✓", "rejected": "✗", "failed": "–"}


def as_page(seen: Gathered, pictures: Mapping[str, bytes], evaluation: Sequence[Section]) -> str:
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


def _sheet(seen: Gathered, sheet: ContactSheet) -> dict[str, object]:
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
