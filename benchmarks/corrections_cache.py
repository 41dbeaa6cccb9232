"""Rows in a folder: one file for each block of 32, whole or not there, so that a run can stop and go on.

set.json                what the rows were made with; another seed, recipe or program is refused
labelled-00003.jsonl    rows 96 to 127, one a line
"""

import hashlib
import json
import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

import thonring
from corrections_record import Row, from_line, to_line
from corrections_scenes import Kind, Numbered
from corrections_trial import trial
from thonring.batch.threads import one_thread_each
from thonring.files.atomic import write_text

BLOCK = 32
STAGES = ("ctf", "spectrum", "fit", "quality", "simulate", "pipeline.py", "optics.py")
JUDGED_LATER = ("limits.toml",)
"""What the rows do not depend on: limits are applied to them when they are read."""

Block = tuple[Numbered, ...]
Work = Callable[[Numbered], Row]


@dataclass(frozen=True, slots=True)
class Held:
    """The rows of one kind, `count` in all, that a folder holds or is to hold."""

    folder: Path
    kind: Kind
    count: int

    def numbers(self, order: int) -> range:
        """Numbers of the micrographs of a block."""
        return range(order * BLOCK, min((order + 1) * BLOCK, self.count))

    def path(self, order: int) -> Path:
        """Where a block is."""
        return self.folder / f"{self.kind}-{order:05d}.jsonl"

    def missing(self) -> list[int]:
        """Blocks that are not there, or end too early, as the last one of a smaller set does."""
        return [order for order in self._orders() if len(self._lines(order)) < len(self.numbers(order))]

    def rows(self) -> list[Row]:
        """All rows that are there, in order."""
        lines = [line for order in self._orders() for line in self._lines(order)]
        return [row for row in map(from_line, lines) if row.made.number < self.count]

    def _orders(self) -> range:
        return range(-(-self.count // BLOCK))

    def _lines(self, order: int) -> list[str]:
        path = self.path(order)
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


@dataclass(frozen=True, slots=True)
class Made:
    """What all rows of a folder have in common."""

    recipe: str
    recipe_digest: str
    seed: int
    size: int
    searches: str
    program: str


def program_digest() -> str:
    """Digest of all sources that decide a row: of the stages, and of this benchmark's searches."""
    package, benchmark = Path(thonring.__file__).parent, Path(__file__).parent
    paths = [path for stage in STAGES for path in _sources(package / stage)]
    paths += [
        benchmark / f"corrections_{name}.py"
        for name in ("configurations", "record", "scenes", "trial", "verdict")
    ]
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def open_cache(folder: Path, made: Made, *, any_program: bool = False) -> None:
    """Make the folder, or check that its rows are of the same set.

    Raises
    ------
    SystemExit
        If they are not; with `any_program` another version of the program is told, not refused.
    """
    folder.mkdir(parents=True, exist_ok=True)
    told = folder / "set.json"
    if not told.exists():
        write_text(told, json.dumps(asdict(made), indent=2) + "\n")
        return
    before = Made(**json.loads(told.read_text(encoding="utf-8")))
    for name in ("recipe", "recipe_digest", "seed", "size", "searches"):
        found, wanted = getattr(before, name), getattr(made, name)
        if found != wanted:
            raise SystemExit(
                f"{folder}: its rows were made with {name} {found}, not {wanted}: give another --cache."
            )
    if before.program != made.program:
        text = f"{folder}: its rows were measured by another version of the program ({before.program})"
        if not any_program:
            raise SystemExit(f"{text}: give another --cache, or --any-program to take them as they are.")
        print(f"{text}, taken as they are.")


def measure_blocks(
    held: Held,
    make: Callable[[], Sequence[Numbered]],
    workers: int,
    part: tuple[int, int] = (1, 1),
    work: Work = trial,
) -> None:
    """Measure the blocks of this part (number, of) that are not held; each is written as it ends.

    `make` gives all scenes, and is asked only if some are missing.
    """
    orders = [order for order in held.missing() if order % part[1] == part[0] - 1]
    if not orders:
        return
    scenes = make()
    blocks = {order: tuple(scenes[number] for number in held.numbers(order)) for order in orders}
    began, total = time.monotonic(), sum(map(len, blocks.values()))
    print(f"{total} micrographs ({held.kind}) to measure, in blocks of {BLOCK}", flush=True)
    done = 0
    for order, rows in _worked(blocks, workers, work):
        write_text(held.path(order), "".join(to_line(row) + "\n" for row in rows))
        done += len(rows)
        spent = time.monotonic() - began
        print(f"  {done} of {total}, {spent:.0f} s, {spent / done * (total - done):.0f} s to go", flush=True)


def _worked(blocks: Mapping[int, Block], workers: int, work: Work) -> Iterator[tuple[int, list[Row]]]:
    """Rows of each block, as they end."""
    if workers <= 1:
        yield from ((order, _measured(block, work)) for order, block in blocks.items())
        return
    one_thread_each()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as executor:
        running = {executor.submit(_measured, block, work): order for order, block in blocks.items()}
        try:
            yield from ((running[future], future.result()) for future in as_completed(running))
        finally:
            executor.shutdown(cancel_futures=True)


def _measured(block: Block, work: Work) -> list[Row]:
    return [work(made) for made in block]


def _sources(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    return [
        path for suffix in ("*.py", "*.toml") for path in place.rglob(suffix) if path.name not in JUDGED_LATER
    ]
