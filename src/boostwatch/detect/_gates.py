"""What a bright source covers is kept out of the background, which goes on by its slope and by what lies around."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boostwatch_kernels.background import Background, Pace

RIM = 2
"""Width of the frame of pixels around a gate that tells what the scene does under it, px."""

LEAST_RIM = 12
"""Pixels of the rim that must be known for it to tell anything."""

RIM_CLIP = 2.0
"""Sigmas at which a rim's innovations are clipped, lest wings and neighbours lift the background."""

LEAK = 0.01
"""Share at which the mean still learns from under a gate: a lasting step is taken in after some 40 memories."""

LEAK_CLIP = 20.0
"""Sigmas at which that is clipped: a bright plume passes and leaves no hole behind."""

SLOPE_BLEND = 1.2
"""Share at which a gated pixel's slope goes over to the rim's, times the memory to the power of 1.5.

A slope's own noise is some ``0.5 memory^-1.5`` of a frame's; so the mean runs away by 0.4 sigma at most.
"""


@dataclass
class Held:
    """Pixels of one gate, and what to do to them once the frame has entered elsewhere."""

    rows: slice
    columns: slice
    known: NDArray[np.bool_]  # pixels that this gate keeps out
    plane: NDArray[np.float32]  # innovation of the rim continued to them, DN
    extra: NDArray[np.float32]  # their own beyond it, clipped, DN
    slope: np.float32  # of the rim, DN a frame

    def let_in(self, background: Background, pace: Pace) -> None:
        """Let mean and slope go on as if the rim's innovation had been seen; variance and age stay.

        A slow source may hold a gate for a hundred frames while clouds go by: a level that stood still would be as
        many frames behind when the source has gone, and that would look like another source.
        """
        mean, slope = background.mean[self.rows, self.columns], background.slope[self.rows, self.columns]
        full = background.age[self.rows, self.columns] >= np.float32(pace.full)
        bend = np.where(full, np.float32(pace.bend), np.float32(0.0))
        gain = np.float32(pace.rate) + np.float32(pace.next) * bend
        go = np.float32(1.0 + pace.next - pace.ahead)
        step = go * slope + gain * (self.plane + np.float32(LEAK) * self.extra)
        blend = np.float32(min(SLOPE_BLEND * pace.full**-1.5, 1.0))
        turn = np.where(full, bend * self.plane + blend * (self.slope - slope), np.float32(0.0))
        mean += np.where(self.known, step, np.float32(0.0))
        slope += np.where(self.known, turn, np.float32(0.0))


def hold(
    value: NDArray[np.float32],
    background: Background,
    corner: tuple[int, int],
    centre: tuple[int, int],
    radius: int,
    ahead: float,
) -> Held:
    """Take a gate's pixels out of a past frame.

    Parameters
    ----------
    value : float32 (h, w)
        The past frame in the gate's square and its rim; the gate's pixels become NaN, so that nothing learns them.
    background : Background
        One band.
    corner : (int, int)
        Row and column of the background where ``value`` begins.
    centre : (int, int)
        Row and column of the gate's centre.
    radius : int
        Half side of the gate, px.
    ahead : float
        Frames from the one absorbed last to the one that the mean is foretold for.

    Returns
    -------
    Held
        For after the sweep.
    """
    y = np.arange(corner[0], corner[0] + value.shape[0]) - centre[0]
    x = np.arange(corner[1], corner[1] + value.shape[1]) - centre[1]
    around = np.s_[corner[0] : corner[0] + len(y), corner[1] : corner[1] + len(x)]
    own_slope = background.slope[around]
    e = value - background.mean[around] + np.float32(ahead - 1.0) * own_slope
    sigma = np.sqrt(background.variance[around])
    seen = np.isfinite(e)
    e = np.where(seen, e, np.float32(0.0))
    inside = (np.abs(y) <= radius)[:, None] & (np.abs(x) <= radius)[None, :]
    rim = seen & ~inside
    plane, slope = np.zeros(e.shape, np.float32), np.float32(0.0)
    if np.count_nonzero(rim) >= LEAST_RIM:
        clipped = np.clip(e, -RIM_CLIP * sigma, RIM_CLIP * sigma)[rim].astype(np.float64)
        level = clipped.mean()
        plane += np.float32(level)
        at_y, at_x = (np.broadcast_to(a, e.shape)[rim] for a in (y[:, None], x[None, :]))
        for at, axis in ((at_y, y[:, None]), (at_x, x[None, :])):
            off = at - at.mean()
            tilt = float((off * clipped).sum() / max((off * off).sum(), 1.0))
            plane += np.float32(tilt) * (axis - at.mean()).astype(np.float32)
        slope = own_slope[rim].mean()
    rows, columns = np.flatnonzero(np.abs(y) <= radius), np.flatnonzero(np.abs(x) <= radius)
    box = np.ix_(rows, columns)
    limit = np.float32(LEAK_CLIP) * sigma
    extra = np.clip(e - plane, -limit, limit)[box]
    known = seen[box]
    value[box] = np.nan
    return Held(
        slice(corner[0] + int(rows[0]), corner[0] + int(rows[-1]) + 1) if len(rows) else slice(0, 0),
        slice(corner[1] + int(columns[0]), corner[1] + int(columns[-1]) + 1) if len(columns) else slice(0, 0),
        known, plane[box], extra, slope,
    )  # fmt: skip
