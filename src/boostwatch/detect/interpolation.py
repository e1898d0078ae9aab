"""Taps for sub-pixel resampling, fitted to the spectrum that optics and pixels leave of a scene."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

TAPS = 4
STEPS = 512  # a pixel, in the table of taps

BLUR = 0.4
"""Gaussian by which the wanted scene is softer than the frame, px: the same at every offset."""

WARP_BLUR = 0.6
"""The same where offsets vary over the frame: the noise they leave a pixel varies by 5 % an axis, of 25 % with `BLUR`,
and the local statistics cannot follow that. It costs 0.2 dB."""


class Interpolator:
    """The linear interpolator of least mean-square error for a blurred scene, alike at every offset.

    A scene with power spectrum ``1/f^2`` a line (edges), seen through a Gaussian PSF and square pixels, has the
    autocorrelation ``R``. Wanted is not the scene itself but the scene behind a further Gaussian of ``blur``, with
    cross-correlation ``r``; the taps ``c`` of least error at an offset ``t`` solve ``R c = r(t)``, subject to ``sum c =
    1`` so that a flat scene stays flat (Wiener; Lagrange multiplier for the sum). Errors count as the matched filter
    lets them through. Four taps half-way between pixels blur by so much anyway; if those at whole pixels blur alike,
    frames at different offsets differ by a fifth of the power that they would, and the residual against their mean is
    what counts. Noise is blurred as the sources are.

    Parameters
    ----------
    psf_sigma : float
        Gaussian PSF, px.
    blur : float
        Standard deviation of the blur, px; 0 leaves what lies on whole pixels as it is.

    Attributes
    ----------
    table : float32 (S + 1, 4)
        Taps at each S-th of a pixel; in between they run straight.
    """

    def __init__(self, psf_sigma: float, blur: float = BLUR) -> None:
        f = (np.arange(1000) + 0.5) * (3.0 / 1000)
        power = np.exp(-((2.0 * math.pi * psf_sigma * f) ** 2)) * np.sinc(f) ** 2 / (f**2 + 1e-4)
        # An alias comes out at its folded frequency, and there the matched filter sees it.
        folded = np.abs(f - np.rint(f))
        power *= np.exp(-((2.0 * math.pi * psf_sigma * folded) ** 2)) * np.sinc(folded) ** 2
        self._f, self._power = f, power / power.sum()
        lag = np.arange(TAPS, dtype=np.float64)
        matrix = self._correlation(lag[:, None] - lag[None, :]) + 1e-7 * np.eye(TAPS)
        fraction = np.arange(STEPS + 1) / STEPS
        self._power = self._power * np.exp(-2.0 * (math.pi * blur * f) ** 2)
        right = self._correlation(lag[:, None] - 1.0 - fraction[None, :])
        free, sums = np.linalg.solve(matrix, right), np.linalg.solve(matrix, np.ones((TAPS, 1)))
        self._table = (free + sums * (1.0 - free.sum(axis=0)) / sums.sum()).T
        if blur == 0.0:
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
            Taps, sum 1.
        """
        step = math.floor(shift)
        place = (shift - step) * STEPS
        k = min(int(place), STEPS - 1)
        out: NDArray[np.float32] = (self._table[k] + (place - k) * (self._table[k + 1] - self._table[k])).astype(
            np.float32
        )
        return step, out
