"""What a benchmark ran on, printed before its figures."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

PACKAGES = (
    "numpy", "numba", "scipy", "scikit-image", "sep", "photutils", "trackpy", "opencv-python-headless", "stonesoup",
    "norfair", "boostwatch",
)  # fmt: skip


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("ascii", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _commit() -> str:
    """Return the commit of the clone that this file is in; a plus where the package has been changed since."""
    here = Path(__file__).resolve().parent.parent
    try:
        told = [
            subprocess.run(["git", *words], cwd=here, capture_output=True, text=True, check=True, timeout=10).stdout
            for words in (("rev-parse", "--short", "HEAD"), ("status", "--porcelain", "--", "src", "kernels"))
        ]
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return told[0].strip() + ("+" if told[1].strip() else "")


def environment() -> dict[str, str]:
    """Return processor, versions, commit, threads and load."""
    out = {"processor": _processor(), "cpus": str(os.cpu_count()), "python": platform.python_version()}
    for name in PACKAGES:
        try:
            out[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            out[name] = "not installed"
    out["commit"] = _commit()
    out["threads"] = os.environ.get("NUMBA_NUM_THREADS", "default")
    if hasattr(os, "getloadavg"):
        out["load"] = " ".join(f"{v:.2f}" for v in os.getloadavg())
    return out


def print_environment() -> None:
    print("  ".join(f"{key} {value}" for key, value in environment().items()))


if __name__ == "__main__":
    print_environment()
