"""The files of an evaluation."""

from pathlib import Path

from thonring.errors import OutputError
from thonring.evaluate.as_json import as_json
from thonring.evaluate.page import as_page
from thonring.evaluate.report import Report
from thonring.evaluate.text import as_text
from thonring.results.atomic import write_text


def write_evaluation(report: Report, folder: Path) -> tuple[Path, ...]:
    """Write evaluation.txt, evaluation.json and evaluation.html; a folder that exists is used as it is.

    Raises
    ------
    OutputError
        If the folder cannot be made or a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise OutputError(
            f"{folder}: cannot be created ({problem.strerror or problem}). Choose another folder with --out."
        ) from problem
    contents = {
        "evaluation.txt": as_text(report),
        "evaluation.json": as_json(report),
        "evaluation.html": as_page(report, folder),
    }
    for name, text in contents.items():
        write_text(folder / name, text)
    return tuple(folder / name for name in contents)
