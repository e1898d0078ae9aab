"""A small memory of costly results that several threads ask for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """The most recently used results of a function of one key.

    A key is computed once, however many threads ask for it at the same time: the others wait.

    Parameters
    ----------
    make : callable
        From a key to its result; must depend on nothing else.
    keep : int
        Results kept.
    """

    def __init__(self, make: Callable[[K], V], keep: int) -> None:
        self._make, self._keep = make, keep
        self._lock = threading.Lock()
        self._known: OrderedDict[K, V] = OrderedDict()
        self._making: dict[K, threading.Lock] = {}

    def __call__(self, key: K) -> V:
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
            turn = self._making.setdefault(key, threading.Lock())
        with turn:
            with self._lock:
                if key in self._known:
                    return self._known[key]
            value = self._make(key)
            with self._lock:
                self._known[key] = value
                self._making.pop(key, None)
                while len(self._known) > self._keep:
                    self._known.popitem(last=False)
            return value
