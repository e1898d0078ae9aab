"""A band's state goes over to another reference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostwatch.detect._memory import narrowed, widened
from boostwatch.detect._state import BandState
from boostwatch_kernels.stacking import CELL
from boostwatch_kernels.warp import Source, nearest_rows, warp_rows

Array = NDArray[np.float64]
NO_IMAGE, NO_MARKS = np.zeros((0, 0), np.float32), np.zeros((0, 0), np.uint8)


def carry(
    band: BandState, old: tuple[Array, Array], step: int, forward: Callable[[Array, Array], tuple[Array, Array]]
) -> None:
    """Resample all that a band keeps onto a new reference grid.

    Strips are brought to the same frame before, since pixels go from one to another. Level, slope and the frames of
    the ring are interpolated; variance, weight and age are those of the nearest pixel, since a blend of variances
    belongs to no pixel; what was not known, or lies beside what was not, has age 0. Gates, places known and finds
    followed move with the scene; so does, by cells, how rough the sum of frames is. Tiles stay, they are coarse.

    Parameters
    ----------
    band : BandState
        One band, between two frames.
    old : float64 (NY, NX) each of x, y
        Where the nodes of the new grid lie on the old one.
    step : int
        Pixels between nodes.
    forward : callable
        From old to new grid.
    """
    if not band.started:
        return
    band.even()
    table = band.figures.interpolator.table

    def along(image: NDArray[np.float32], off: tuple[int, int] = (0, 0)) -> NDArray[np.float32]:
        out = np.empty_like(image)
        warp_rows(Source(image, NO_MARKS, *old, step, table), float(off[0]), float(off[1]), 0, len(out), out)
        return out

    def nearest(value: NDArray[Any], fill: float = 0.0) -> NDArray[Any]:
        out = np.empty_like(value)
        nearest_rows(value, Source(NO_IMAGE, NO_MARKS, *old, step, table), fill, out)
        return out

    state = band.background
    level, slope = along(state.level), along(widened(state.slope))
    known = np.isfinite(level)
    for plane in (state.variance, state.weight, state.age):
        plane[:] = np.where(known, nearest(plane), 0)
    state.level[:] = np.where(state.age > 0, level, np.float32(np.nan))
    state.slope[:] = narrowed(np.where(known & np.isfinite(slope), slope, np.float32(0.0)))
    for frame, kept in band._kept.items():
        off = (band._base[0] - kept.base[0], band._base[1] - kept.base[1])
        plane = band.ring.frames[frame % band._slots]
        plane[:] = along(plane, (-off[0], -off[1]))
        gates = kept.gates
        if len(gates):
            x, y = forward(gates[:, 0].astype(np.float64) + off[0], gates[:, 1].astype(np.float64) + off[1])
            seen = np.isfinite(x) & np.isfinite(y)
            gates = np.column_stack([np.rint(x[seen]), np.rint(y[seen]), gates[seen, 2:]]).astype(np.int64)
        band._kept[frame] = kept._replace(base=band._base, gates=gates)
    band._places.carry(forward)
    if band._integration is not None:
        shape = state.level.shape

        def cells(value: NDArray[np.float32], fill: float) -> NDArray[np.float32]:
            wide = value.repeat(CELL, axis=0).repeat(CELL, axis=1)[: shape[0], : shape[1]]
            rows, columns = (
                np.minimum(np.arange(n) * CELL + CELL // 2, m - 1) for n, m in zip(value.shape, shape, strict=True)
            )
            return nearest(wide, fill)[np.ix_(rows, columns)]

        band._integration.carry(forward, cells)
