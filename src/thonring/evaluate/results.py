"""Results of a run of any program: their records, and the readers that fill them."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import get_args

from thonring.errors import UnreadableFile, UnreadableTable
from thonring.files.csv import read_csv
from thonring.files.text import LeftOut, TableReport, read_text
from thonring.formats import known_defocus
from thonring.formats.ctffind import INPUT_FILE, ctffind_row
from thonring.formats.table import KnownRow
from thonring.quality import CRITERIA
from thonring.records import CtfFit, KnownDefocus, Status
from thonring.run.names import artefact_names, key_of, spectrum_path, without_uid
from thonring.run.open import STORE, read_run
from thonring.run.provenance import limits_of
from thonring.run.settings_file import read_limits
from thonring.run.store import MicrographRecord
from thonring.settings import Limit


@dataclass(frozen=True, slots=True)
class Result:
    """One micrograph of a run; `file` is as named by the run, missing values are NaN.

    `criteria` are the kept attempt's values. `failed` names the criteria that rejected it, None if that is
    unknown. `pictures` are the existing picture files.
    """

    file: str
    status: Status
    estimate: KnownDefocus | None = None
    reasons: str = ""
    defocus_sigma_A: float = math.nan
    astigmatism_sigma_A: float = math.nan
    phase_shift_sigma_deg: float = math.nan
    voltage_kV: float = math.nan
    pixel_A: float = math.nan
    cs_mm: float = math.nan
    amplitude_contrast: float = math.nan
    score: float = math.nan
    fit_resolution_A: float = math.nan
    criteria: Mapping[str, float] = field(default_factory=dict)
    failed: tuple[str, ...] | None = None
    pictures: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """Results in the order of their table, each file once.

    `judges` is False of programs that give no verdict: what has a value counts as accepted. `by_key` tells that
    names are only what `key_of` leaves of them, `in_order` that there are none: images of a stack. `left_out` are rows
    that could not be used.
    """

    name: str
    path: Path
    results: tuple[Result, ...]
    limits: tuple[Limit, ...] = ()
    judges: bool = True
    by_key: bool = False
    in_order: bool = False
    notes: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


NO_FIT = "fit"
"""The pseudo-criterion by which the pipeline rejects what could not be fitted."""


def failed_criteria(
    values: Mapping[str, float], limits: Sequence[Limit], *, has_fit: bool
) -> tuple[str, ...]:
    """Return the criteria that a micrograph failed, in the order in which it is judged.

    A failure on the spectrum alone ends the judgement, and so does the lack of a fit: then the later criteria
    are unknown.
    """
    early = [limit for limit in limits if needs_no_fit(limit.criterion)]
    failed = _failed(values, early)
    if failed:
        return failed
    if not has_fit:
        return (NO_FIT,)
    return _failed(values, [limit for limit in limits if limit not in early])


def needs_no_fit(criterion: str) -> bool:
    """Whether a criterion is judged before the fit."""
    return criterion in CRITERIA and CRITERIA[criterion].stage == "spectrum"


def pass_if_missing(criterion: str) -> bool:
    """Whether a value that could not be computed lets a micrograph pass."""
    return criterion in CRITERIA and CRITERIA[criterion].pass_if_missing


def holds(limit: Limit, value: float) -> bool:
    """Whether a criterion's value lies inside its limit."""
    if math.isnan(value):
        return pass_if_missing(limit.criterion)
    return limit.at_least <= value <= limit.at_most


def _failed(values: Mapping[str, float], limits: Sequence[Limit]) -> tuple[str, ...]:
    return tuple(
        limit.criterion for limit in limits if not holds(limit, values.get(limit.criterion, math.nan))
    )


DEFOCUS = ("defocus_u_A", "defocus_v_A", "angle_deg", "phase_shift_deg")
REQUIRED = ("file", "status", "reasons", *DEFOCUS)
PICTURES = ("spectrum", "profile", "signals")
FAILED_INPUT = "failed input"

Row = Mapping[str, str]


def read_run_folder(folder: Path, name: str) -> Run:
    """Read a run of `thonring estimate` from its database: the outcomes in effect, manual decisions included.

    The limits are those of the last micrograph estimated.

    Raises
    ------
    UnreadableTable
        If the run is empty, or a micrograph is accepted without a defocus.
    OutputError
        If there is no database, or it cannot be read.
    """
    with read_run(folder) as store, store.snapshot():
        processing = store.last_processing()
        limits = () if processing is None else limits_of(processing.settings)
        results = tuple(_result_of(folder, record, limits) for record in store)
    if not results:
        raise UnreadableTable(
            f"{folder}: the run is empty, expected at least one micrograph. Was it interrupted before the first "
            "micrograph was finished?"
        )
    return Run(name, folder, results, limits, notes=_inconsistent(name, results, limits))


def _result_of(folder: Path, record: MicrographRecord, limits: Sequence[Limit]) -> Result:
    """Convert the outcome in effect for a micrograph."""
    outcome = record.outcome
    fit, optics = outcome.fit, outcome.optics
    estimate = None if fit is None else _estimate(fit)
    if outcome.status == "accepted" and estimate is None:
        raise UnreadableTable(
            f"{folder}: {outcome.path} is accepted without a defocus; expected finite numbers in {', '.join(DEFOCUS)}."
        )
    criteria = (
        {}
        if outcome.attempt is None
        else {criterion.name: criterion.value for criterion in outcome.attempt.verdict.criteria}
    )
    result = Result(
        file=str(outcome.path),
        status=outcome.status,
        estimate=estimate,
        reasons="; ".join(outcome.reasons),
        pixel_A=_finite(outcome.pixel_A),
        criteria={limit.criterion: criteria.get(limit.criterion, math.nan) for limit in limits},
        pictures=_pictures(folder, record.name),
    )
    if optics is not None:
        result = replace(result, voltage_kV=optics.voltage_kV, cs_mm=optics.cs_mm)
    if fit is not None:
        result = replace(
            result,
            defocus_sigma_A=_finite(fit.defocus_sigma_A),
            astigmatism_sigma_A=_finite(fit.astigmatism_sigma_A),
            phase_shift_sigma_deg=_finite(fit.phase_shift_sigma_deg),
            amplitude_contrast=_finite(fit.amplitude_contrast),
            score=_finite(fit.score),
            fit_resolution_A=_finite(fit.fit_resolution_A),
        )
    return replace(result, failed=_failed_criteria(result, limits))


def _estimate(fit: CtfFit) -> KnownDefocus | None:
    defocus = (fit.defocus_u_A, fit.defocus_v_A, fit.angle_deg, fit.phase_shift_deg)
    return KnownDefocus(*defocus) if all(map(math.isfinite, defocus)) else None


def _finite(value: float) -> float:
    return value if math.isfinite(value) else math.nan


def _inconsistent(name: str, results: Sequence[Result], limits: Sequence[Limit]) -> tuple[str, ...]:
    """Note how many verdicts do not follow from the limits."""
    count = sum(result.failed is None for result in results) if limits else 0
    if not count:
        return ()
    note = (
        f"{name}: {count} verdicts do not follow from the values of the run and its limits (a manual decision, or a "
        "file changed since); they are left out of the tables by criterion."
    )
    return (note,)


def read_results_csv(folder: Path, name: str) -> Run:
    """Read results.csv and settings.json of a run without its database, and find its pictures.

    Raises
    ------
    UnreadableTable
        If the table lacks columns or rows, a value is impossible, or a file is listed twice.
    """
    table = folder / "results.csv"
    rows = _rows(table)
    limits, notes = _limits(folder)
    results = tuple(_result(table, number, row, limits) for number, row in enumerate(rows, start=2))
    _refuse_twice(table, results)
    undecided = (
        f"{name}: has no {STORE}, so {table.name} is read; decisions made after it was written are unknown."
    )
    notes = (*notes, undecided, *_inconsistent(name, results, limits))
    return Run(name, folder, _with_pictures(folder, results), limits, notes=notes)


def _rows(table: Path) -> Sequence[Row]:
    """Read the rows of a results.csv.

    Raises
    ------
    UnreadableTable
        If the table cannot be read, lacks columns, or is empty.
    """
    found, rows = read_csv(table, "Restore it from a copy of the run folder.")
    missing = [column for column in REQUIRED if column not in found]
    if missing:
        raise UnreadableTable(
            f"{table}: the columns {', '.join(missing)} are missing; found {', '.join(found) or 'nothing'}. Expected "
            "the results.csv written by `thonring estimate`."
        )
    if not rows:
        raise UnreadableTable(
            f"{table}: the run is empty, expected one row per micrograph. Was it interrupted before the first "
            "micrograph was finished?"
        )
    return rows


def _limits(folder: Path) -> tuple[tuple[Limit, ...], tuple[str, ...]]:
    path = folder / "settings.json"
    if path.exists():
        return read_limits(path), ()
    return (), (
        f"{folder}: has no settings.json, so its limits are unknown and the tables by criterion are omitted.",
    )


def _result(table: Path, line: int, row: Row, limits: Sequence[Limit]) -> Result:
    status = _status(table, line, row)

    def number(column: str) -> float:
        return _number(table, line, column, row.get(column) or "")

    defocus = [number(column) for column in DEFOCUS]
    estimate = KnownDefocus(*defocus) if all(map(math.isfinite, defocus)) else None
    if status == "accepted" and estimate is None:
        raise UnreadableTable(
            f"{table}, line {line}: accepted without a defocus; expected numbers in {', '.join(DEFOCUS)}."
        )
    values = {limit.criterion: number(_column(row, limit.criterion)) for limit in limits}
    result = Result(
        file=row["file"],
        status=status,
        estimate=estimate,
        reasons=row["reasons"],
        defocus_sigma_A=number("defocus_sigma_A"),
        astigmatism_sigma_A=number("astigmatism_sigma_A"),
        phase_shift_sigma_deg=number("phase_shift_sigma_deg"),
        voltage_kV=number("voltage_kV"),
        pixel_A=number("pixel_A"),
        cs_mm=number("cs_mm"),
        amplitude_contrast=number("amplitude_contrast"),
        score=number("score"),
        fit_resolution_A=number("fit_resolution_A"),
        criteria=values,
    )
    return replace(result, failed=_failed_criteria(result, limits))


def _failed_criteria(result: Result, limits: Sequence[Limit]) -> tuple[str, ...] | None:
    """Criteria that failed; None if they do not explain the verdict."""
    if result.status == "failed":
        return (FAILED_INPUT,)
    failed = failed_criteria(result.criteria, limits, has_fit=result.estimate is not None)
    return failed if limits and bool(failed) == (result.status == "rejected") else None


def _status(table: Path, line: int, row: Row) -> Status:
    for known in get_args(Status):
        if row["status"] == known:
            status: Status = known
            return status
    raise UnreadableTable(
        f"{table}, line {line}: status is {row['status']!r}, expected one of {', '.join(get_args(Status))}."
    )


def _column(row: Row, criterion: str) -> str:
    longer = f"criterion_{criterion}"
    return longer if longer in row else criterion


def _number(table: Path, line: int, column: str, text: str) -> float:
    try:
        return float(text) if text else math.nan
    except ValueError as problem:
        raise UnreadableTable(
            f"{table}, line {line}: {column} is {text!r}, expected a number or an empty field."
        ) from problem


def _refuse_twice(table: Path, results: Sequence[Result]) -> None:
    listed: set[str] = set()
    for result in results:
        if result.file in listed:
            raise UnreadableTable(f"{table}: {result.file} is listed twice, expected each file once.")
        listed.add(result.file)


def _with_pictures(folder: Path, results: Sequence[Result]) -> tuple[Result, ...]:
    names = artefact_names([Path(result.file) for result in results])
    return tuple(replace(result, pictures=_pictures(folder, names[Path(result.file)])) for result in results)


def _pictures(folder: Path, name: str) -> tuple[Path, ...]:
    drawn = tuple(path for kind in PICTURES if (path := folder / "plots" / f"{name}_{kind}.png").is_file())
    spectrum = spectrum_path(folder, name)
    return drawn or ((spectrum,) if spectrum.is_file() else ())


def read_other_program(path: Path, name: str) -> Run:
    """Read any kind that `formats.known_defocus` reads; each value counts as accepted.

    One text file may hold several micrographs: concatenated files, or the results for a stack, whose images
    then are identified by their order only.

    Raises
    ------
    UnreadableTable
        If there is no file of these formats, or it is damaged.
    """
    note = f"{name}: only the defocus values of {path} are read, so every micrograph with a value counts as accepted."
    report = TableReport()
    if path.suffix.lower() == ".txt" and path.is_file():
        results, in_order = _of_text(path, report)
    else:
        results, in_order = _of_table(known_defocus.known_defocus(path, report), report), False
    if report.left_out and not any(result.estimate for result in results):
        first = report.left_out[0]
        raise UnreadableTable(f"{first.file}, {first.row}: {first.reason} No other row has an estimate.")
    if not results:
        raise UnreadableTable(f"{path}: the run is empty, expected at least one defocus.")
    if in_order:
        note += " Its rows are images of a stack and are matched by order."
    notes = (note, *report.lines())
    return Run(
        name,
        path,
        tuple(results),
        judges=False,
        by_key=True,
        in_order=in_order,
        notes=notes,
        left_out=tuple(report.left_out),
    )


def _of_table(found: Mapping[str, KnownDefocus], report: TableReport) -> list[Result]:
    """Results of a table; a micrograph whose row was left out has no estimate."""
    aliases = {without_uid(key) for key in found if without_uid(key) != key}
    results = [Result(key, "accepted", defocus) for key, defocus in found.items() if key not in aliases]
    without = {key_of(one.micrograph): one.reason for one in report.left_out if one.micrograph}
    return results + [
        Result(key, "failed", reasons=reason) for key, reason in without.items() if key not in found
    ]


def _of_text(path: Path, report: TableReport) -> tuple[list[Result], bool]:
    """Results of a text, and whether they are those of a stack."""
    rows = _text_rows(path, report)
    images = {row.name for row in rows}
    if len(images) == len(rows):
        return [_result_of_row(path, row, row.name, report) for row in rows], False
    if len(images) == 1:
        return [
            _result_of_row(path, row, f"{number}@{row.name}", report)
            for number, row in enumerate(rows, start=1)
        ], True
    raise UnreadableTable(
        f"{path}: {len(rows)} rows for {len(images)} input files; expected one row per file, or one stack."
    )


def _text_rows(path: Path, report: TableReport) -> list[KnownRow]:
    """All rows, named by their input file; a name holds until the next."""
    found, image = [], ""
    for number, line in enumerate(read_text(path, UnreadableTable, report).splitlines(), start=1):
        if header := INPUT_FILE.match(line):
            image = header[1]
        elif line.strip() and not line.lstrip().startswith("#"):
            if not image:
                raise UnreadableTable(
                    f"{path}, line {number}: found numbers before any '# Input file: NAME', expected the text "
                    "output of CTFFIND 4 or 5."
                )
            found.append(ctffind_row(image, number, line))
    return found


def _result_of_row(path: Path, row: KnownRow, file: str, report: TableReport) -> Result:
    """Result of a row, without an estimate where it cannot be used, so that the rows of a stack keep their places."""
    try:
        return Result(file, "accepted", known_defocus.usable_defocus(path, row))
    except UnreadableTable as problem:
        report.leave_out(path, row.place, problem, file)
        return Result(file, "failed", reasons=report.left_out[-1].reason)


EXPECTED = (
    "a run folder of `thonring estimate` (with run.db), a folder of CTFFIND's .txt or Xmipp's .ctfparam files, or "
    f"a table of defocus values ({' '.join(known_defocus.READERS)})"
)


def read_runs(paths: Sequence[Path]) -> tuple[Run, ...]:
    """Read every run, under unique names.

    Raises
    ------
    UnreadableFile
        If a path does not contain results.
    UnreadableTable
        If a run is damaged or empty.
    OutputError
        If the database of a run cannot be read.
    """
    return tuple(_read(path, name) for path, name in zip(paths, run_names(paths), strict=True))


def left_out_of(runs: Sequence[Run]) -> tuple[LeftOut, ...]:
    """Rows that were left out of the tables of runs, each once."""
    return tuple(dict.fromkeys(one for run in runs for one in run.left_out))


def run_names(paths: Sequence[Path]) -> tuple[str, ...]:
    """Name each run by the last part of its path; with parts before it where two would be alike, then with a number."""
    parts = [path.resolve().parts for path in paths]
    longest = max((len(path_parts) for path_parts in parts), default=1)
    for depth in range(1, longest + 1):
        names = ["/".join(path_parts[-depth:]) for path_parts in parts]
        if len(set(names)) == len(names):
            return tuple(names)
    uses: Counter[str] = Counter()
    for place, name in enumerate(names):
        uses[name] += 1
        names[place] = name if uses[name] == 1 else f"{name} ({uses[name]})"
    return tuple(names)


def _read(path: Path, name: str) -> Run:
    if not path.exists():
        raise UnreadableFile(f"{path}: no such file or folder, expected {EXPECTED}.")
    folder = path.parent if path.name in {STORE, "results.csv"} and path.is_file() else path
    if (folder / STORE).is_file():
        return read_run_folder(folder, name)
    if (folder / "results.csv").is_file():
        return read_results_csv(folder, name)
    if path.is_file() and path.suffix.lower() not in known_defocus.READERS:
        raise UnreadableFile(
            f"{path}: found a file of suffix {path.suffix or '(none)'!r}, expected {EXPECTED}."
        )
    if path.is_dir() and not known_defocus.texts_in(path):
        kinds = " or ".join(known_defocus.ONE_PER_MICROGRAPH)
        raise UnreadableFile(
            f"{path}: found no {STORE} and no {kinds} in the folder{known_defocus.elsewhere(path)}; expected "
            f"{EXPECTED}."
        )
    return read_other_program(path, name)
