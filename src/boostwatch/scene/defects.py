"""What a detector adds that is not there in the scene: blinking pixels and tracks of charged particles."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson

from boostwatch_kernels.noise import POISSON_LIMIT, fill_uniform, poisson_from_uniform

Array = NDArray[np.float64]

_BLINK_STREAM, _COSMIC_STREAM = 1 << 20, 1 << 21
_MOST_EVENTS = 10  # of a pixel in a block, one expected; one block in a hundred million has more
_EVENTS_CDF = poisson.cdf(np.arange(_MOST_EVENTS), 1.0)
_STEPS_PER_PX = 10


class _Block(NamedTuple):
    """``times`` float64 (E, N) ascending, inf where there is none; ``states`` bool (E + 1, N), the first on entry."""

    times: Array
    states: NDArray[np.bool_]


class Telegraph:
    """Random telegraphs of N pixels: exponential times up and down, the state at any time at once.

    At the times of a Poisson process, two a ``dwell``, a pixel's state is drawn anew, up or down with even chance: it
    changes at every other of them on average, which is the two-state Markov process with mean time ``dwell`` in either
    state. The state at a time depends on the last draw before it alone, so that no history needs to be followed.

    Parameters
    ----------
    seed, stream : int
        See `noise.frame_keys`; ``stream`` is the band.
    count : int
        Pixels N.
    dwell_s : float
        Mean time up and mean time down.
    """

    def __init__(self, seed: int, stream: int, count: int, dwell_s: float) -> None:
        self._seed, self._stream, self._count = seed, _BLINK_STREAM + stream, count
        self._length_s = 0.5 * dwell_s  # a block with one draw expected
        self._block = lru_cache(maxsize=8)(self._make_block)
        self._draws = lru_cache(maxsize=32)(self._draw)

    def _draw(self, block: int) -> tuple[NDArray[np.int64], Array, NDArray[np.bool_]]:
        """Return the number of draws of each pixel in a block, their times in blocks, ascending, and the states."""
        draws = np.empty((1 + 2 * _MOST_EVENTS, self._count))
        fill_uniform(self._seed, self._stream, block % 2**31, draws.reshape(-1))
        count = np.searchsorted(_EVENTS_CDF, draws[0])
        times = np.where(np.arange(_MOST_EVENTS)[:, None] < count, draws[1 : 1 + _MOST_EVENTS], np.inf)
        return count, np.sort(times, axis=0), draws[1 + _MOST_EVENTS :] < 0.5

    def _make_block(self, block: int) -> _Block:
        _, times, states = self._draws(block)
        entry = np.zeros(self._count, bool)
        unknown = np.ones(self._count, bool)
        before = block - 1
        while unknown.any():
            count, _, earlier = self._draws(before)
            here = unknown & (count > 0)
            entry[here] = earlier[count[here] - 1, here]
            unknown &= ~here
            before -= 1
        return _Block(times, np.concatenate([entry[None], states]))

    def up(self, time_s: float) -> NDArray[np.bool_]:
        """Return which pixels are up at a time, bool (N,)."""
        if not self._count:
            return np.zeros(0, bool)
        place = time_s / self._length_s
        number = int(np.floor(place))
        block = self._block(number)
        passed = (block.times <= place - number).sum(axis=0)
        out: NDArray[np.bool_] = np.take_along_axis(block.states, passed[None], axis=0)[0]
        return out


def cosmic_tracks(
    seed: int, band: int, frame: int, shape: tuple[int, int], *, hits: float, mean_charge_e: float, max_length_px: float
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the charge that particles leave in one frame.

    Particles come evenly from the half space in front of the detector, so that the squared cosine of the angle to its
    normal is uniform; in a layer as thick as a pixel is wide, the track's length on it is the tangent of that angle,
    cut at ``max_length_px``. The charge is exponential, spread evenly along the track.

    Parameters
    ----------
    seed, band, frame : int
        What the hits depend on.
    shape : tuple of int
        (H, W).
    hits : float
        Expected in a frame.
    mean_charge_e, max_length_px : float

    Returns
    -------
    index : int64 (M,)
        Pixels in C order; a pixel may appear more than once.
    charge_e : float32 (M,)
        Electrons in each.
    """
    first = np.empty(1)
    fill_uniform(seed, _COSMIC_STREAM + 2 * band, frame, first)
    if hits < POISSON_LIMIT:
        count = int(poisson_from_uniform(hits, float(first[0])))
    else:
        count = int(poisson.ppf(first[0], hits))
    draws = np.empty(5 * count)
    fill_uniform(seed, _COSMIC_STREAM + 2 * band + 1, frame, draws)
    u = draws.reshape(count, 5)
    length = np.minimum(np.sqrt(1 / u[:, 2] - 1), max_length_px)
    angle, charge = 2 * np.pi * u[:, 3], -mean_charge_e * np.log(u[:, 4])
    pieces = np.maximum(np.ceil(length * _STEPS_PER_PX), 1).astype(np.int64)
    hit = np.repeat(np.arange(count), pieces)
    along = (np.arange(len(hit)) - np.repeat(np.cumsum(pieces) - pieces, pieces) + 0.5) / pieces[hit] - 0.5
    row = np.floor(u[hit, 0] * shape[0] + along * length[hit] * np.sin(angle[hit])).astype(np.int64)
    column = np.floor(u[hit, 1] * shape[1] + along * length[hit] * np.cos(angle[hit])).astype(np.int64)
    inside = (row >= 0) & (row < shape[0]) & (column >= 0) & (column < shape[1])
    return (row * shape[1] + column)[inside], (charge / pieces)[hit][inside].astype(np.float32)
