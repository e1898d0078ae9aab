"""What a benchmark ran on, printed before its figures."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

PACKAGES = ("numpy", "numba", "scipy", "scikit-image", "sep", "opencv-python-headless", "boostwatch")


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("ascii", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def environment() -> dict[str, str]:
    """Return processor, versions, threads and load."""
    out = {"processor": _processor(), "cpus": str(os.cpu_count()), "python": platform.python_version()}
    for name in PACKAGES:
        try:
            out[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            out[name] = "not installed"
    out["threads"] = os.environ.get("NUMBA_NUM_THREADS", "default")
    if hasattr(os, "getloadavg"):
        out["load"] = " ".join(f"{v:.2f}" for v in os.getloadavg())
    return out


def print_environment() -> None:
    print("  ".join(f"{key} {value}" for key, value in environment().items()))


if __name__ == "__main__":
    print_environment()
