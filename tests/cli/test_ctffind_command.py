"""The program as others start it: answers in, CTFFIND's files out, CTFFIND's values within the errors."""

import math
import os
import subprocess
import sys
from pathlib import Path

import mrcfile
import numpy as np
import numpy.typing as npt
import pytest

from factories.ctffind_sessions import PLAIN, REFERENCE, SESSIONS
from thonring import read
from thonring.formats.known_defocus import known_defocus
from thonring.optics import Optics

pytestmark = [pytest.mark.slow, pytest.mark.clients]

EXAMPLE = Path(__file__).parents[2] / "examples" / "data" / "apoferritin_crop.tif"
PROGRAM = (sys.executable, "-c", "from thonring.ctffind_cli import main; main()")
SHARED = Path(__file__).parents[3] / "shared" / "data" / "relion_tutorial"
PIXEL_A = 0.66655


def run(folder: Path, lines: list[str], *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *flags],
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "COLUMNS": "200"},
    )


def write(path: Path, pixels: npt.NDArray[np.generic], pixel_A: float = PIXEL_A) -> None:
    with mrcfile.new(path) as mrc:
        mrc.set_data(pixels.astype(np.float32))
        mrc.set_image_stack()
        mrc.voxel_size = pixel_A


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that CTFFIND's answers were recorded with."""
    folder = tmp_path_factory.mktemp("dropin")
    pixels = read.micrograph(EXAMPLE, Optics(300, 2.7)).pixels
    write(folder / "image.mrc", pixels[None])
    quarters = (pixels[:1024, :1024], pixels[1024:, :1024], pixels[:1024, 1024:])
    write(folder / "stack.mrc", np.stack(quarters))
    noise = np.random.default_rng(1).normal(size=(2, 512, 512))
    write(folder / "noise.mrc", np.stack([pixels[:512, :512], np.ones((512, 512)), *noise]))
    return folder


def rows(path: Path) -> list[list[float]]:
    return [
        [float(word) for word in line.split()] for line in path.read_text().splitlines() if line[0] != "#"
    ]


@pytest.fixture(scope="module")
def plain(folder: Path) -> subprocess.CompletedProcess[str]:
    """The plain session, run once, with what it printed; its files are plain.ctf and so on."""
    return run(folder, session("plain", diagnostic="plain.ctf"))


def vector(row: list[float]) -> npt.NDArray[np.float64]:
    """Mean defocus and astigmatism vector."""
    _, u, v, angle_deg, *_ = row
    twice = math.radians(2 * angle_deg)
    return np.array([0.5 * (u + v), (u - v) * math.cos(twice), (u - v) * math.sin(twice)])


def session(name: str, **changed: str) -> list[str]:
    """The answers of a recorded session, some of them changed by the words of their question."""
    return [
        next((value for words, value in changed.items() if words.replace("_", " ") in text), answer)
        for text, answer in SESSIONS[name]["asked"]
    ]


AGREEING = ["plain", "known astigmatism", "known defocus", "phase plate of relion", "movie"]
"""Sessions with rings strong enough that both programs must find the same."""


@pytest.mark.parametrize("name", AGREEING)
def test_values_agree_with_ctffind(folder: Path, name: str) -> None:
    """To a few of our standard errors (22 Å; 36 Å a component), which are larger for the movie of three quarters."""
    done = run(folder, session(name, diagnostic=f"{name}.mrc"))
    assert done.returncode == 0, done.stderr
    (ours,) = rows(folder / f"{name}.txt")
    theirs = [float(word) for word in SESSIONS[name]["rows"][0].split()]
    tolerance_A = 250.0 if name == "movie" else 100.0
    if name.startswith("known"):
        np.testing.assert_allclose(ours[1] - ours[2], theirs[1] - theirs[2], atol=0.01)
        assert ours[3] == pytest.approx(theirs[3], abs=1e-4)
    if name == "known defocus":
        np.testing.assert_allclose(ours[:5], theirs[:5], atol=1e-3)
    if name == "phase plate of relion":
        assert abs(ours[4] - theirs[4]) < 0.3
        tolerance_A = 400.0
    np.testing.assert_allclose(vector(ours), vector(theirs), atol=tolerance_A)
    if name != "movie":
        assert ours[6] == pytest.approx(theirs[6], rel=0.25)


def test_the_output_has_the_lines_that_programs_look_for(
    folder: Path, plain: subprocess.CompletedProcess[str]
) -> None:
    recorded = (REFERENCE / "single.out").read_text().splitlines()
    ours = plain.stdout.splitlines()
    for words in (
        "Estimated defocus values",
        "Estimated azimuth of astigmatism",
        "Score",
        "Pixel size for fitting",
        "Thon rings with good fit up to",
        "Summary of results",
        "Diagnostic images",
        "Detailed results",
    ):
        (here,) = [line for line in ours if line.startswith(words)]
        (there,) = [line for line in recorded if line.startswith(words)]
        assert here.split(":")[0] == there.split(":")[0]
        assert len(here.split()) == len(there.split())
    (summary,) = [line for line in ours if "Summary of results" in line]
    assert summary.split()[-1] == "plain.txt"
    assert "Accepted without effect: defocus search step (100 A)." in ours
    assert (folder / "plain.ctf").is_file()


def test_a_dialogue_of_ctffind5_is_held_and_has_its_columns(
    folder: Path, plain: subprocess.CompletedProcess[str]
) -> None:
    """RELION 5 reads the thickness from the tenth column; a known defocus is not searched."""
    known = [*PLAIN[:-1], "no", "no", "yes", "no", "yes", "21000", "20900", "10", "yes", "4"]
    known[1] = "five.ctf"
    done = run(folder, known)
    assert done.returncode == 0, done.stderr
    assert "Version : 5, emulated" in done.stdout
    assert "Version : 4.1.14, emulated" in plain.stdout
    (row,) = rows(folder / "five.txt")
    assert row[1:4] == [21000.0, 20900.0, 10.0]
    assert row[7:] == [0.0, 0.0, 0.0]
    assert len(rows(folder / "plain.txt")[0]) == 7
    assert [line[0] for line in (folder / "five.txt").read_text().splitlines()] == [*"#####", "1"]
    (read_back,) = known_defocus(folder / "five.txt").values()
    assert read_back.defocus_u_A == 21000.0


def test_a_stack_gives_a_row_and_a_section_an_image(folder: Path, tmp_path: Path) -> None:
    done = run(folder, session("stack", diagnostic="s.mrc", Size="256"))
    assert done.returncode == 0, done.stderr
    found = rows(folder / "s.txt")
    assert [row[0] for row in found] == [1, 2, 3]
    for row, theirs in zip(found, SESSIONS["stack"]["rows"], strict=True):
        assert vector(row)[0] == pytest.approx(vector([float(word) for word in theirs.split()])[0], abs=500)
    assert [len(row) for row in rows(folder / "s_avrot.txt")] == [182] * 18
    with mrcfile.open(folder / "s.mrc") as mrc:
        assert mrc.data.shape == (3, 256, 256)
        assert mrc.voxel_size.x == pytest.approx(1.4, abs=0.01)
    with mrcfile.open(folder / "stack.mrc") as mrc:
        write(tmp_path / "second.mrc", mrc.data[1:2])
    run(tmp_path, session("plain", Input="second.mrc", diagnostic="alone.mrc", Size="256"))
    assert rows(tmp_path / "alone.txt")[0][1:] == found[1][1:], "each image is estimated as if it were alone"


def test_an_image_without_result_leaves_a_row_that_says_so(folder: Path) -> None:
    done = run(folder, session("stack", Input="noise.mrc", is_a_movie="no", diagnostic="n.mrc", Size="128"))
    found = rows(folder / "n.txt")
    assert len(found) == 4
    assert all(math.isnan(value) for value in found[1][1:5])
    assert found[1][5:] == [0.0, math.inf]
    assert "micrograph 2: " in done.stderr
    assert "constant" in done.stderr
    assert done.returncode == 0


def test_a_gain_is_applied(folder: Path) -> None:
    """Frames spoiled by a gain that is then given are estimated as the frames were."""
    with mrcfile.open(folder / "stack.mrc") as mrc:
        frames = mrc.data
    gain = np.random.default_rng(2).uniform(0.5, 1.5, frames.shape[1:]).astype(np.float32)
    write(folder / "gain.mrc", gain[None])
    write(folder / "spoiled.mrc", frames / gain)
    plain = session("movie with experts", diagnostic="m.mrc")
    run(folder, plain)
    at = plain.index("m.mrc") + 17
    assert plain[at] == "yes", "the question of the gain"
    spoiled = [*plain[:at], "no", "gain.mrc", *plain[at + 1 :]]
    spoiled[0], spoiled[3] = "spoiled.mrc", "g.mrc"
    done = run(folder, spoiled)
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(rows(folder / "g.txt"), rows(folder / "m.txt"), rtol=1e-3)
    write(folder / "small.mrc", gain[None, :100])
    done = run(folder, [word.replace("gain.mrc", "small.mrc").replace("g.mrc", "h.mrc") for word in spoiled])
    assert "the gain image has 1024 x 100 pixels" in done.stderr
    assert done.returncode == 1


@pytest.mark.skipif(not SHARED.is_dir(), reason="the reference data (../shared/data) are not here")
def test_an_amplitude_spectrum_is_taken_as_relion_gives_it(folder: Path) -> None:
    image = min(SHARED.glob("*_PS.mrc"))
    lines = session("amplitude spectrum", Input=str(image), diagnostic="ps.mrc")
    done = run(folder, lines, "--amplitude-spectrum-input")
    assert done.returncode == 0, done.stderr
    theirs = [float(word) for word in SESSIONS["amplitude spectrum"]["rows"][0].split()]
    np.testing.assert_allclose(vector(rows(folder / "ps.txt")[0]), vector(theirs), atol=100)


def test_old_school_prints_what_readers_of_ctffind3_look_for(folder: Path) -> None:
    lines = ["image.mrc", "old.mrc", "2.7, 300, 0.1, 10000, 0.66655", "512, 30, 5, 5000, 50000, 500, 100"]
    done = run(folder, lines, "--old-school-input")
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()
    at = told.index(" CS[mm], HT[kV], AmpCnst, XMAG, DStep[um]")
    assert [float(word) for word in told[at + 1].split()] == [2.7, 300.0, 0.1, 10000.0, 0.667]
    (values,) = [line.split() for line in told if "Final Values" in line]
    assert len(values) == 6
    assert float(values[0]) == pytest.approx(rows(folder / "old.txt")[0][1], abs=0.01)
    np.testing.assert_allclose(
        vector(rows(folder / "old.txt")[0]), vector(rows(REFERENCE / "old_school.txt")[0]), atol=100
    )


@pytest.mark.usefixtures("plain")
def test_our_own_reader_takes_the_text(folder: Path) -> None:
    (known,) = known_defocus(folder / "plain.txt").values()
    assert known.defocus_u_A == pytest.approx(rows(folder / "plain.txt")[0][1])


@pytest.mark.skipif(sys.platform == "darwin", reason="the file system takes UTF-8 names only")
def test_names_may_hold_any_bytes_in_any_locale(folder: Path) -> None:
    name = os.fsdecode(b"caf\xe9")
    (folder / f"{name}.mrc").symlink_to(folder / "image.mrc")
    lines = session("plain", Input=f"{name}.mrc", diagnostic=f"{name}.ctf")
    for locale in ("C.UTF-8", "POSIX"):
        done = subprocess.run(
            PROGRAM,
            input=os.fsencode("\n".join(lines) + "\n"),
            capture_output=True,
            check=False,
            cwd=folder,
            env={**os.environ, "LC_ALL": locale},
        )
        assert done.returncode == 0, done.stderr
        assert b": caf\xe9.txt\n" in done.stdout
    assert (folder / f"{name}.txt").is_file()


ANSWERS = (
    "ended before question 8, 'Minimum resolution'",
    "question 3, 'Pixel size': found 'abc'",
    "before background subtraction",
    "CTFFIND 5: question 19, 'Do you want to set expert options?' (no), is the last one",
    "'Determine sample thickness?': found yes",
)
"""Messages on answers and flags, which end with the exit code 2; others concern files."""

FAILING = {
    "missing answers": (PLAIN[:7], (), "ended before question 8, 'Minimum resolution'"),
    "a wrong answer": ([*PLAIN[:2], "abc", *PLAIN[3:]], (), "question 3, 'Pixel size': found 'abc'"),
    "too many answers": (
        [*PLAIN, "no", "no", "4"],
        (),
        "CTFFIND 5: question 19, 'Do you want to set expert options?' (no), is the last one",
    ),
    "a thickness": (
        [*PLAIN[:-1], "no", "yes", "yes", "yes", "30", "3", "no", "no", "no"],
        (),
        "'Determine sample thickness?': found yes",
    ),
    "an impossible voltage": ([*PLAIN[:3], "3e5", *PLAIN[4:]], (), "looks like volts"),
    "a folder that is missing": (
        [PLAIN[0], "no/no/out.mrc", *PLAIN[2:]],
        (),
        "no/no/out.mrc: cannot be written",
    ),
    "a filtered spectrum": (
        PLAIN,
        ("--filtered-amplitude-spectrum-input",),
        "before background subtraction",
    ),
    "an image as a spectrum": (PLAIN, ("--amplitude-spectrum-input",), "P(k) and P(-k)"),
    "too few frequencies": (
        [*PLAIN[:7], "10", "9.9", *PLAIN[9:]],
        (),
        "no CTF could be fitted: the resolution range contains only",
    ),
}


@pytest.mark.parametrize(("lines", "flags", "message"), FAILING.values(), ids=FAILING.keys())
def test_a_failure_is_told_and_leaves_no_file(
    folder: Path, tmp_path: Path, lines: list[str], flags: tuple[str, ...], message: str
) -> None:
    (tmp_path / "image.mrc").symlink_to(folder / "image.mrc")
    done = run(tmp_path, lines, *flags)
    assert done.returncode == (2 if message in ANSWERS else 1)
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["image.mrc"]


def test_threads_and_speed_are_accepted_and_told(folder: Path) -> None:
    done = run(folder, session("plain", diagnostic="j.mrc"), "-j", "4", "--fast")
    assert done.returncode == 0, done.stderr
    assert "Accepted without effect: --fast, -j 4." in done.stdout
    assert run(folder, [], "--omp-num-threads", "0").returncode == 2
