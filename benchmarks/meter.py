"""Run a command and write its wall time, CPU time and peak memory to a JSON file.

A process of its own, because on Linux a child's peak memory counts from its parent's: a large benchmark
would be measured with every small program that it starts.

    python -S meter.py REPORT.json COMMAND [ARGUMENT...]
"""

import json
import os
import sys
import time
from pathlib import Path


def main() -> int:
    report, command = Path(sys.argv[1]), sys.argv[2:]
    began = time.perf_counter()
    process = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(process, 0)
    measured = {
        "wall_seconds": time.perf_counter() - began,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_MB": usage.ru_maxrss / 1024,
    }
    report.write_text(json.dumps(measured), encoding="utf-8")
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
