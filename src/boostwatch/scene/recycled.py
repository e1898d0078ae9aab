"""Large arrays whose memory is used again once nobody holds them: fresh memory must be cleared, page by page."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)


def _references(arrays: Sequence[NDArray[T]]) -> list[int]:
    """Return how often each array is referred to, by the sequence and by this count too."""
    return [sys.getrefcount(array) for array in arrays]


class Recycled(Generic[T]):
    """Arrays of one shape and type.

    An array is given out again when no reference to it is left, be it by the array or by a view of it, which refers to
    the array whose memory it shows.

    Parameters
    ----------
    shape : tuple of int
    dtype : numpy scalar type
    keep : int
        Most arrays whose memory is kept; any more are made anew.
    """

    def __init__(self, shape: tuple[int, ...], dtype: type[T], keep: int) -> None:
        self._shape, self._dtype, self._keep = shape, dtype, keep
        # The first one is nobody's: how many references counting itself makes differs between interpreters.
        self._known: list[NDArray[T]] = [np.empty(0, dtype)]
        self._lock = threading.Lock()

    def take(self) -> NDArray[T]:
        """Return an array of any content that nobody else holds."""
        with self._lock:
            free, *counts = _references(self._known)
            for number, count in enumerate(counts, 1):
                if count <= free:
                    return self._known[number]
            array = np.empty(self._shape, self._dtype)
            if len(self._known) <= self._keep:
                self._known.append(array)
            return array
