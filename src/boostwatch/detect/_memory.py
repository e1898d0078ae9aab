"""How the chain's planes lie in memory, the floats of two bytes that some of them hold, and jobs done in turn."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

PAGE, STAGGER = 4096, 640
"""Bytes of a page, and by how much more each array begins into one."""


def staggered(shape: tuple[int, ...], *dtypes: type[np.generic]) -> list[NDArray[Any]]:
    """Return arrays of zeros out of one piece of memory, each beginning some cache lines further into a page.

    The sweep reads and writes the same column of several arrays at once; if all began at the same place in a page they
    would contend for the same few lines of the cache. A large piece gets large pages.
    """
    sizes = [math.prod(shape) * np.dtype(d).itemsize for d in dtypes]
    raw = np.zeros(sum(sizes) + (len(sizes) + 1) * (2 * PAGE + STAGGER), np.uint8)
    out, start = [], -raw.ctypes.data % PAGE
    for k, (size, dtype) in enumerate(zip(sizes, dtypes, strict=True)):
        at = start + (k + 1) * STAGGER
        out.append(raw[at : at + size].view(dtype).reshape(shape))
        start += -(-size // PAGE) * PAGE + PAGE
    return out


def widened(bits: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Return the numbers that brain floats stand for."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def narrowed(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Return the brain floats nearest to finite numbers."""
    return ((values.view(np.uint32) + np.uint32(0x8000)) >> 16).astype(np.uint16)


def in_turn(jobs: list[Callable[[], None]]) -> None:
    """Do one job after the other."""
    for job in jobs:
        job()
