"""How long does the first ``boostwatch detect`` take, with nothing compiled yet and with kernels in the cache.

Runs the command on a stored stack in a process of its own with a fresh kernel cache, then again with that cache.

Run: ``python -m benchmarks.cold_start [--quick] [--json] [--markdown] [--stack FILE]``
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks._environment import environment, print_environment
from benchmarks._options import parser
from benchmarks._table import section

STACK = Path(__file__).resolve().parent.parent / "data" / "synthetic" / "night_ocean.stack.h5"

GOALS = {"empty cache": 20.0, "warm cache": 3.0}


def detect_s(stack: Path, folder: Path) -> tuple[float, float]:
    """Return the wall and the CPU seconds of ``boostwatch detect`` with the kernel cache in a folder."""
    environ = {**os.environ, "BOOSTWATCH_CACHE_DIR": str(folder / "cache")}
    start, before = time.perf_counter(), os.times()
    subprocess.run(
        [sys.executable, "-m", "boostwatch", "detect", str(stack), "-o", str(folder / "out.events.h5")],
        env=environ, check=True, capture_output=True,
    )  # fmt: skip
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - start, cpu


def main() -> None:
    command = parser(__doc__, quick="one run with the warm cache, not three")
    command.add_argument("--stack", type=Path, default=STACK)
    options = command.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        empty = detect_s(options.stack, Path(folder))
        warm = min(detect_s(options.stack, Path(folder)) for _ in range(1 if options.quick else 3))
    seconds = {"empty cache": empty, "warm cache": warm}
    if options.json:
        print(json.dumps({"environment": environment(), "stack": options.stack.name, "seconds": seconds}))
        return
    print_environment()
    rows = [[name, f"{wall:.1f}", f"{cpu:.1f}", f"{GOALS[name]:g}"] for name, (wall, cpu) in seconds.items()]
    print(section(f"detect {options.stack.name}, s", ["", "wall", "CPU", "goal"], rows, markdown=options.markdown))


if __name__ == "__main__":
    main()
