"""A network as the start of the fit: it helps where the search is lost, and spoils nothing where it is wrong."""

import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import mrcfile
import pytest

import thonring
from factories.micrographs import NATIVE, OPTICS, STRONG, attempts, fit_of_truth, fitted, micrograph
from factories.models import Answer, make_model
from thonring import fit
from thonring.errors import FitError, SettingsError
from thonring.learn import predict
from thonring.optics import Optics
from thonring.records import CtfFit, KnownDefocus
from thonring.settings import Limit, Settings
from thonring.simulate import Truth

BESIDE = replace(NATIVE, start="network")
ALONE = replace(NATIVE, start="network-only")
MIN_AGREEMENT = Limit(
    "network_agreement", 0.0, 5.0, "σ", "network {value} {unit}, limit {limit} {unit}", "a test"
)

Says = Callable[..., None]


@pytest.fixture
def network_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Says]:
    """Package a network that always says the same."""

    def package(defocus_A: float, sigma_A: float = 50.0) -> None:
        monkeypatch.setattr(
            predict, "PACKAGED", make_model(tmp_path / "rings.onnx", Answer(defocus_A, sigma_A))
        )
        predict._packaged.cache_clear()

    yield package
    predict._packaged.cache_clear()


@pytest.fixture(scope="module")
def right() -> CtfFit:
    """The fit by a search, made before any test spoils it."""
    return fit_of_truth()


@pytest.fixture
def lost_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that finds only a defocus 7000 Å off."""
    wrong = fit.Candidate(22000.0, 0.0, 0.0, 0.0, 1.0)
    monkeypatch.setattr(sys.modules["thonring.fit.search"], "match", lambda *_: (wrong,))


def kinds(found: CtfFit) -> list[str]:
    return [note.kind for note in found.notes]


@pytest.mark.usefixtures("lost_search")
def test_it_finds_what_the_search_misses_and_says_so(network_says: Says, right: CtfFit) -> None:
    network_says(15100.0)
    lost, rescued = (attempts(micrograph(), settings)[-1].fit for settings in (NATIVE, BESIDE))
    assert lost is None or abs(lost.mean_defocus_A - 15000) > 1000
    assert rescued is not None
    assert rescued.mean_defocus_A == pytest.approx(15000, abs=50)
    assert kinds(rescued) == ["network-start"]
    assert rescued.log_likelihood_gain == pytest.approx(right.log_likelihood_gain, rel=1e-3)


@pytest.mark.parametrize("defocus_A", [14950.0, 9000.0, 40000.0, 100000.0])
def test_beside_a_search_that_is_right_nothing_changes(
    network_says: Says, right: CtfFit, defocus_A: float
) -> None:
    network_says(defocus_A)
    found = fitted(micrograph(), BESIDE)
    assert found.mean_defocus_A == pytest.approx(right.mean_defocus_A, abs=1.0)
    assert found.astigmatism_A == pytest.approx(right.astigmatism_A, abs=2.0)
    assert "network-start" not in kinds(found)


@pytest.mark.usefixtures("lost_search")
@pytest.mark.parametrize("astigmatism_A", [0.0, 1500.0])
def test_alone_it_needs_no_search_nor_astigmatism(network_says: Says, astigmatism_A: float) -> None:
    network_says(15200.0)
    half_A = 0.5 * astigmatism_A
    found = fitted(micrograph(Truth(OPTICS, 15000.0 + half_A, 15000.0 - half_A, 30.0, rings=STRONG)), ALONE)
    assert found.mean_defocus_A == pytest.approx(15000, abs=50)
    assert found.astigmatism_A == pytest.approx(astigmatism_A, abs=50)
    assert kinds(found) == []


def test_alone_it_leads_astray_if_it_is_wrong(network_says: Says) -> None:
    network_says(25000.0)
    found = attempts(micrograph(), ALONE)[-1].fit
    assert found is None or found.mean_defocus_A > 20000


def test_it_replaces_a_fourier_search_that_finds_nothing(
    network_says: Says, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(*_: object) -> None:
        raise FitError("no peak")

    monkeypatch.setattr(sys.modules["thonring.fit.search"], "fourier", nothing)
    network_says(15000.0)
    found = fitted(micrograph(), replace(BESIDE, search="fourier"))
    assert found.mean_defocus_A == pytest.approx(15000, abs=50)
    assert kinds(found) == ["network-start"]


def test_a_known_defocus_is_the_only_start(network_says: Says) -> None:
    network_says(25000.0)
    known = KnownDefocus(15300.0, 14700.0, 25.0)
    found = fitted(micrograph(), BESIDE, known)
    assert found.start_A == pytest.approx(15000)
    assert found.mean_defocus_A == pytest.approx(15000, abs=50)


@pytest.mark.parametrize(("defocus_A", "sigma_A", "passed"), [(15100, 50, True), (16000, 50, False)])
def test_its_agreement_can_be_demanded(
    network_says: Says, defocus_A: float, sigma_A: float, passed: bool
) -> None:
    network_says(defocus_A, sigma_A)
    (attempt,) = attempts(micrograph(), replace(BESIDE, limits=(MIN_AGREEMENT,)))
    (result,) = attempt.verdict.criteria
    assert attempt.fit is not None
    away_A = abs(defocus_A - attempt.fit.mean_defocus_A)
    assert result.value == pytest.approx(away_A / (sigma_A**2 + attempt.fit.defocus_sigma_A**2) ** 0.5)
    assert result.passed == passed


def test_its_agreement_is_unknown_and_passes_where_it_was_not_asked() -> None:
    (attempt,) = attempts(micrograph(), replace(NATIVE, limits=(MIN_AGREEMENT,)))
    (result,) = attempt.verdict.criteria
    assert math.isnan(result.value)
    assert result.passed


def test_what_the_network_was_not_trained_for_is_told(network_says: Says) -> None:
    network_says(15000.0)
    image = micrograph(Truth(Optics(80.0, 2.7, 0.1, 1.0), 15000.0, 15000.0, 0.0, rings=STRONG))
    assert kinds(fitted(image, BESIDE)) == ["network-voltage"]


@pytest.mark.usefixtures("lost_search")
def test_the_outcome_has_the_notes(network_says: Says, tmp_path: Path) -> None:
    network_says(15100.0)
    with mrcfile.new(tmp_path / "one.mrc", data=micrograph().pixels) as mrc:
        mrc.voxel_size = OPTICS.pixel_A
    outcome = thonring.estimate(tmp_path / "one.mrc", OPTICS, BESIDE)
    assert [note.kind for note in outcome.notes] == ["network-start"]


def test_without_a_packaged_network_the_outcome_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predict, "PACKAGED", tmp_path / "rings.onnx")
    predict._packaged.cache_clear()
    with mrcfile.new(tmp_path / "one.mrc", data=micrograph().pixels) as mrc:
        mrc.voxel_size = OPTICS.pixel_A
    outcome = thonring.estimate(tmp_path / "one.mrc", OPTICS, BESIDE)
    assert outcome.status == "failed"
    assert "includes no network" in outcome.reasons[0]


@pytest.mark.parametrize("start", ["network", "network-only"])
def test_phase_plates_are_beyond_it(start: str) -> None:
    with pytest.raises(SettingsError, match="phase-plate data"):
        Settings(start=start, phase_shift=True)  # type: ignore[arg-type]


def test_a_fixed_defocus_and_the_network_alone_contradict() -> None:
    with pytest.raises(SettingsError, match="with a fixed defocus"):
        Settings(start="network-only", fix_defocus=True)
    assert Settings(start="network", fix_defocus=True).start == "network"


def test_other_starts_are_refused() -> None:
    with pytest.raises(SettingsError, match="expected one of search, network, network-only"):
        Settings(start="oracle")  # type: ignore[arg-type]


@pytest.mark.slow
def test_an_estimate_without_it_loads_no_runtime(tmp_path: Path) -> None:
    with mrcfile.new(tmp_path / "one.mrc", data=micrograph().pixels[:256, :256]) as mrc:
        mrc.voxel_size = OPTICS.pixel_A
    code = (
        "import sys, thonring\n"
        f"thonring.estimate({str(tmp_path / 'one.mrc')!r}, thonring.Optics(300, 2.7, 0.1, 1.0))\n"
        "print({'onnxruntime', 'torch', 'thonring.learn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "set()", done.stderr
