"""Results of the searches in a folder, enough to grade each micrograph under other limits without its image.

Each block of 32 micrographs has a file of its own, which is either complete or absent, so that a run can be stopped and
resumed.

set.json                what the rows were computed with; another seed, recipe or program is refused
labelled-00003.jsonl    rows 96 to 127, one per line
"""

import hashlib
import json
import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter

import thonring
from benchmarks.corrections.configurations import Sampling, SearchName
from benchmarks.corrections.scenes import Kind, NumberedScene
from thonring.batch.threads import one_thread_each
from thonring.files.atomic import write_text

BLOCK = 32
PACKAGE_SOURCES = (
    "ctf.py",
    "spectrum",
    "fit",
    "quality",
    "simulate",
    "measurement.py",
    "pipeline.py",
    "optics.py",
)
BENCHMARK_SOURCES = ("configurations.py", "cache.py", "scenes.py", "trial.py", "verdict.py")
"""Files and folders on which the rows depend, in the package and in the folder of this file."""

NOT_IN_ROWS = ("limits.toml",)
"""Files on which the rows do not depend: limits are applied when the rows are read."""


@dataclass(frozen=True, slots=True)
class FitSummary:
    """The fit of an attempt, without its curves."""

    defocus_u_A: float
    defocus_v_A: float
    angle_deg: float
    phase_shift_deg: float
    defocus_sigma_A: float
    astigmatism_sigma_A: float
    fit_resolution_A: float
    log_likelihood_gain: float
    start_A: float


@dataclass(frozen=True, slots=True)
class SearchAttempt:
    """One search at one sampling: the fit or the reason that there is none, and the values of the criteria by name."""

    search: SearchName
    requested_A: Sampling
    sampling_A: float
    fit: FitSummary | None
    no_fit_reason: str
    values: Mapping[str, float]
    seconds: float


@dataclass(frozen=True, slots=True)
class MicrographRow:
    """One micrograph: its scene, all attempts, and the CPU seconds of the steps that the attempts share."""

    micrograph: NumberedScene
    attempts: tuple[SearchAttempt, ...]
    seconds: Mapping[str, float]

    def attempt_at(self, search: SearchName, requested_A: Sampling) -> SearchAttempt:
        """Find the attempt of a search at a sampling.

        Raises
        ------
        KeyError
            If there is none.
        """
        for attempt in self.attempts:
            if attempt.search == search and attempt.requested_A == requested_A:
                return attempt
        raise KeyError(
            f"micrograph {self.micrograph.number}: {search!r} at {requested_A} Å was not attempted"
        )


_ROW = TypeAdapter(MicrographRow)


def to_line(row: MicrographRow) -> str:
    """Format as one line of JSON; NaN and infinities as Python writes them."""
    return json.dumps(asdict(row), ensure_ascii=False)


def from_line(line: str) -> MicrographRow:
    """Parse a line that `to_line` wrote."""
    return _ROW.validate_python(json.loads(line))


Block = tuple[NumberedScene, ...]
Work = Callable[[NumberedScene], MicrographRow]


@dataclass(frozen=True, slots=True)
class RowCache:
    """Rows of one kind in a folder, `count` in all, of which some may be missing as yet."""

    folder: Path
    kind: Kind
    count: int

    def numbers(self, block: int) -> range:
        """Numbers of the micrographs of a block."""
        return range(block * BLOCK, min((block + 1) * BLOCK, self.count))

    def path(self, block: int) -> Path:
        """File of a block."""
        return self.folder / f"{self.kind}-{block:05d}.jsonl"

    def missing(self) -> list[int]:
        """Blocks that are absent or too short, as the last one of a smaller set is."""
        return [block for block in self._blocks() if len(self._lines(block)) < len(self.numbers(block))]

    def rows(self) -> list[MicrographRow]:
        """All rows that the folder has, in order."""
        lines = [line for block in self._blocks() for line in self._lines(block)]
        return [row for row in map(from_line, lines) if row.micrograph.number < self.count]

    def _blocks(self) -> range:
        return range(-(-self.count // BLOCK))

    def _lines(self, block: int) -> list[str]:
        path = self.path(block)
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


@dataclass(frozen=True, slots=True)
class SetDescription:
    """Parameters that all rows of a folder have in common; `program` is the digest of the sources."""

    recipe: str
    recipe_digest: str
    seed: int
    size: int
    searches: str
    program: str


def program_digest() -> str:
    """Digest of all source files on which a row depends.

    Raises
    ------
    FileNotFoundError
        If one of PACKAGE_SOURCES or BENCHMARK_SOURCES does not exist.
    """
    package, benchmark = Path(thonring.__file__).parent, Path(__file__).parent
    paths = [path for name in PACKAGE_SOURCES for path in _files(package / name)]
    paths += [benchmark / name for name in BENCHMARK_SOURCES]
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def open_cache(folder: Path, wanted: SetDescription, *, any_program: bool = False) -> None:
    """Create the folder, or check that its rows belong to the same set.

    Raises
    ------
    SystemExit
        If they do not. With `any_program`, rows by another version of the program are used, and a line says so.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "set.json"
    if not path.exists():
        write_text(path, json.dumps(asdict(wanted), indent=2) + "\n")
        return
    found = SetDescription(**json.loads(path.read_text(encoding="utf-8")))
    for name in ("recipe", "recipe_digest", "seed", "size", "searches"):
        found_value, wanted_value = getattr(found, name), getattr(wanted, name)
        if found_value != wanted_value:
            raise SystemExit(
                f"{folder}: its rows have {name} {found_value}, not {wanted_value}: give another --cache."
            )
    if found.program != wanted.program:
        text = f"{folder}: its rows were computed by another version of the program ({found.program})"
        if not any_program:
            raise SystemExit(f"{text}: give another --cache, or --any-program to use them nevertheless.")
        print(f"{text}, and are used nevertheless.")


def measure_blocks(
    cache: RowCache,
    make_scenes: Callable[[], Sequence[NumberedScene]],
    workers: int,
    work: Work,
    part: tuple[int, int] = (1, 1),
) -> None:
    """Compute the missing blocks of a part (number, of); each is written as soon as it is complete.

    `make_scenes` returns all scenes, and is called only if blocks are missing.
    """
    missing = [block for block in cache.missing() if block % part[1] == part[0] - 1]
    if not missing:
        return
    scenes = make_scenes()
    blocks = {block: tuple(scenes[number] for number in cache.numbers(block)) for block in missing}
    began, total = time.monotonic(), sum(map(len, blocks.values()))
    print(f"{total} micrographs ({cache.kind}) to measure, in blocks of {BLOCK}", flush=True)
    done = 0
    for block, rows in _completed_blocks(blocks, workers, work):
        write_text(cache.path(block), "".join(to_line(row) + "\n" for row in rows))
        done += len(rows)
        spent_s = time.monotonic() - began
        left_s = spent_s / done * (total - done)
        print(f"  {done} of {total}, {spent_s:.0f} s, {left_s:.0f} s left", flush=True)


def _completed_blocks(
    blocks: Mapping[int, Block], workers: int, work: Work
) -> Iterator[tuple[int, list[MicrographRow]]]:
    """Rows of each block, in the order of completion."""
    if workers <= 1:
        yield from ((number, _rows_of(block, work)) for number, block in blocks.items())
        return
    one_thread_each()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as executor:
        running = {executor.submit(_rows_of, block, work): number for number, block in blocks.items()}
        try:
            yield from ((running[future], future.result()) for future in as_completed(running))
        finally:
            executor.shutdown(cancel_futures=True)


def _rows_of(block: Block, work: Work) -> list[MicrographRow]:
    return [work(numbered) for numbered in block]


def _files(source: Path) -> list[Path]:
    """The file itself, or the Python and TOML files of a folder."""
    if source.is_file():
        return [source]
    if not source.is_dir():
        raise FileNotFoundError(f"{source} does not exist: correct PACKAGE_SOURCES in {__file__}")
    return [
        path for suffix in ("*.py", "*.toml") for path in source.rglob(suffix) if path.name not in NOT_IN_ROWS
    ]
