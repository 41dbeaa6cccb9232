"""A version of Thonring whose fit has one more number, run by itself: prints where that number is found.

Changed is what a developer would change: the record, the table of quantities, and one migration. What `fit.refine`
would find is given.
"""

import dataclasses
import json
import math
import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path

from thonring import records
from thonring.run import quantities, schema


@dataclass(frozen=True, slots=True)
class CtfFit(records.CtfFit):
    """A fit with a thickness of the specimen."""

    thickness_A: float = math.nan


def _add_thickness(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE attempt ADD COLUMN thickness_A")


records.CtfFit = CtfFit  # type: ignore[misc]
quantities.FIT_QUANTITIES = (
    *quantities.FIT_QUANTITIES,
    quantities.FitQuantity("thickness_A", "Thickness", "Å", "Mean thickness of the specimen."),
)
schema.MIGRATIONS = (*schema.MIGRATIONS, _add_thickness)


def main(run: Path) -> None:
    from starlette.testclient import TestClient

    from factories.outcomes import make_accepted, make_fit
    from factories.stores import make_provenance
    from thonring.formats.run_tables import export
    from thonring.run.columns import read_columns
    from thonring.run.open import open_run, read_run
    from thonring.web.app import create_app
    from thonring.web.auth import Access
    from thonring.web.run_view import RunView

    old = make_fit()
    known = {
        field.name: getattr(old, field.name) for field in dataclasses.fields(records.CtfFit) if field.init
    }
    present, schema.MIGRATIONS = schema.MIGRATIONS, schema.MIGRATIONS[:-1]
    with open_run(run):
        pass
    schema.MIGRATIONS = present
    with open_run(run) as store:
        store.register([Path("a.mrc"), Path("b.mrc")])
        store.add(make_accepted("a.mrc", CtfFit(**{**known, "thickness_A": 432.5})), make_provenance())
        store.add(make_accepted("b.mrc"), make_provenance())
        export(store, ("csv", "json"), run)
        columns = read_columns(store)
    table, attempts = ((run / name).read_text().splitlines() for name in ("results.csv", "attempts.csv"))
    fits = [
        one["attempts"][0]["fit"] for one in json.loads((run / "results.json").read_text())["micrographs"]
    ]
    with TestClient(
        create_app(RunView(run), Access("127.0.0.1", 8765, "t")),
        "http://127.0.0.1:8765",
        headers={"authorization": "Bearer t"},
    ) as client:
        titles = client.get("/api/columns").json()
        rows = client.get("/api/micrographs?low.thickness_A=100").json()["rows"]
        details = client.get("/api/micrographs/1").json()
    with read_run(run) as store:
        found = [one.outcome.fit for one in store]
    place = table[0].split(",").index("thickness_A")
    sys.stdout.write(
        json.dumps(
            {
                "database": [getattr(one, "thickness_A", None) for one in found if one][:1],
                "results.csv": [row.split(",")[place] for row in table[1:]],
                "attempts.csv": "thickness_A" in attempts[0].split(","),
                "results.json": [one["thickness_A"] for one in fits],
                "columns": columns.values["thickness_A"].tolist()[:1],
                "page columns": [one for one in titles if one["name"] == "thickness_A"],
                "page rows": [row["values"]["thickness_A"] for row in rows],
                "page answer": [one["fit"]["thickness_A"] for one in details["attempts"]],
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
