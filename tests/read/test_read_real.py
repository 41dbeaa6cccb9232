"""Real files: the example in the repository, and the reference data beside it where they are."""

from pathlib import Path

import numpy as np
import pytest

from thonring import read
from thonring.formats.known_defocus import known_defocus
from thonring.optics import Optics, PartialOptics
from thonring.run.names import key_of

ROOT = Path(__file__).parents[2]
SHARED = ROOT / ".." / "shared" / "data"
EXAMPLE = ROOT / "examples" / "data" / "apoferritin_crop.tif"
OPTICS = Optics(300, 2.7)

needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the reference data (../shared/data) are not here"
)


def test_the_example_needs_no_pixel_size() -> None:
    image = read.micrograph(EXAMPLE, OPTICS)
    assert image.pixels.shape == (2048, 2048)
    assert image.pixels.dtype == np.uint16
    assert image.pixel_A == pytest.approx(0.66655, abs=1e-5)
    assert image.notes == ()


@needs_shared
def test_a_real_frame_and_the_example_cut_from_it() -> None:
    image = read.micrograph(SHARED / "epu" / "epu2.9_example.mrc", OPTICS)
    assert image.pixels.shape == (4096, 4096)
    assert image.pixels.dtype == np.uint16
    assert image.pixel_A == pytest.approx(0.66655, abs=1e-5)
    assert image.notes == ()
    example = read.micrograph(EXAMPLE, OPTICS).pixels
    np.testing.assert_array_equal(image.pixels[1024:3072, 1024:3072], example)


@needs_shared
def test_real_spectra_are_centred_amplitudes_at_their_own_sampling() -> None:
    paths = sorted((SHARED / "relion_tutorial").glob("*_PS.mrc"))
    assert len(paths) == 12
    for path in paths:
        given = read.spectrum_file(path, Optics(200, 1.4), "amplitude")
        power = given.spectrum.power
        assert power.shape == (512, 257)
        assert given.spectrum.sampling_A == pytest.approx(1.39955, abs=1e-4)
        assert given.notes == ()
        raw = read.micrograph(path, Optics(200, 1.4)).pixels.astype(float)
        np.testing.assert_allclose(power[:, :256], raw[:, 256:] ** 2, rtol=1e-5)


@needs_shared
def test_a_published_star_file() -> None:
    star = SHARED / "relion_tutorial" / "micrographs_ctf.star"
    listed = read.sources([str(star)], PartialOptics())
    known = known_defocus(star)
    assert len(listed) == len(known) == 12
    assert {source.optics for source in listed} == {Optics(200, 1.4, 0.1, 0.885)}
    spectra = sorted((SHARED / "relion_tutorial").glob("*_PS.mrc"))
    assert {key_of(path) for path in spectra} == set(known)
    first = known[key_of("20170629_00021_frameImage_PS.mrc")]
    assert (first.defocus_u_A, first.defocus_v_A) == (10865.006836, 10571.461914)
    assert first.angle_deg == pytest.approx(79.130180)


@needs_shared
@pytest.mark.parametrize("folder", ["apoferritin", "micassess/0Great", "micassess/4Crystalline_ice"])
def test_real_pictures(folder: str) -> None:
    for source in read.sources([str(SHARED / folder)], PartialOptics(300, 2.7, None, 1.5)):
        pixels = read.micrograph(source.path, source.optics).pixels
        assert pixels.ndim == 2
        assert min(pixels.shape) >= 494
        assert pixels.std() > 0
