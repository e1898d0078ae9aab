from __future__ import annotations

import numpy as np

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
