"""The method from a file to a verdict: simulated, real, and given spectra."""

import math
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import mrcfile
import numpy as np
import pytest

import thonring
from factories.micrographs import NATIVE, OPTICS, TRUTH, attempts, fit_of_truth, micrograph, turned
from thonring import pipeline, quality, read
from thonring.formats.known_defocus import known_defocus
from thonring.optics import Optics
from thonring.records import Attempt, CriterionResult, KnownDefocus, Outcome, Source
from thonring.run.names import key_of
from thonring.settings import Limit, Settings
from thonring.simulate import noise_micrograph, white_micrograph

ROOT = Path(__file__).parents[1]
SHARED = ROOT / ".." / "shared" / "data"
EXAMPLE = ROOT / "examples" / "data" / "apoferritin_crop.tif"
needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the reference data (../shared/data) are not here"
)
KRIOS = Optics(300.0, 2.7, 0.1)


def limit(criterion: str, at_least: float = -math.inf, at_most: float = math.inf) -> Limit:
    return Limit(criterion, at_least, at_most, "", f"{criterion} is {{value}}", "a test")


NEVER = Settings(limits=(limit("fit_resolution", at_most=0.1),))
ALWAYS = Settings(limits=(limit("fit_resolution", at_most=1000.0),))
REFUSED = Settings(limits=(limit("ice_ring", at_most=-1.0), limit("fit_resolution", at_most=1000.0)))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The simulated micrograph as an MRC file."""
    path = tmp_path_factory.mktemp("raw") / "simulated.mrc"
    with mrcfile.new(path, data=micrograph().pixels) as mrc:
        mrc.voxel_size = OPTICS.pixel_A
    return path


@cache
def sampled(settings: Settings) -> tuple[Attempt, ...]:
    return tuple(attempts(micrograph(), settings))


@pytest.mark.slow
def test_samplings_are_tried_in_order_until_the_criteria_hold() -> None:
    tried = [a.sampling_A for a in sampled(NEVER)]
    assert tried[:2] == [1.75, 2.75]
    assert tried[2] < 1.3, "native, or as fine as the resolution range can use"
    assert not any(a.verdict.accepted for a in sampled(NEVER))
    assert [a.sampling_A for a in sampled(ALWAYS)] == [1.75]
    assert [a.fit.sampling_A for a in sampled(NEVER) if a.fit] == [a.sampling_A for a in sampled(NEVER)]


def test_a_spectrum_that_is_refused_is_not_fitted_nor_tried_again() -> None:
    (only,) = sampled(REFUSED)
    assert only.fit is None
    assert not only.verdict.accepted
    assert [c.name for c in only.verdict.criteria] == ["ice_ring"]


def test_the_best_attempt_is_kept_not_the_last(path: Path) -> None:
    outcome = thonring.estimate(path, OPTICS, NEVER)
    assert outcome.status == "rejected"
    assert len(outcome.attempts) == 3
    gains = [a.fit.log_likelihood_gain for a in outcome.attempts if a.fit]
    assert outcome.chosen == np.argmax(gains)
    assert outcome.fit is outcome.attempts[outcome.chosen].fit
    assert outcome.reasons == outcome.attempts[outcome.chosen].verdict.reasons != ()


def test_an_accepted_attempt_is_kept_whatever_came_before(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grade = quality.grade

    def coarse_only(case: quality.AttemptData, *rest: object) -> tuple[CriterionResult, ...]:
        passed = case.evidence.sampling_A > 2
        return tuple(replace(one, passed=passed) for one in grade(case, *rest))  # type: ignore[arg-type]

    monkeypatch.setattr(quality, "grade", coarse_only)
    outcome = thonring.estimate(path, OPTICS, ALWAYS)
    assert [a.sampling_A for a in outcome.attempts] == [1.75, 2.75]
    assert [a.verdict.accepted for a in outcome.attempts] == [False, True]
    assert (outcome.status, outcome.chosen) == ("accepted", 1)


@pytest.mark.parametrize("samplings", [(1.75, 1.75), (None, 1.25, None), (0.5, None)])
def test_no_sampling_is_tried_twice_nor_finer_than_the_pixels(samplings: tuple[float | None, ...]) -> None:
    tried = [a.sampling_A for a in attempts(micrograph(), replace(NEVER, samplings_A=samplings))]
    assert min(tried) >= 1.0 - 1e-6
    assert all(abs(b / a - 1) > 0.01 for a, b in pairwise(tried))


def test_an_outcome_tells_everything(path: Path) -> None:
    outcome, evidence = pipeline.examine(Source(path, OPTICS), ALWAYS)
    assert (outcome.path, outcome.status, outcome.reasons) == (path, "accepted", ())
    assert (outcome.pixel_A, outcome.shape, outcome.optics) == (1.0, (768, 768), OPTICS)
    assert outcome.cpu_seconds > 0
    assert outcome.fit is not None
    assert outcome.fit.mean_defocus_A == pytest.approx(15000, abs=50)
    assert evidence is not None
    assert evidence.sampling_A == outcome.attempts[0].sampling_A
    assert thonring.estimate(str(path), OPTICS, ALWAYS).fit is not None


def test_a_file_and_its_pixels_give_the_same(path: Path) -> None:
    outcome = thonring.estimate(path, OPTICS, NATIVE)
    assert outcome.fit is not None
    assert outcome.fit.mean_defocus_A == pytest.approx(fit_of_truth().mean_defocus_A, abs=1e-3)


def test_a_bad_file_is_an_outcome(tmp_path: Path) -> None:
    outcome, evidence = pipeline.examine(Source(tmp_path / "nowhere.mrc", KRIOS), Settings())
    assert (outcome.status, outcome.chosen, outcome.fit, evidence) == ("failed", None, None, None)
    assert str(tmp_path / "nowhere.mrc") in outcome.reasons[0]
    assert math.isnan(outcome.pixel_A)


def test_a_fault_nobody_foresaw_is_an_outcome_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by nought")

    monkeypatch.setattr(read, "micrograph", explode)
    outcome = thonring.estimate(path, OPTICS)
    assert outcome.status == "failed"
    assert outcome.reasons == (f"{path}: unexpected ZeroDivisionError: by nought",)


def test_a_fit_that_leaves_the_defocus_range_is_refused(path: Path) -> None:
    outcome = thonring.estimate(path, OPTICS, Settings(defocus_range_A=(20000.0, 40000.0)))
    assert outcome.status == "rejected"
    assert outcome.fit is None or outcome.fit.mean_defocus_A >= 19000


def test_no_fit_is_a_rejection_with_its_reason(path: Path) -> None:
    outcome = thonring.estimate(path, OPTICS, Settings(resolution_range_A=(10.0, 9.5)))
    assert outcome.status == "rejected"
    assert outcome.fit is None
    assert "widen --resolution-range" in " ".join(outcome.reasons)


@pytest.mark.parametrize("factor", [2.3, 1.6, 0.8])
def test_a_manual_factor_replaces_the_samplings(factor: float) -> None:
    (only,) = attempts(micrograph(), replace(ALWAYS, downsampling=factor))
    assert only.sampling_A == pytest.approx(factor, rel=0.01)
    assert only.fit is not None
    assert only.fit.mean_defocus_A == pytest.approx(fit_of_truth().mean_defocus_A, abs=15)
    assert turned(only.fit.angle_deg, fit_of_truth().angle_deg) < 5


def test_a_resolution_beyond_nyquist_is_clamped_and_told(path: Path) -> None:
    outcome = thonring.estimate(path, OPTICS, replace(ALWAYS, resolution_range_A=(30.0, 1.5)))
    (note,) = [note for note in outcome.notes if note.kind == "resolution-range"]
    assert "asks for 1.5 Å" in note.text
    assert "ends at 2 Å" in note.text
    assert outcome.fit is not None
    assert outcome.fit.mean_defocus_A == pytest.approx(15000, abs=50)
    within = thonring.estimate(path, OPTICS, replace(ALWAYS, resolution_range_A=(30.0, 3.0)))
    assert not [note for note in within.notes if note.kind == "resolution-range"]


def test_known_defocus_is_kept_through_the_method(path: Path) -> None:
    known = KnownDefocus(15200.0, 14800.0, 20.0)
    outcome = thonring.estimate(path, OPTICS, replace(ALWAYS, fix_defocus=True), known=known)
    assert outcome.fit is not None
    found = (outcome.fit.defocus_u_A, outcome.fit.defocus_v_A, outcome.fit.angle_deg)
    assert found == pytest.approx((15200.0, 14800.0, 20.0), abs=1e-6)


def test_nothing_is_held_fixed_that_is_not_known(path: Path) -> None:
    outcome = thonring.estimate(path, OPTICS, replace(ALWAYS, fix_defocus=True))
    assert (outcome.status, outcome.fit) == ("failed", None)
    assert "no defocus is known: give one" in outcome.reasons[0]


@pytest.mark.slow
def test_noise_is_never_accepted() -> None:
    for seed in range(20):
        tried = attempts(noise_micrograph(OPTICS, (640, 640), seed), Settings())
        assert not any(a.verdict.accepted for a in tried), seed


def test_strong_rings_are_accepted() -> None:
    for seed in range(5):
        truth = replace(TRUTH, angle_deg=30.0 * seed)
        tried = attempts(white_micrograph(truth, (1024, 1024), seed), Settings())
        assert tried[-1].verdict.accepted, tried[-1].verdict.reasons


@cache
def example(settings: Settings) -> Outcome:
    return thonring.estimate(EXAMPLE, KRIOS, settings)


def test_the_example_is_accepted() -> None:
    outcome = example(Settings())
    assert outcome.status == "accepted", outcome.reasons
    assert outcome.fit is not None
    assert outcome.fit.mean_defocus_A == pytest.approx(27200, abs=100)
    assert outcome.fit.fit_resolution_A < 5


@pytest.mark.parametrize("profile", ["xmipp-before", "xmipp-after", "xmipp-phase-plate"])
def test_xmipp_profiles_judge_the_example(profile: str) -> None:
    outcome = example(Settings(profile=profile))
    assert outcome.status in {"accepted", "rejected"}, outcome.reasons
    wanted = {one.criterion for one in quality.load_profile(profile)}
    assert outcome.attempt is not None
    criteria = {criterion.name for criterion in outcome.attempt.verdict.criteria}
    assert criteria == wanted or (outcome.fit is None and criteria < wanted)
    assert (outcome.status == "accepted") == (outcome.reasons == ())
    assert all(attempt.verdict.profile == profile for attempt in outcome.attempts)


@pytest.mark.slow
@needs_shared
def test_a_whole_frame_agrees_with_ctffind() -> None:
    """CTFFIND 4.1.14: 27302 / 27160 Å."""
    outcome = thonring.estimate(SHARED / "epu" / "epu2.9_example.mrc", KRIOS)
    assert outcome.status == "accepted", outcome.reasons
    assert outcome.fit is not None
    assert outcome.fit.mean_defocus_A == pytest.approx(27231, abs=100)


@pytest.mark.slow
@needs_shared
def test_published_defoci_of_given_spectra() -> None:
    """EMPIAR-10204, as the RELION tutorial publishes them: within 60 Å and 15° each."""
    folder = SHARED / "relion_tutorial"
    known = known_defocus(folder / "micrographs_ctf.star")
    paths = sorted(folder.glob("*_PS.mrc"))
    assert len(paths) == 12
    for path in paths:
        source = Source(path, Optics(200.0, 1.4, 0.1))
        outcome, _ = pipeline.examine(source, Settings(), spectrum_kind="amplitude")
        published, found = known[key_of(path)], outcome.fit
        assert found is not None, outcome.reasons
        mean_A = 0.5 * (published.defocus_u_A + published.defocus_v_A)
        assert found.mean_defocus_A == pytest.approx(mean_A, abs=60), path.name
        assert turned(found.angle_deg, published.angle_deg) < 15, path.name
        assert outcome.status == "accepted", (path.name, outcome.reasons)


@pytest.mark.slow
@needs_shared
def test_frames_without_rings_are_rejected_and_those_with_rings_estimated_sanely() -> None:
    """EMPIAR-10146; kV and Cs are assumptions."""
    for path in sorted((SHARED / "apoferritin").glob("*.png")):
        outcome = thonring.estimate(path, replace(KRIOS, pixel_A=1.5))
        if "06.09.02" in path.name:
            assert outcome.status == "rejected"
            assert "No rings" in " ".join(outcome.reasons)
        else:
            assert outcome.fit is not None
            assert 15000 < outcome.fit.mean_defocus_A < 26000, path.name


@pytest.mark.slow
@needs_shared
@pytest.mark.parametrize("assumed_pixel_A", [1.0, 5.0])
def test_empty_micrographs_are_rejected(assumed_pixel_A: float) -> None:
    """MicAssess' class 3, no ice; the pixel size of these pictures is unknown, so two are tried."""
    paths = sorted((SHARED / "micassess" / "3Empty_no_ice").glob("*.png"))
    assert paths
    for path in paths:
        outcome = thonring.estimate(path, replace(KRIOS, pixel_A=assumed_pixel_A))
        assert outcome.status == "rejected", path.name
        assert outcome.reasons
