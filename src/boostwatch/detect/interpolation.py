"""Taps for sub-pixel resampling, fitted to the spectrum that optics and pixels leave of a scene."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

TAPS = 4
STEPS = 512  # a pixel, in the table of taps


class Interpolator:
    """The linear interpolator of least mean-square error for a blurred scene.

    A scene with power spectrum ``1/f^2`` a line (edges), seen through a Gaussian PSF and square pixels, has the
    autocorrelation ``r``; the taps ``c`` of least error at an offset ``t`` solve ``R c = r(t)``, subject to ``sum c =
    1`` so that a flat scene stays flat (Wiener; Lagrange multiplier for the sum).

    Parameters
    ----------
    psf_sigma : float
        Gaussian PSF, px.

    Attributes
    ----------
    table : float32 (S + 1, 4)
        Taps at each S-th of a pixel; in between they run straight.
    """

    def __init__(self, psf_sigma: float) -> None:
        f = (np.arange(1000) + 0.5) * (3.0 / 1000)
        power = np.exp(-((2.0 * math.pi * psf_sigma * f) ** 2)) * np.sinc(f) ** 2 / (f**2 + 1e-4)
        self._f, self._power = f, power / power.sum()
        lag = np.arange(TAPS, dtype=np.float64)
        matrix = self._correlation(lag[:, None] - lag[None, :]) + 1e-7 * np.eye(TAPS)
        fraction = np.arange(STEPS + 1) / STEPS
        right = self._correlation(lag[:, None] - 1.0 - fraction[None, :])
        free, sums = np.linalg.solve(matrix, right), np.linalg.solve(matrix, np.ones((TAPS, 1)))
        self._table = (free + sums * (1.0 - free.sum(axis=0)) / sums.sum()).T
        self._table[0], self._table[-1] = (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0)
        self.table: NDArray[np.float32] = np.ascontiguousarray(self._table, np.float32)

    def _correlation(self, lag: NDArray[np.float64]) -> NDArray[np.float64]:
        out: NDArray[np.float64] = np.cos(2.0 * math.pi * np.asarray(lag)[..., None] * self._f) @ self._power
        return out

    def taps(self, shift: float) -> tuple[int, NDArray[np.float32]]:
        """Return the whole step and the taps for one axis.

        Parameters
        ----------
        shift : float
            Position wanted, px from the grid point.

        Returns
        -------
        int
            ``floor(shift)``; the second tap lies there.
        float32 (4,)
            Taps, sum 1; exactly (0, 1, 0, 0) at a whole shift.
        """
        step = math.floor(shift)
        place = (shift - step) * STEPS
        k = min(int(place), STEPS - 1)
        out: NDArray[np.float32] = (self._table[k] + (place - k) * (self._table[k + 1] - self._table[k])).astype(
            np.float32
        )
        return step, out
