"""A simulated set on disk: what was put in is what RELION's readers, MRC readers and TOML readers find."""

import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
import pytest
import starfile
from hypothesis import given
from hypothesis import strategies as st

from thonring.errors import OutputError
from thonring.formats.known_defocus import known_defocus
from thonring.formats.relion import SimulatedCtf, write_simulated_star
from thonring.optics import Optics, PartialOptics
from thonring.read import sources
from thonring.records import KnownDefocus, Micrograph
from thonring.run.names import key_of
from thonring.simulate.output import prepare_set, recipe_text, write_micrograph

KRIOS = Optics(300.0, 2.7, 0.07, 0.83)
TALOS = Optics(200.0, 2.7, 0.1, 1.1)


def made(index: int, optics: Optics, **truth: float) -> SimulatedCtf:
    assert optics.pixel_A is not None
    defocus = KnownDefocus(15200.25 + index, 14800.75, -37.5, **truth)
    return SimulatedCtf(f"mic_{index:06d}.mrc", optics, optics.pixel_A, defocus)


MADE = [made(0, KRIOS), made(1, TALOS, phase_shift_deg=90.0), made(2, KRIOS)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A set whose micrographs nobody reads."""
    folder = tmp_path / "a set"
    folder.mkdir()
    for one in MADE:
        (folder / one.file).touch()
    write_simulated_star(folder, MADE)
    return folder


def test_micrographs_star_is_an_input_list(folder: Path) -> None:
    listed = sources([str(folder / "micrographs.star")], PartialOptics())
    assert [source.path for source in listed] == [folder / one.file for one in MADE]
    assert [source.optics for source in listed] == [KRIOS, TALOS, KRIOS]


def test_a_set_can_be_moved(folder: Path, tmp_path: Path) -> None:
    moved = folder.rename(tmp_path / "elsewhere")
    listed = sources([str(moved / "micrographs.star")], PartialOptics())
    assert [source.path for source in listed] == [moved / one.file for one in MADE]


def test_truth_star_is_a_table_of_known_defoci(folder: Path) -> None:
    known = known_defocus(folder / "truth.star")
    assert [known[key_of(one.file)] for one in MADE] == [one.truth for one in MADE]


def test_starfile_finds_the_same(folder: Path) -> None:
    blocks = starfile.read(folder / "truth.star", always_dict=True)
    assert blocks["optics"]["rlnVoltage"].tolist() == [300.0, 200.0]
    assert blocks["optics"]["rlnMicrographPixelSize"].tolist() == [0.83, 1.1]
    assert blocks["micrographs"]["rlnOpticsGroup"].tolist() == [1, 2, 1]
    assert blocks["micrographs"]["rlnPhaseShift"].tolist() == [0.0, 90.0, 0.0]
    assert blocks["micrographs"]["rlnMicrographName"].tolist() == [one.file for one in MADE]


def test_microscopes_that_differ_in_anything_are_groups_of_their_own(tmp_path: Path) -> None:
    several = [
        KRIOS,
        Optics(200.0, 2.7, 0.07, 0.83),
        Optics(300.0, 1.4, 0.07, 0.83),
        Optics(300.0, 2.7, 0.1, 0.83),
        Optics(300.0, 2.7, 0.07, 0.84),
    ]
    write_simulated_star(tmp_path, [made(index, optics) for index, optics in enumerate(several)])
    blocks = starfile.read(tmp_path / "micrographs.star", always_dict=True)
    assert blocks["micrographs"]["rlnOpticsGroup"].tolist() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("kind", [np.float32, np.int16])
def test_pixels_come_back_as_they_were(tmp_path: Path, kind: type[np.generic]) -> None:
    pixels = np.random.default_rng(1).poisson(30, (48, 64)).astype(kind)
    path = tmp_path / "a.mrc"
    write_micrograph(path, Micrograph(path, pixels, 0.83, KRIOS))
    assert mrcfile.validate(path)
    with mrcfile.open(path) as mrc:
        assert mrc.data.dtype == kind
        np.testing.assert_array_equal(mrc.data, pixels)
        assert mrc.voxel_size.x == pytest.approx(0.83)
        assert float(mrc.header.dmean) == pytest.approx(pixels.mean())


def test_no_time_is_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.mrc"
    write_micrograph(path, Micrograph(path, np.ones((8, 8), np.float32), 1.0, KRIOS))
    with mrcfile.open(path) as mrc:
        assert [label.rstrip(b"\0 ") for label in mrc.header.label if label.strip(b"\0 ")] == [
            f"Simulated by Thonring {version('thonring')}".encode()
        ]


PLAIN = (
    st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.text("abc \"'\\\n\t#=[]äλ")
)
KEY = st.text("abcXYZ019_-", min_size=1)
TABLES = st.recursive(
    st.dictionaries(KEY, PLAIN | st.lists(PLAIN), max_size=4),
    lambda inner: st.dictionaries(KEY, PLAIN | st.lists(PLAIN) | inner, max_size=4),
    max_leaves=8,
)


@given(recipe=TABLES)
def test_a_recipe_comes_back_from_its_text(recipe: dict[str, Any]) -> None:
    assert tomllib.loads(recipe_text(recipe, ["a remark", "another"])) == recipe


def test_a_new_folder_gets_its_recipe_and_may_be_filled_again(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    prepare_set(folder, "size = 64\n")
    (folder / "mic_000000.mrc").touch()
    (folder / "run").mkdir()
    prepare_set(folder, "size = 64\n")
    assert (folder / "recipe.toml").read_text(encoding="utf-8") == "size = 64\n"


def test_another_set_is_not_mixed_in(tmp_path: Path) -> None:
    prepare_set(tmp_path, "size = 64\n")
    with pytest.raises(OutputError, match=r"contains a set made with other options .*--out"):
        prepare_set(tmp_path, "size = 65\n")
    assert (tmp_path / "recipe.toml").read_text(encoding="utf-8") == "size = 64\n"


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    for name in ("b.mrc", "a.mrc", "d.mrc", "c.mrc", ".hidden"):
        (tmp_path / name).touch()
    with pytest.raises(OutputError, match=r"found a\.mrc, b\.mrc, c\.mrc and 1 more, expected an empty"):
        prepare_set(tmp_path, "size = 64\n")
    assert not (tmp_path / "recipe.toml").exists()


def test_hidden_files_do_not_count(tmp_path: Path) -> None:
    (tmp_path / ".DS_Store").touch()
    prepare_set(tmp_path, "size = 64\n")
    assert (tmp_path / "recipe.toml").exists()


def test_a_file_or_a_missing_parent_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="is a file, expected a folder"):
        prepare_set(tmp_path / "file", "")
    with pytest.raises(OutputError, match=r"its parent folder .*missing does not exist"):
        prepare_set(tmp_path / "missing" / "set", "")


def test_the_set_of_an_earlier_wording_is_the_same(tmp_path: Path) -> None:
    head = "Simulated by Thonring 1.0 with numpy 2.0. The same:"
    recipe = recipe_text({"size": 512}, [head, "thonring simulate --seed 1"])
    prepare_set(tmp_path, recipe)
    prepare_set(tmp_path, recipe.replace("Simulated by", "A set of").replace("The same:", "Once more:"))
    with pytest.raises(OutputError, match="other options"):
        prepare_set(tmp_path, recipe.replace("--seed 1", "--seed 2"))
    with pytest.raises(OutputError, match="other options"):
        prepare_set(tmp_path, recipe.replace("numpy 2.0", "numpy 2.1"))
