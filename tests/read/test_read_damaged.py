"""What is no file, what goes while it is read, and what is not what its name says: each is told as it is."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import mrcfile
import numpy as np
import pytest
import tifffile

from factories.memory import MARGIN_BYTES, peak_bytes, read_or_refused
from thonring import read
from thonring.errors import UnreadableFile, UnreadableTable, UnsuitableImage
from thonring.formats.known_defocus import known_defocus
from thonring.optics import Optics, PartialOptics

OPTICS = Optics(300, 2.7, pixel_A=1.5)
NOISE = np.random.default_rng(3).integers(0, 255, (200, 300)).astype(np.uint8)
WRITERS: dict[str, Callable[[Path], object]] = {
    "a.mrc": lambda path: mrcfile.write(path, NOISE.astype(np.float32)),
    "a.mrc.gz": lambda path: mrcfile.write(path, NOISE.astype(np.float32)),
    "a.tif": lambda path: tifffile.imwrite(path, NOISE),
    "a.png": lambda path: path.write_bytes(imagecodecs.png_encode(NOISE)),
    "a.jpg": lambda path: path.write_bytes(imagecodecs.jpeg_encode(NOISE)),
}


def made(folder: Path, name: str) -> Path:
    WRITERS[name](folder / name)
    return folder / name


def to_zero(path: Path) -> None:
    path.symlink_to("/dev/zero")


def to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def to_nowhere(path: Path) -> None:
    path.symlink_to("moved.mrc")


NO_FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "pipe": (os.mkfifo, "found a named pipe"),
    "device": (to_zero, "found a device"),
    "folder": (Path.mkdir, "found a folder"),
    "circle": (to_itself, "is a symbolic link that refers to itself"),
    "broken link": (to_nowhere, r"is a symbolic link to 'moved\.mrc', which does not exist"),
}


@pytest.mark.parametrize(("make", "said"), NO_FILES.values(), ids=NO_FILES.keys())
@pytest.mark.parametrize("name", ["a.mrc", "a.tif", "a.png"])
def test_what_is_no_file_is_not_opened(
    tmp_path: Path, name: str, make: Callable[[Path], object], said: str
) -> None:
    make(tmp_path / name)
    assert peak_bytes(read_or_refused, tmp_path / name) < MARGIN_BYTES
    with pytest.raises(UnreadableFile, match=rf"{name}: {said}.*expected an image file\. "):
        read.micrograph(tmp_path / name, OPTICS)


@pytest.mark.parametrize(("make", "said"), NO_FILES.values(), ids=NO_FILES.keys())
@pytest.mark.parametrize("name", ["a.star", "a.xmd", "a.cs", "a.txt"])
def test_nor_where_a_table_is_wanted(
    tmp_path: Path, name: str, make: Callable[[Path], object], said: str
) -> None:
    make(tmp_path / name)
    said = "folder .*found no CTFFIND text" if said == "found a folder" else f"{name}: {said}"
    with pytest.raises(UnreadableTable, match=said.replace("folder .*", "")):
        known_defocus(tmp_path / name)


def test_a_star_file_that_is_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.star")
    with pytest.raises(UnreadableTable, match=r"a\.star: found a named pipe, expected a STAR file"):
        read.sources([str(tmp_path / "a.star")], PartialOptics(300, 2.7))


def test_a_name_that_none_can_have(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="is not a valid file name"):
        read.micrograph(tmp_path / "a\0b.mrc", OPTICS)
    with pytest.raises(UnreadableFile, match="File name too long"):
        read.micrograph(tmp_path / ("long" * 100 + ".mrc"), OPTICS)


def goes_when_opened(monkeypatch: pytest.MonkeyPatch, go: Callable[[Path], object]) -> None:
    """Let something happen to a file between the first look at it and the first byte."""
    whole_open = io.open

    def opened(path: Path, *arguments: object, **options: object) -> object:
        if path.exists():
            go(path)
        return whole_open(path, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", opened)


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_that_vanishes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    path = made(tmp_path, name)
    goes_when_opened(monkeypatch, Path.unlink)
    with pytest.raises(
        UnreadableFile, match=rf"{name}: vanished while it was being read, expected a finished file"
    ):
        read.micrograph(path, OPTICS)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("left", [0, 10, 1050, 5000])
def test_a_file_that_is_cut_short_as_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, left: int
) -> None:
    path = made(tmp_path, name)
    goes_when_opened(monkeypatch, lambda file: os.truncate(file, min(left, file.stat().st_size - 1)))
    with pytest.raises(
        UnreadableFile, match=rf"{name}: changed from \d+ to \d+ bytes while it was being read"
    ):
        read.micrograph(path, OPTICS)


def test_an_mrc_file_cut_short_behind_its_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size was right when the header was read; a mapped file would end the process here."""
    path = made(tmp_path, "a.mrc")
    whole_fromfile = np.fromfile

    def cut(*arguments: object) -> object:
        os.truncate(path, 9000)
        return whole_fromfile(*arguments)  # type: ignore[call-overload]

    monkeypatch.setattr(np, "fromfile", cut)
    with pytest.raises(UnreadableFile, match=r"a\.mrc: changed from 241024 to 9000 bytes"):
        read.micrograph(path, OPTICS)


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (PermissionError(13, "Permission denied"), "no permission to read it.*permissions"),
        (OSError(5, "Input/output error"), "cannot be read.*Check the disk"),
        (MemoryError(), "does not fit into free memory.*--workers"),
    ],
)
def test_what_the_system_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: Exception, said: str
) -> None:
    def refuse(*_: object) -> None:
        raise problem

    path = made(tmp_path, "a.mrc")
    monkeypatch.setattr(np, "fromfile", refuse)
    with pytest.raises(UnreadableFile, match=rf"a\.mrc: .*{said}"):
        read.micrograph(path, OPTICS)


@pytest.mark.parametrize(
    ("name", "content", "like"),
    [
        ("a.mrc", b"<!DOCTYPE html>\n" + b"<p>404 Not Found</p>\n" * 100, r"text \('<!DOCTYPE html>'\)"),
        ("a.tif", "defocus in µm\n".encode(), r"text \('defocus in µm'\)"),
        ("a.mrc", b"II*\0" + bytes(range(200)) * 9, "a TIFF file"),
        ("a.png", imagecodecs.jpeg_encode(NOISE), "a JPEG picture"),
        ("a.jpg", imagecodecs.png_encode(NOISE), "a PNG picture"),
        ("a.tif", b"PK\x03\x04" + bytes(range(200)), "a ZIP archive"),
    ],
)
def test_what_the_bytes_look_like_is_told(tmp_path: Path, name: str, content: bytes, like: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableFile, match=rf"Its content looks like {like}\.$"):
        read.micrograph(tmp_path / name, OPTICS)


@pytest.mark.parametrize("name", ["a.mrc", "a.tif", "a.png", "a.jpg"])
def test_nothing_but_zeros_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(bytes(5000))
    with pytest.raises(
        UnreadableFile, match="first 512 bytes are all zero: the copy or the acquisition failed"
    ):
        read.micrograph(tmp_path / name, OPTICS)


@pytest.mark.parametrize("name", WRITERS)
def test_a_damaged_file_of_the_promised_kind_is_not_told_to_be_one(tmp_path: Path, name: str) -> None:
    path = made(tmp_path, name)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(UnreadableFile, match=r"again|suffix") as told:
        read.micrograph(path, OPTICS)
    assert "looks like" not in str(told.value)


def test_a_header_of_many_images_and_bytes_for_one(tmp_path: Path) -> None:
    path = made(tmp_path, "a.mrc")
    content = bytearray(path.read_bytes())
    content[8:12] = (2**31 - 1).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(
        UnreadableFile, match=r"a\.mrc: the header states 2147483647 images, but 241024 bytes hold fewer"
    ):
        read.micrograph(path, OPTICS)


def test_a_montage_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "a.mrc"
    content = bytearray(made(tmp_path, "a.mrc").read_bytes())
    content[0:8] = (20000).to_bytes(4, "little") * 2
    path.write_bytes(content)
    with pytest.raises(UnsuitableImage, match=r"20000 x 20000 pixels, expected at most 268435456 .*montage"):
        read.micrograph(path, OPTICS)


def test_a_jpeg_picture_of_countless_scans(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(imagecodecs.jpeg_encode(NOISE)[:-2] + b"\xff\xda" * 200 + b"\xff\xd9")
    with pytest.raises(UnreadableFile, match="201 scans, expected at most 100"):
        read.micrograph(tmp_path / "a.jpg", OPTICS)


def test_a_star_file_names_what_no_file_can_be_called(tmp_path: Path) -> None:
    star = tmp_path / "a.star"
    star.write_text("data_\nloop_\n_rlnMicrographName\n" + "x" * 5000 + ".mrc\n")
    (source,) = read.sources([str(star)], PartialOptics(300, 2.7))
    with pytest.raises(UnreadableFile, match="File name too long"):
        read.micrograph(source.path, source.optics)
