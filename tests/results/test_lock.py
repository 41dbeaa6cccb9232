"""One process a run, and none that is dead."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from thonring.errors import OutputError
from thonring.run.open import run_lock
from thonring.run.sqlite import file_system, journal_for

HOLD = """
import sys, time
from pathlib import Path
from thonring.run.open import run_lock
with run_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(run: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(run)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_process_says_who_holds_the_run_and_a_dead_one_holds_nothing(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        with pytest.raises(OutputError) as caught, run_lock(tmp_path):
            pass
        since = r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00:00"
        assert re.search(f"process {process.pid} on {socket.gethostname()}, {since}", str(caught.value))
        process.send_signal(signal.SIGKILL)
        process.wait()
        with run_lock(tmp_path):
            assert str(os.getpid()) in (tmp_path / "run.lock").read_text()


def test_a_run_can_be_held_again_after_it_was_let_go(tmp_path: Path) -> None:
    for _ in range(2):
        with (
            run_lock(tmp_path),
            pytest.raises(OutputError, match=f"process {os.getpid()} on"),
            run_lock(tmp_path),
        ):
            pass


def test_a_holder_whose_name_cannot_be_read_still_holds(tmp_path: Path) -> None:
    with run_lock(tmp_path):
        (tmp_path / "run.lock").write_text("?")
        with pytest.raises(OutputError, match="another process works on this run"), run_lock(tmp_path):
            pass


def test_a_folder_that_takes_no_lock_is_told(tmp_path: Path) -> None:
    (tmp_path / "run.lock").mkdir()
    with pytest.raises(OutputError, match=r"run\.lock: cannot be locked"), run_lock(tmp_path):
        pass


MOUNTS = """\
overlay / overlay rw,relatime 0 0
/dev/sda1 /data ext4 rw 0 0
server:/export /data/em nfs4 rw,vers=4.2 0 0
/dev/sdb1 /data/em/local\\040disk xfs rw 0 0
tmpfs /dev/shm tmpfs rw 0 0
old /mnt/x ext4 rw 0 0
new /mnt/x lustre rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/home/me", "overlay"),
        ("/data", "ext4"),
        ("/database", "overlay"),
        ("/data/em/run1", "nfs4"),
        ("/data/em/local disk/run1", "xfs"),
        ("/mnt/x/y", "lustre"),
    ],
)
def test_the_file_system_of_a_folder_is_that_of_the_deepest_and_last_mount(folder: str, kind: str) -> None:
    assert file_system(Path(folder), MOUNTS) == kind


def test_only_a_disk_known_to_be_local_gets_a_write_ahead_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "mounts"
    monkeypatch.setattr("thonring.run.sqlite._MOUNTS", table)
    assert journal_for(tmp_path) == "DELETE"
    for kind, journal in (
        ("ext4", "WAL"),
        ("nfs4", "DELETE"),
        ("fuse.sshfs", "DELETE"),
        ("new-fs", "DELETE"),
    ):
        table.write_text(f"x / {kind} rw 0 0\n")
        assert journal_for(tmp_path) == journal
