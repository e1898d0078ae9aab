"""Map over independent pieces: on the calling thread, on threads, or on spawned processes.

Threads serve where the work sits in kernels that release the GIL; processes elsewhere. Processes are spawned, never
forked: a fork after an OpenMP region kills the child.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Literal, TypeVar

T = TypeVar("T")
R = TypeVar("R")


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
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) >= 2 * jobs:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
