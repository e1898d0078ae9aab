"""A band's state goes over to another reference."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from boostwatch.detect._state import BandState
from boostwatch_kernels.background import move_background
from boostwatch_kernels.warp import Source, nearest_rows, warp_rows

Array = NDArray[np.float64]
NO_MARKS = np.zeros((0, 0), np.uint8)


def move(band: BandState, step: tuple[int, int]) -> None:
    """Move the reference grid over the scene by whole pixels (x, y); what comes into it is unknown."""
    move_background(band.background, -step[0], -step[1])
    band._base = (band._base[0] - step[0], band._base[1] - step[1])


def carry(
    band: BandState, old: tuple[Array, Array], step: int, forward: Callable[[Array, Array], tuple[Array, Array]]
) -> None:
    """Resample all that a band keeps onto a new reference grid.

    Mean, slope and the frames that wait are interpolated; variance and age are those of the nearest pixel, since a
    blend of variances belongs to no pixel; what was not known, or lies beside what was not, has age 0.

    Parameters
    ----------
    band : BandState
        One band.
    old : float64 (NY, NX) each of x, y
        Where the nodes of the new grid lie on the old one.
    step : int
        Pixels between nodes.
    forward : callable
        From old to new grid.
    """
    table = band.figures.interpolator.table

    def along(image: NDArray[np.float32], off: tuple[int, int] = (0, 0)) -> NDArray[np.float32]:
        out = np.empty_like(image)
        warp_rows(Source(image, NO_MARKS, *old, step, table), float(off[0]), float(off[1]), 0, len(out), out)
        return out

    state = band.background
    mean, slope = along(state.mean), along(state.slope)
    known = np.isfinite(mean)
    for value in (state.variance, state.age):
        nearest = np.empty_like(value)
        nearest_rows(value, Source(value, NO_MARKS, *old, step, table), 0.0, nearest)
        value[:] = np.where(known, nearest, np.float32(0.0))
    state.mean[:] = np.where(state.age > 0, mean, np.float32(np.nan))
    state.slope[:] = np.where(known & np.isfinite(slope), slope, np.float32(0.0))
    state.mature[:] = 0
    for slot in band._waiting:
        off = (band._base[0] - slot.base[0], band._base[1] - slot.base[1])
        band._ring[slot.place] = along(band._ring[slot.place], (-off[0], -off[1]))
        if len(slot.gates):
            x, y = forward(slot.gates[:, 0] + off[0], slot.gates[:, 1] + off[1])
            seen = np.isfinite(x) & np.isfinite(y)
            slot.gates = np.stack([x, y, slot.gates[:, 2]], axis=1)[seen]
        slot.base = band._base
