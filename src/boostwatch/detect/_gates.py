"""Which detections are kept out of the background: points at once, broad places not for long, strong ones always."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from boostwatch.detect.interpolation import BLUR
from boostwatch.detect.peaks import ANSWER_BROAD, ANSWER_POINT, SNR, X, Y, clutter_factor
from boostwatch_kernels.fitting import BROAD

SHAPELESS = 1.2
"""Misfit from which a weak detection is held for clutter and does not gate: its variance shall be learnt."""

BREADTH = 1.08
"""Answer of the broad template over what a point would give, from which a place is held for clutter."""

SAME = 2.5
"""Distance within which a detection is at a place known from before, px."""

FADE, FORGOTTEN = 0.9, 1.0
"""What a place's past counts for less each frame, and the squared snr at which it is given up."""

MOST = 4096
"""Places not seen again that are remembered at most, the strongest: all are compared with all."""

STRONG = 3.0
"""Thresholds above which a source is one, whatever it looks like, as long as it is detected at its place."""


def breadth_of_a_point(psf_sigma: float, blur: float = BLUR) -> float:
    """Return what the broad template answers to a point over what the PSF does, behind the interpolator's blur.

    Gaussians of variances a and b correlate by ``2 sqrt(ab) / (a + b)`` in the plane.
    """
    spread = psf_sigma**2 + 1.0 / 12.0
    seen = spread + blur**2
    broad, narrow = (2.0 * math.sqrt(w * seen) / (w + seen) for w in (BROAD * spread, spread))
    return broad / narrow


class Places:
    """What was detected lately and where, so that many looks decide whether a place is a source or clutter.

    A gate keeps a place's variance from growing. Were a cloud's cell that swells or moves on to gate itself, it would
    fire for as long as it lasts. It is broader than the PSF, which one weak detection does not show but ten do.

    Parameters
    ----------
    psf_sigma : float
        Gaussian PSF, px.
    threshold : float
        Least snr of a detection.
    blur : float
        Gaussian by which a source is wider in a resampled frame, px.
    """

    def __init__(self, psf_sigma: float, threshold: float, blur: float = BLUR) -> None:
        self._threshold = threshold
        self._limit = BREADTH * breadth_of_a_point(psf_sigma, blur)
        self.forget()

    def forget(self) -> None:
        """Start anew."""
        self._known = np.zeros((0, 5))  # x, y, sums of broad * narrow and of narrow^2, greatest snr

    def move(self, step_x: int, step_y: int) -> None:
        """Follow the reference by whole pixels."""
        self._known[:, :2] += (step_x, step_y)

    def carry(
        self, forward: Callable[[NDArray[np.float64], NDArray[np.float64]], tuple[NDArray[np.float64], ...]]
    ) -> None:
        """Go over to another reference; what it does not see is given up."""
        x, y = forward(self._known[:, 0], self._known[:, 1])
        self._known[:, 0], self._known[:, 1] = x, y
        self._known = self._known[np.isfinite(x) & np.isfinite(y)]

    def gating(self, fits: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which detections of a frame are to be kept out of the background, (N,), and remember all.

        Parameters
        ----------
        fits : float64 (N, COLUMNS)
            From `boostwatch_kernels.fitting.fit_sources`.
        """
        known = self._known
        known[:, 2:4] *= FADE
        kept = known[:, 3] > FORGOTTEN
        narrow, broad = fits[:, ANSWER_POINT], fits[:, ANSWER_BROAD]
        fresh = np.column_stack([fits[:, [X, Y]], broad * narrow, narrow**2, fits[:, SNR]])
        if len(known) and len(fits):
            distance = np.hypot(fits[:, [X]] - known[None, :, 0], fits[:, [Y]] - known[None, :, 1])
            nearest = distance.argmin(axis=1)
            again = distance[np.arange(len(fits)), nearest] < SAME
            fresh[again, 2:4] += known[nearest[again], 2:4]
            fresh[again, 4] = np.maximum(fresh[again, 4], known[nearest[again], 4])
            kept[nearest[again]] = False
        past = known[kept]
        if len(past) > MOST:
            past = past[np.sort(np.argsort(-past[:, 3], kind="stable")[:MOST])]
        self._known = np.concatenate([fresh, past])
        point = (clutter_factor(fits) < SHAPELESS) & (fresh[:, 2] < self._limit * fresh[:, 3])
        return point | (fresh[:, 4] > STRONG * self._threshold)
