"""The rules of CONTRIBUTING.md that a reader of the source would check by eye: sizes, names and single importers.

A file is one topic of the field, so none is dust and none is a heap. What is shorter for a reason stands in a table
with its reason; a row whose file has grown or gone fails too, so that the tables stay true.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import thonring

SOURCE = Path(thonring.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))

LONGEST_FILE = 500
LONGEST_FUNCTION = 60
SHORT_FILE = 40
MAX_SHORT_FILES = 12
MAX_FILES = 230
MAX_SINGLE_IMPORTERS = 0.12
MAX_IMPORT_LINES = 0.065
MEDIAN_LINES = (120, 200)

SHORT_FILES: dict[str, str] = {
    "batch/executors/dask_preload.py": "Dask imports it by name into each of its workers: a plug-in point",
}
"""Files of at most 40 lines that are no package face, each with its reason."""

FORBIDDEN_WORDS = {"told", "made", "asked", "seen", "held", "posed", "beside", "gone", "stood"}
"""Participles and prepositions that are no names: a reader would have to look up what they stand for."""

NAMES_OF_OTHERS = {"connection_made"}
"""Methods that a library calls by these names: asyncio's protocols."""


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def is_face(path: Path) -> bool:
    return path.name in {"__init__.py", "__main__.py"}


def definitions(path: Path) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def lines_without_docstring(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert function.end_lineno is not None
    first = function.body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    docstring = (first.end_lineno or 0) - first.lineno + 1 if is_docstring else 0
    return function.end_lineno - function.lineno + 1 - docstring


def words_of(name: str) -> set[str]:
    """Words of snake_case and CamelCase, in lower case."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def test_no_file_is_a_heap() -> None:
    long = {name_of(path): lines_of(path) for path in MODULES if lines_of(path) > LONGEST_FILE}
    assert not long, f"longer than {LONGEST_FILE} lines: divide by topic"


def test_no_function_is_a_heap() -> None:
    long = {
        f"{name_of(path)}:{node.name}": lines_without_docstring(node)
        for path in MODULES
        for node in definitions(path)
        if not isinstance(node, ast.ClassDef) and lines_without_docstring(node) > LONGEST_FUNCTION
    }
    assert not long, f"longer than {LONGEST_FUNCTION} lines"


def test_no_file_is_dust_without_a_reason() -> None:
    short = {name_of(path) for path in MODULES if not is_face(path) and lines_of(path) <= SHORT_FILE}
    assert short == set(SHORT_FILES), (
        "join it to its topic, or state the reason; delete rows that no longer hold"
    )
    assert len(short) <= MAX_SHORT_FILES
    assert all(len(reason) > 20 for reason in SHORT_FILES.values())


def test_the_house_keeps_its_size() -> None:
    assert len(MODULES) <= MAX_FILES
    lengths = sorted(lines_of(path) for path in MODULES if not is_face(path))
    low, high = MEDIAN_LINES
    assert low <= lengths[len(lengths) // 2] <= high


def test_imports_are_a_small_part_of_the_source() -> None:
    imports = sum(
        node.end_lineno - node.lineno + 1
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Import | ast.ImportFrom) and node.end_lineno is not None
    )
    assert imports / sum(map(lines_of, MODULES)) <= MAX_IMPORT_LINES


def test_few_files_serve_a_single_other_folder() -> None:
    """A file that one file of another folder alone imports most likely belongs there."""
    names = {
        ".".join(("thonring", *path.relative_to(SOURCE).with_suffix("").parts)): path for path in MODULES
    }
    importers: dict[Path, set[Path]] = defaultdict(set)
    for path in MODULES:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ImportFrom) and node.module is not None:
                for wanted in (node.module, *(f"{node.module}.{alias.name}" for alias in node.names)):
                    if wanted in names and names[wanted] != path:
                        importers[names[wanted]].add(path)
    single = sorted(
        name_of(path)
        for path, users in importers.items()
        if not is_face(path) and len(users) == 1 and path.parent != next(iter(users)).parent
    )
    assert len(single) / len(MODULES) <= MAX_SINGLE_IMPORTERS, single


def test_a_public_class_name_means_one_thing() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in MODULES:
        for node in definitions(path):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(name_of(path))
    assert not {name: found for name, found in places.items() if len(found) > 1}


def test_a_set_of_words_is_declared_once() -> None:
    """`Literal` of the same words in two places would have to be changed in both."""
    places: dict[frozenset[str], set[str]] = defaultdict(set)
    for path in MODULES:
        for node in ast.walk(tree_of(path)):
            if (
                isinstance(node, ast.Subscript)
                and isinstance(node.value, ast.Name)
                and node.value.id == "Literal"
            ):
                words = frozenset(
                    value.value
                    for value in ast.walk(node.slice)
                    if isinstance(value, ast.Constant) and isinstance(value.value, str)
                )
                if len(words) > 1:
                    places[words].add(f"{name_of(path)}:{node.lineno}")
    assert not {tuple(sorted(words)): found for words, found in places.items() if len(found) > 1}


@pytest.mark.parametrize("word", sorted(FORBIDDEN_WORDS))
def test_names_are_nouns_and_verbs_of_the_field(word: str) -> None:
    files = [name_of(path) for path in MODULES if word in words_of(path.stem)]
    names = [
        f"{name_of(path)}:{node.name}"
        for path in MODULES
        for node in definitions(path)
        if not node.name.startswith("_") and node.name not in NAMES_OF_OTHERS and word in words_of(node.name)
    ]
    assert not files + names


CSV_READERS = {
    "files/csv.py": "the reader itself",
    "evaluate/results.py": "the one reader of runs, where the database is lost",
    "evaluate/labels.py": "people's labels",
    "simulate/truth.py": "truth.csv of a simulated set",
    "learn/training/evaluation.py": "Lightning's log of a training",
}


def test_nothing_reads_an_export_back_as_a_run() -> None:
    """The database is the truth of a run: who reads tables reads those of others, and stands here with the reason."""
    readers = {
        name_of(path)
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if (
            isinstance(node, ast.Attribute)
            and node.attr in {"DictReader", "reader"}
            and is_named(node.value, "csv")
        )
        or (isinstance(node, ast.ImportFrom) and any(alias.name == "read_csv" for alias in node.names))
    }
    assert {name for name in readers if not name.startswith("formats/")} == set(CSV_READERS)


def is_named(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
