"""A real SLURM of one node on loopback: munged, slurmctld and slurmd as processes of a test.

Debian: apt-get install slurmctld slurmd slurm-client munge; `.ci/install-peers` does it. They need root.
"""

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "sinfo")
QUEUE = "micrographs"
_PATIENCE_S = 30.0
_CONFIGURATION = """
ClusterName=loopback
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,batch_sched_delay=0
SlurmdParameters=config_overrides
MpiDefault=none
KillWait=5
MinJobAge=10
NodeName={host} NodeAddr=127.0.0.1 CPUs=8 RealMemory=16000 State=UNKNOWN
PartitionName={queue} Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> str:
    """Why no SLURM can be started here; empty if it can."""
    if os.geteuid() != 0:
        return "SLURM's daemons need root"
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    return f"{', '.join(absent)} not installed (.ci/install-peers does it)" if absent else ""


@contextmanager
def slurm_in(folder: Path) -> Iterator[Path]:
    """Start one, with its configuration in `folder`, which is given; everything ends with the block."""
    configuration = _configured(folder)
    environment = {**os.environ, "SLURM_CONF": str(configuration)}
    host = socket.gethostname().split(".", maxsplit=1)[0]
    key = ["--socket", f"{folder}/munge.socket", "--key-file", f"{folder}/munge.key"]
    files = ["--pid-file", f"{folder}/munged.pid", "--seed-file", f"{folder}/munged.seed"]
    daemons: list[subprocess.Popen[bytes]] = []
    try:
        for words in (
            ["munged", "--foreground", "--force", *key, *files],
            ["slurmctld", "-c", "-D", "-f", str(configuration)],
            ["slurmd", "-D", "-N", host, "-f", str(configuration)],
        ):
            with (folder / f"{words[0]}.said").open("wb") as said:
                daemons.append(subprocess.Popen(words, env=environment, stdout=said, stderr=said))
        _await_node(environment)
        yield configuration
    finally:
        for daemon in reversed(daemons):
            daemon.terminate()
            daemon.wait()


def _configured(folder: Path) -> Path:
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    folder.chmod(0o755)
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o600)
    configuration = folder / "slurm.conf"
    text = _CONFIGURATION.format(
        host=socket.gethostname().split(".", maxsplit=1)[0],
        folder=folder,
        queue=QUEUE,
        controller_port=_free_port(),
        node_port=_free_port(),
    )
    configuration.write_text(text, encoding="utf-8")
    return configuration


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def _await_node(environment: dict[str, str]) -> None:
    ends = time.monotonic() + _PATIENCE_S
    while time.monotonic() < ends:
        said = subprocess.run(
            ["sinfo", "--noheader", "--format=%T"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if "idle" in said.stdout:
            return
        time.sleep(0.1)
    raise TimeoutError(f"the node did not come up: {said.stdout}{said.stderr}")
