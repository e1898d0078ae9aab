"""Large arrays whose memory is used again once nobody holds them: fresh memory must be cleared, page by page."""

from __future__ import annotations

import sys
import threading
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)

_OWN_REFERENCES = 3  # the list, the name in the loop, and the argument of getrefcount


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
        self._known: list[NDArray[T]] = []
        self._lock = threading.Lock()

    def take(self) -> NDArray[T]:
        """Return an array of any content that nobody else holds."""
        with self._lock:
            for array in self._known:
                if sys.getrefcount(array) == _OWN_REFERENCES:
                    return array
            array = np.empty(self._shape, self._dtype)
            if len(self._known) < self._keep:
                self._known.append(array)
            return array
