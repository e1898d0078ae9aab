"""Map over independent pieces: on the calling thread, on threads, or on spawned processes.

Threads serve where the work sits in kernels that release the GIL; processes elsewhere. Processes are spawned, never
forked: a fork after an OpenMP region kills the child.
"""

from __future__ import annotations

import multiprocessing
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from itertools import pairwise
from typing import Literal, TypeVar

import numpy as np

T = TypeVar("T")
R = TypeVar("R")

_PARTS_PER_JOB = 4  # some take longer than others, and other work may want the processors too
_SWITCH_S = 5e-4


def parts(count: int, jobs: int) -> list[tuple[int, int]]:
    """Return the first item and the one after the last of stretches to be shared by ``jobs``."""
    edges = np.linspace(0, count, (_PARTS_PER_JOB * jobs if jobs > 1 else 1) + 1).astype(int).tolist()
    return [(a, b) for a, b in pairwise(edges) if a < b]


class _Brisk:
    """Lets a thread that comes back from a kernel wait for the interpreter no longer than the kernels take.

    The interval is the process's: the last of all that are in it, in whatever order they leave, sets it back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside, self._before = 0, 0.0

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._before = sys.getswitchinterval()
                sys.setswitchinterval(min(self._before, _SWITCH_S))
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                sys.setswitchinterval(self._before)


_BRISK = _Brisk()


def ordered_map(
    function: Callable[[T], R], items: Iterable[T], *, jobs: int = 1, kind: Literal["thread", "process"] = "thread"
) -> Iterator[R]:
    """Yield ``function(item)`` in the order of the items, with at most ``2 * jobs`` pieces under way.

    Parameters
    ----------
    function : callable
        Picklable for ``kind="process"``.
    items : iterable
        Drawn lazily, so that memory does not grow with their number.
    jobs : int
        Pieces computed at a time; 1 runs on the calling thread.
    kind : {"thread", "process"}
        Where.

    Yields
    ------
    object
        Results, one an item.
    """
    if jobs <= 1:
        yield from map(function, items)
        return
    pool: Executor
    if kind == "thread":
        pool = ThreadPoolExecutor(jobs)
    else:
        pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"))
    waiting: deque[Future[R]] = deque()
    try:
        with _BRISK:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) >= 2 * jobs:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
