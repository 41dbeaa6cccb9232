"""Update the tables of docs/criteria.md from the packaged criteria and limits.

Usage: python docs/criteria_tables.py
"""  # noqa: INP001 - a script next to the page it writes

import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from thonring.quality import CRITERIA, known_profiles, load_profile
from thonring.settings import Limit

PAGE = Path(__file__).with_name("criteria.md")
STAGES = {"spectrum": "before the fit", "fit": "after the fit"}


def rewritten(page: str) -> str:
    """The page with each table between its markers replaced by the current one."""
    for name, table in (("overview", _overview()), ("limits", _limits())):
        between = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
        page = between.sub(lambda found, table=table: f"{found[1]}{table}\n{found[2]}", page)
    return page


def _overview() -> str:
    rows = [
        (
            f"`{criterion.name}`",
            criterion.description,
            criterion.unit,
            STAGES[criterion.stage],
            "passed" if criterion.pass_if_missing else "failed",
        )
        for criterion in CRITERIA.values()
    ]
    return _table(("criterion", "what it is", "unit", "judged", "unknown counts as"), rows)


def _limits() -> str:
    profiles = {name: {limit.criterion: limit for limit in load_profile(name)} for name in known_profiles()}
    rows = [
        (f"`{name}`", criterion.unit, *(_bounds(limits.get(name)) for limits in profiles.values()))
        for name, criterion in CRITERIA.items()
    ]
    return _table(("criterion", "unit", *(f"`{name}`" for name in profiles)), rows)


def _bounds(limit: Limit | None) -> str:
    if limit is None:
        return ""
    bounds = (("≥", limit.at_least), ("≤", limit.at_most))
    return ", ".join(f"{sign} {value:g}" for sign, value in bounds if math.isfinite(value))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
