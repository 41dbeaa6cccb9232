"""Micrographs measured again for the page: a run keeps no curves, they are made from the file when looked at."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

from thonring import manual_fit as by_hand
from thonring import measurement, pipeline, read
from thonring.errors import UnreadableFile
from thonring.manual_fit import ManualCtf, ManualMode
from thonring.measurement import Measurement
from thonring.plot import thumbnail_png
from thonring.records import Attempt, Evidence, SectorProfiles, Source
from thonring.run.provenance import content_hash, file_state, inputs_of, settings_of
from thonring.run.store import MicrographRecord
from thonring.settings import Settings, SpectrumKind

MOST_BENCHES = 4
MOST_BYTES = 48_000_000
MOST_ESTIMATES = 32
"""What stays in memory: few micrographs, no more than these bytes of spectra, and the last estimates."""

FileNow = Literal["as estimated", "changed", "gone"]


@dataclass(frozen=True, slots=True)
class MeasuredMicrograph:
    """A micrograph measured as its run did, with the run's `settings`.

    `thumbnail` is a PNG file; None where the input was a spectrum.
    """

    settings: Settings
    measured: Measurement
    profiles: SectorProfiles
    thumbnail: bytes | None

    def evidence(self, sampling_A: float) -> Evidence:
        """What an attempt at a sampling is judged on."""
        measured = self.measured
        return Evidence(measured.optics, measured.spectrum, self.profiles, sampling_A, measured.brightness)

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        return (
            self.measured.spectrum.power.nbytes + 3 * self.profiles.power.nbytes + len(self.thumbnail or b"")
        )


class MeasurementCache:
    """The benches that were looked at last. Methods may be called from several threads; one works at a time."""

    def __init__(self) -> None:
        self._benches: OrderedDict[object, MeasuredMicrograph] = OrderedDict()
        self._estimates: OrderedDict[object, Attempt] = OrderedDict()
        self._looking, self._working = threading.Lock(), threading.Lock()

    def bench(self, one: MicrographRecord) -> MeasuredMicrograph:
        """Measure a micrograph's file again, or take what was measured of it before.

        Raises
        ------
        UnreadableFile
            If the file is gone, or is another one than was estimated.
        ThonringError
            If it cannot be read or measured.
        """
        key = one.number, one.provenance, file_state(one.absolute_path)
        if (known := self._known(key)) is not None:
            return known
        with self._working:
            if (known := self._known(key)) is not None:
                return known
            _refuse_another(one)
            made = _measure(one)
            with self._looking:
                self._benches[key] = made
                while len(self._benches) > 1 and self._too_much():
                    self._benches.popitem(last=False)
            return made

    def estimate(self, one: MicrographRecord, hand: ManualCtf, way: ManualMode) -> Attempt:
        """An estimate by hand; the last ones are remembered, so that what is kept is what was shown.

        Raises
        ------
        ThonringError
            If the file cannot be measured, or nothing can be fitted.
        """
        bench = self.bench(one)
        key = one.number, one.provenance, hand, way
        with self._working:
            found = self._estimates.get(key)
            if found is None:
                found = by_hand.estimate(bench.measured, bench.profiles, bench.settings, hand, way)
            self._estimates[key] = found
            self._estimates.move_to_end(key)
            if len(self._estimates) > MOST_ESTIMATES:
                self._estimates.popitem(last=False)
            return found

    def _known(self, key: object) -> MeasuredMicrograph | None:
        with self._looking:
            if key in self._benches:
                self._benches.move_to_end(key)
            return self._benches.get(key)

    def _too_much(self) -> bool:
        return (
            len(self._benches) > MOST_BENCHES or sum(one.size for one in self._benches.values()) > MOST_BYTES
        )


def run_settings(one: MicrographRecord) -> Settings:
    """The settings that a micrograph was estimated with.

    Raises
    ------
    OutputError
        If a later version wrote them.
    """
    profile = next((attempt.verdict.profile for attempt in one.automatic.attempts), "default")
    return settings_of(one.provenance.processing.settings, profile)


def file_now(one: MicrographRecord) -> FileNow:
    """Whether a micrograph's file is the one that was estimated: of the same size and time, or the same content."""
    then, now = one.provenance.file, file_state(one.absolute_path)
    if now.size is None:
        return "gone"
    if (now.size, now.mtime_ns) == (then.size, then.mtime_ns):
        return "as estimated"
    same = (
        now.size == then.size
        and then.content_hash != ""
        and content_hash(one.absolute_path) == then.content_hash
    )
    return "as estimated" if same else "changed"


def _refuse_another(one: MicrographRecord) -> None:
    now = file_now(one)
    if now == "as estimated":
        return
    found, advice = "is no longer there", "put it back"
    if now == "changed":
        found, advice = "has changed since it was estimated", "estimate it again with `thonring estimate`"
    raise UnreadableFile(
        f"{one.outcome.path}: {found}, expected the file that was estimated. What the run has of it is shown; "
        f"for curves and an estimate by hand {advice}."
    )


def _measure(one: MicrographRecord) -> MeasuredMicrograph:
    asked, settings = inputs_of(one.provenance.inputs), run_settings(one)
    source = Source(one.absolute_path, asked.optics, metadata=asked.metadata)
    kinds: dict[str, SpectrumKind] = {"amplitude": "amplitude", "power": "power"}
    kind = kinds.get(one.provenance.processing.spectrum_kind)
    if kind is None:
        micrograph = read.micrograph(source.path, source.optics, metadata=source.metadata)
        measured, thumbnail = measurement.measure(micrograph, settings), thumbnail_png(micrograph)
    else:
        measured, thumbnail = measurement.measured_file(source, settings, kind), None
    profiles = pipeline.sectors(measured, settings)
    return MeasuredMicrograph(settings, measured, profiles, thumbnail)
