"""Simulation of many micrographs: each job draws and writes one scene, and the tables list the finished ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from thonring.batch.executors.base import TaskSpec
from thonring.batch.executors.processes import local
from thonring.batch.run import RunResult, TableSink, collect_results
from thonring.errors import ThonringError
from thonring.files.atomic import write_text
from thonring.formats.relion import SimulatedCtf, write_simulated_star
from thonring.optics import Optics
from thonring.records import KnownDefocus
from thonring.simulate import Recipe, TruthRow, draw, micrograph, truth_row, truth_text
from thonring.simulate.output import write_micrograph


@dataclass(frozen=True, slots=True)
class SceneJob:
    """Scene number `index` of the set that `seed` draws from `recipe`, to be written into `folder`."""

    folder: Path
    recipe: Recipe
    seed: int
    index: int

    @property
    def file(self) -> str:
        """Name of its micrograph."""
        return f"mic_{self.index:06d}.mrc"


@dataclass(frozen=True, slots=True)
class SimulatedMicrograph:
    """The truth of a micrograph that was written, or the reason why there is none."""

    file: str
    truth: TruthRow | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SimulatedSet:
    """The micrographs in the order of their scenes, all of them unless the run was interrupted."""

    micrographs: tuple[SimulatedMicrograph, ...]
    run: RunResult


def simulate_all(
    folder: Path, jobs: Sequence[SceneJob], workers: int, report: Callable[[SimulatedMicrograph], None]
) -> SimulatedSet:
    """Simulate the scenes, call `report` with each result, and write the tables of the set.

    Each micrograph and the tables are the same whatever the number of processes. The tables (truth.csv,
    micrographs.star, truth.star) list what is finished; they are written periodically and at the end.
    Ctrl-C and SIGTERM end the run early.

    Raises
    ------
    OutputError
        If a table cannot be written.
    """

    def write(micrographs: Sequence[SimulatedMicrograph]) -> None:
        write_tables(folder, [micrograph.truth for micrograph in micrographs if micrograph.truth is not None])

    sink = TableSink(write, lambda micrograph: micrograph.truth is None)
    spec = TaskSpec(simulate_scene, _failed, "thonring.batch.simulation")
    result = collect_results(local(workers).finish(jobs, spec), sink, report)
    return SimulatedSet(sink.results, result)


def simulate_scene(job: SceneJob) -> SimulatedMicrograph:
    """Draw a scene, write its micrograph and return its truth; an error is returned as the reason."""
    try:
        scene = draw(job.recipe, job.seed, job.index)
        write_micrograph(job.folder / job.file, micrograph(scene))
        return SimulatedMicrograph(job.file, truth_row(scene, job.file))
    except ThonringError as problem:
        return _failed(job, str(problem))


def _failed(job: SceneJob, reason: str) -> SimulatedMicrograph:
    return SimulatedMicrograph(job.file, None, reason)


def write_tables(folder: Path, rows: Sequence[TruthRow]) -> None:
    """Write the tables of a set.

    Raises
    ------
    OutputError
        If one cannot be written.
    """
    write_text(folder / "truth.csv", truth_text(rows))
    write_simulated_star(folder, [_simulated(row) for row in rows])


def _simulated(row: TruthRow) -> SimulatedCtf:
    optics = Optics(row.voltage_kV, row.cs_mm, row.amplitude_contrast, row.pixel_A)
    truth = KnownDefocus(row.defocus_u_A, row.defocus_v_A, row.angle_deg, row.phase_shift_deg)
    return SimulatedCtf(row.file, optics, row.pixel_A, truth)
