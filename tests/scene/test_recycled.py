from __future__ import annotations

import sys

import numpy as np
import pytest

from boostwatch.scene.recycled import Recycled


def test_memory_is_given_out_again_only_when_nobody_holds_it() -> None:
    store: Recycled[np.uint16] = Recycled((4, 3), np.uint16, 2)
    first = store.take()
    second = store.take()
    assert first is not second
    row = first[1:2]
    place = first.ctypes.data
    del first
    third = store.take()  # a view still shows the first, and no more than two are kept
    assert third.ctypes.data not in (place, second.ctypes.data)
    del row
    again = store.take()
    assert again.ctypes.data == place
    assert again.shape == (4, 3)
    assert again.dtype == np.uint16


@pytest.mark.parametrize("counted", [-3, -2, -1, 0, 1])
def test_an_interpreter_may_count_its_own_references_as_it_likes(counted: int, monkeypatch: pytest.MonkeyPatch) -> None:
    count = sys.getrefcount  # Python 3.14 lends references to calls and counts one less than those before it
    monkeypatch.setattr(sys, "getrefcount", lambda array: count(array) + counted)
    store: Recycled[np.uint16] = Recycled((4, 3), np.uint16, 2)
    first = store.take()
    place = first.ctypes.data
    row = first[1:2]
    del first
    second = store.take()
    assert place != second.ctypes.data
    del row
    assert store.take().ctypes.data == place
