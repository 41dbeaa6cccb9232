"""Micrographs measured again for the page: a run stores no curves, so they are recomputed from the file."""

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

from thonring import manual_fit, measurement, pipeline, read
from thonring.errors import UnreadableFile
from thonring.measurement import Measurement
from thonring.plot import thumbnail_png
from thonring.records import Attempt, Evidence, SectorProfiles, Source
from thonring.run.provenance import content_hash, file_state, inputs_of, settings_of
from thonring.run.store import MicrographRecord
from thonring.settings import Settings, SpectrumKind

MAX_MICROGRAPHS = 4
MAX_BYTES = 48_000_000
MAX_ESTIMATES = 32
"""Limits of the cache: micrographs, bytes, and manual estimates."""

FileStatus = Literal["as estimated", "changed", "gone"]


@dataclass(frozen=True, slots=True)
class MeasuredMicrograph:
    """A micrograph measured as its run did, with the run's `settings`.

    `thumbnail` is a PNG file; None where the input was a spectrum.
    """

    settings: Settings
    measurement: Measurement
    profiles: SectorProfiles
    thumbnail: bytes | None

    def evidence(self, sampling_A: float) -> Evidence:
        """The data on which an attempt at a sampling is judged."""
        measured = self.measurement
        return Evidence(measured.optics, measured.spectrum, self.profiles, sampling_A, measured.brightness)

    @property
    def size_bytes(self) -> int:
        """Memory used, approximately: sector profiles hold about three arrays of the size of their power."""
        profiles = 3 * self.profiles.power.nbytes
        return self.measurement.spectrum.power.nbytes + profiles + len(self.thumbnail or b"")


class MeasurementCache:
    """A least-recently-used cache of the micrographs shown.

    Methods may be called from several threads; one of them measures or fits at a time.
    """

    def __init__(self) -> None:
        self._micrographs: OrderedDict[object, MeasuredMicrograph] = OrderedDict()
        self._estimates: OrderedDict[object, Attempt] = OrderedDict()
        self._cache_lock, self._work_lock = threading.Lock(), threading.Lock()

    def get(self, record: MicrographRecord) -> MeasuredMicrograph:
        """Measure a micrograph's file again, or return it from memory.

        Raises
        ------
        UnreadableFile
            If the file no longer exists or has changed since the estimate.
        ThonringError
            If it cannot be read or measured.
        """
        key = record.number, record.provenance, file_state(record.absolute_path)
        if (known := self._lookup(key)) is not None:
            return known
        with self._work_lock:
            # Another thread may have measured it while this one waited.
            if (known := self._lookup(key)) is not None:
                return known
            _check_file(record)
            measured = _measure(record)
            with self._cache_lock:
                self._micrographs[key] = measured
                while len(self._micrographs) > 1 and self._is_too_large():
                    self._micrographs.popitem(last=False)
            return measured

    def estimate(
        self, record: MicrographRecord, ctf: manual_fit.ManualCtf, mode: manual_fit.ManualMode
    ) -> Attempt:
        """Make a manual estimate; the last ones are cached, so that the one kept is the one that was shown.

        Raises
        ------
        ThonringError
            If the file cannot be measured, or nothing can be fitted.
        """
        measured = self.get(record)
        key = record.number, record.provenance, ctf, mode
        with self._work_lock:
            attempt = self._estimates.get(key)
            if attempt is None:
                attempt = manual_fit.estimate(
                    measured.measurement, measured.profiles, measured.settings, ctf, mode
                )
            self._estimates[key] = attempt
            self._estimates.move_to_end(key)
            if len(self._estimates) > MAX_ESTIMATES:
                self._estimates.popitem(last=False)
            return attempt

    def _lookup(self, key: object) -> MeasuredMicrograph | None:
        with self._cache_lock:
            if key in self._micrographs:
                self._micrographs.move_to_end(key)
            return self._micrographs.get(key)

    def _is_too_large(self) -> bool:
        size_bytes = sum(micrograph.size_bytes for micrograph in self._micrographs.values())
        return len(self._micrographs) > MAX_MICROGRAPHS or size_bytes > MAX_BYTES


def micrograph_settings(record: MicrographRecord) -> Settings:
    """Return the settings with which a micrograph was estimated.

    Raises
    ------
    OutputError
        If a later version wrote them.
    """
    profile = next((attempt.verdict.profile for attempt in record.automatic.attempts), "default")
    return settings_of(record.provenance.processing.settings, profile)


def file_status(record: MicrographRecord) -> FileStatus:
    """Whether a micrograph's file is the one that was estimated: of the same size and time, or the same content."""
    # A named pipe or device in the place of the file is not read: it could keep its reader waiting forever.
    if not os.path.isfile(record.absolute_path):  # noqa: PTH113 - Path.is_file raises where nobody may look
        return "gone"
    then, now = record.provenance.file, file_state(record.absolute_path)
    if now.size is None:
        return "gone"
    if (now.size, now.mtime_ns) == (then.size, then.mtime_ns):
        return "as estimated"
    if now.size != then.size or then.content_hash == "":
        return "changed"
    return "as estimated" if content_hash(record.absolute_path) == then.content_hash else "changed"


def _check_file(record: MicrographRecord) -> None:
    status = file_status(record)
    if status == "as estimated":
        return
    if status == "gone":
        problem, advice = "no longer exists", "restore it"
    else:
        problem, advice = "has changed since it was estimated", "estimate it again with `thonring estimate`"
    raise UnreadableFile(
        f"{record.path}: {problem}, expected the file that was estimated. Shown is what the run has stored; for "
        f"curves and a manual estimate {advice}."
    )


def _measure(record: MicrographRecord) -> MeasuredMicrograph:
    inputs, settings = inputs_of(record.provenance.inputs), micrograph_settings(record)
    source = Source(record.absolute_path, inputs.optics, metadata=inputs.metadata)
    kinds: dict[str, SpectrumKind] = {"amplitude": "amplitude", "power": "power"}
    kind = kinds.get(record.provenance.processing.spectrum_kind)
    if kind is None:
        micrograph = read.micrograph(source.path, source.optics, metadata=source.metadata)
        measured, thumbnail = measurement.measure(micrograph, settings), thumbnail_png(micrograph)
    else:
        measured, thumbnail = measurement.measured_file(source, settings, kind), None
    return MeasuredMicrograph(settings, measured, pipeline.sectors(measured, settings), thumbnail)
