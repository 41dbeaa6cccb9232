"""Given spectra: whatever the layout, the half plane is the same."""

from pathlib import Path

import mrcfile
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thonring import read
from thonring.ctf import half_plane_grid, phase_aberration
from thonring.errors import OpticsError, UnreadableFile, UnsuitableImage
from thonring.optics import Optics
from thonring.records import Floats

OPTICS = Optics(300, 2.7)
SAMPLING_A = 1.4


def plane(rows: int, columns: int, *, floor: float = 0.2) -> Floats:
    """Rings of 1 µm with astigmatism-free sin², origin in the corner, times noise with P(k) = P(-k)."""
    kx, ky = np.fft.fftfreq(columns, SAMPLING_A), np.fft.fftfreq(rows, SAMPLING_A)
    rings = np.sin(phase_aberration(kx**2 + ky[:, None] ** 2, 4000.0, OPTICS)) ** 2
    noise = np.random.default_rng(rows * columns).normal(size=(30, rows, columns))
    return (np.abs(np.fft.fft2(noise)) ** 2).mean(axis=0) * (rings + floor)


def write(path: Path, values: Floats, sampling_A: float = SAMPLING_A) -> Path:
    mrcfile.write(path, values.astype(np.float32), overwrite=True, voxel_size=sampling_A)
    return path


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.integers(48, 81), columns=st.integers(48, 81), centred=st.booleans(), amplitude=st.booleans())
def test_value_and_frequency_of_every_pixel(
    tmp_path: Path, rows: int, columns: int, centred: bool, amplitude: bool
) -> None:
    power = plane(rows, columns)
    stored = np.sqrt(power) if amplitude else power
    path = write(tmp_path / "a.mrc", np.fft.fftshift(stored) if centred else stored)
    spectrum = read.spectrum_file(path, OPTICS, "amplitude" if amplitude else "power").spectrum
    assert spectrum.power.shape == (rows, columns // 2 + 1)
    assert spectrum.power.dtype == np.float32
    for row, column in [(0, 0), (rows // 2, 1), (rows - 1, columns // 2), (3, 5), (rows // 2 + 4, 7)]:
        expected = power[(row - rows // 2) % rows, column]
        assert spectrum.power[row, column] == pytest.approx(expected, rel=1e-5)
    squared, _ = half_plane_grid(spectrum)
    along_x = np.fft.rfftfreq(columns, SAMPLING_A)
    np.testing.assert_allclose(squared[rows // 2], along_x**2, rtol=1e-6)
    along_y = np.fft.fftshift(np.fft.fftfreq(rows, SAMPLING_A))
    np.testing.assert_allclose(squared[:, 0], along_y**2, rtol=1e-6)
    assert spectrum.sampling_A == pytest.approx(SAMPLING_A)


@pytest.mark.parametrize("centred", [True, False])
def test_the_origin_is_found_without_low_frequencies(tmp_path: Path, centred: bool) -> None:
    power = plane(128, 128)
    far = np.hypot(np.fft.fftfreq(128)[:, None], np.fft.fftfreq(128)) * 128 > 6
    stored = power * far
    result = read.spectrum_file(
        write(tmp_path / "a.mrc", np.fft.fftshift(stored) if centred else stored), OPTICS, "power"
    )
    np.testing.assert_allclose(result.spectrum.power[64], stored[0, :65], rtol=1e-5)
    assert result.notes == ()


def test_an_unclear_origin_is_told(tmp_path: Path) -> None:
    flat = np.abs(np.fft.fft2(np.random.default_rng(5).normal(size=(128, 128)))) ** 2
    (note,) = read.spectrum_file(write(tmp_path / "a.mrc", flat), OPTICS, "power").notes
    assert note.kind == "spectrum-origin"


@pytest.mark.parametrize("centred", [True, False])
def test_a_useless_origin_pixel_does_not_matter(tmp_path: Path, centred: bool) -> None:
    power = plane(64, 64)
    path = write(tmp_path / "a.mrc", np.fft.fftshift(power) if centred else power)
    with mrcfile.mmap(path, "r+") as mrc:
        mrc.data[(32, 32) if centred else (0, 0)] = np.nan
    spectrum = read.spectrum_file(path, OPTICS, "power").spectrum
    assert np.isfinite(spectrum.power).all()
    assert spectrum.power[32, 3] == pytest.approx(power[0, 3], rel=1e-5)


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf])
@pytest.mark.parametrize("place", [(0, 0), (10, 9)])
def test_negative_and_non_finite_values_are_refused(
    tmp_path: Path, value: float, place: tuple[int, int]
) -> None:
    path = write(tmp_path / "a.mrc", np.fft.fftshift(plane(64, 64)))
    with mrcfile.mmap(path, "r+") as mrc:
        mrc.data[place] = value
    with pytest.raises(UnsuitableImage, match=r"found 1 negative or non-finite values of 4096"):
        read.spectrum_file(path, OPTICS, "power")


def test_a_micrograph_is_no_spectrum(tmp_path: Path) -> None:
    image = np.random.default_rng(2).poisson(1000.0, (64, 64)).astype(float)
    with pytest.raises(UnsuitableImage, match=r"P\(-k\).*micrograph"):
        read.spectrum_file(write(tmp_path / "a.mrc", image), OPTICS, "power")


def test_a_half_plane_is_refused(tmp_path: Path) -> None:
    half = np.fft.fftshift(plane(64, 64)[:, :33], axes=0)
    with pytest.raises(UnsuitableImage, match="half plane"):
        read.spectrum_file(write(tmp_path / "a.mrc", half), OPTICS, "power")


def test_constant_and_tiny_planes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsuitableImage, match="all values are equal"):
        read.spectrum_file(write(tmp_path / "a.mrc", np.ones((64, 64))), OPTICS, "power")
    with pytest.raises(UnsuitableImage, match="at least 16"):
        read.spectrum_file(write(tmp_path / "a.mrc", plane(8, 8)), OPTICS, "power")


def test_power_too_large_for_single_precision_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mrc", plane(64, 64))
    with mrcfile.mmap(path, "r+") as mrc:
        mrc.data[0, 0] = 1e25
    with pytest.raises(UnsuitableImage, match="Scale"):
        read.spectrum_file(path, OPTICS, "amplitude")


def test_a_given_sampling_wins_and_one_is_needed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mrc", plane(64, 64))
    result = read.spectrum_file(path, Optics(300, 2.7, pixel_A=2.8), "power")
    assert result.spectrum.sampling_A == 2.8
    assert [note.kind for note in result.notes] == ["pixel-size"]
    with pytest.raises(OpticsError, match="--pixel"):
        read.spectrum_file(write(path, plane(64, 64), sampling_A=1.0), OPTICS, "power")


def test_a_missing_file() -> None:
    with pytest.raises(UnreadableFile):
        read.spectrum_file(Path("nowhere.mrc"), OPTICS, "power")
