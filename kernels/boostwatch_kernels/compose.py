"""A scene between two moments: ground blended in time, layers of cloud drifted over it, a few rows at a time."""

from typing import NamedTuple

import numpy as np

from ._jit import jit
from .clouds import Threshold, overlay
from .resample import blend, shift

ROWS_AT_ONCE = 16
"""Of a canvas of two thousand columns in two bands, and of two fields: half a megabyte, which fits a core's cache."""


class Layers(NamedTuple):
    """D layers of cloud, the lowest first.

    ``threshold`` float64 (D, 5): figures of `clouds.Threshold`; ``secant`` float32 (D, A, C) and ``tops`` float32
    (D, B, 3, A, C): nodes of `clouds.overlay`; ``first`` int64 (D, 2, 2) and ``taps`` float32 (D, 2, 2, 4): where the
    fields of both moments are sampled for the canvas' first cell, see `resample.shift`; axes (moment, axis).
    """

    threshold: np.ndarray
    secant: np.ndarray
    tops: np.ndarray
    first: np.ndarray
    taps: np.ndarray


@jit
def compose(
    ground: tuple[np.ndarray, np.ndarray],
    fields: tuple[np.ndarray, np.ndarray],
    share: float,
    layers: Layers,
    out: np.ndarray,
    rows: tuple[int, int],
) -> None:
    """Compose some rows of a scene.

    Parameters
    ----------
    ground : tuple of float32 (B, N, M)
        Radiance at both moments.
    fields : tuple of float32 (D, F, G)
        Cloud fields at both moments, with room around the canvas for what drifts into it.
    share : float
        Weight of the later moment.
    layers : Layers
    out : float32 (B, N, M), written
    rows : tuple of int
        First row and the one after the last to be written.
    """
    width = out.shape[2]
    moved = np.empty((2, ROWS_AT_ONCE, width), np.float32)
    # All for a few rows at a time: what one step writes the next one finds in the cache.
    for start in range(rows[0], rows[1], ROWS_AT_ONCE):
        part = start, min(start + ROWS_AT_ONCE, rows[1])
        count = part[1] - part[0]
        blend(ground[0], ground[1], share, out, part)
        for d in range(layers.threshold.shape[0]):
            for m in range(2):
                field = fields[0][d] if m == 0 else fields[1][d]
                place = (layers.first[d, m, 0] + start, layers.first[d, m, 1])
                shift(field, place, (layers.taps[d, m, 0], layers.taps[d, m, 1]), moved[m, :count])
            t = layers.threshold[d]
            overlay(
                out, moved[0, :count], moved[1, :count], share, Threshold(t[0], t[1], t[2], t[3], t[4]),
                (layers.secant[d], layers.tops[d]), part,
            )  # fmt: skip
