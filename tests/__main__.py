"""The whole test suite: once compiled, once with the kernels as plain Python for their coverage, then the coverage bar.

Run as ``python -m tests``; further arguments go to both runs of pytest.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
BAR = 90  # per cent of lines and branches together


def main(arguments: list[str]) -> int:
    python = [sys.executable, "-m"]
    runs = {
        "compiled": ({}, [*arguments, "-n", "2", "--dist", "worksteal"]),
        "plain Python kernels": ({"NUMBA_DISABLE_JIT": "1"}, ["tests/kernels", *arguments, "-n", "2"]),
    }
    subprocess.run([*python, "coverage", "erase"], cwd=ROOT, check=True)
    for name, (extra, options) in runs.items():
        print(f"== {name}", flush=True)
        command = [*python, "pytest", "-q", "--cov", "--cov-append", "--cov-report=", *options]
        code = subprocess.run(command, cwd=ROOT, env={**os.environ, **extra}, check=False).returncode
        if code:
            return code
    print("== coverage of lines and branches", flush=True)
    report = [*python, "coverage", "report", f"--fail-under={BAR}"]
    return subprocess.run(report, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
