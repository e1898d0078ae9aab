"""Compiles half of the kernels in a process of its own while the first frames make this one compile the others.

numba compiles one kernel at a time in a process, which takes half a minute for the whole chain. Its cache is on disk,
so that two processes share the work. Nothing depends on it: what is not ready when it is wanted is compiled here.

Run: ``python -m boostwatch.pipeline.rehearsal uint16``
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from boostwatch.settings import DetectSettings
from boostwatch_kernels._jit import cache_directory

LAST = "stacking.stack_strips-*.nbi"
"""Cache entry of the kernel that is rehearsed last."""


@contextmanager
def rehearsed(dtype: np.dtype[np.generic], settings: DetectSettings) -> Iterator[None]:
    """Rehearse beside what is done within, if nothing was compiled on this machine yet and it has processors to spare.

    Parameters
    ----------
    dtype : dtype
        Of the frames to come.
    settings : DetectSettings
        The single-frame mode has few kernels, and none of those.
    """
    directory = cache_directory()
    if settings.mode != "temporal" or directory is None or any(directory.rglob(LAST)) or (os.cpu_count() or 1) < 2:
        yield
        return
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, str(dtype)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        process.kill()  # a half-written entry of the cache has another name
        process.wait()


def main() -> None:
    from boostwatch.detect.rehearsal import rehearse

    rehearse(np.dtype(sys.argv[1]))


if __name__ == "__main__":
    main()
