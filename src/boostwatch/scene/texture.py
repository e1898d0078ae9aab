"""Random fields with a power-law spectrum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft


def power_law_field(
    shape: tuple[int, int], slope: float, outer_cells: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return a periodic Gaussian field, mean 0 and standard deviation 1.

    Parameters
    ----------
    shape : tuple of int
        Cells (y, x).
    slope : float
        Of the two-dimensional power spectrum against wave number, negative.
    outer_cells : float
        Outer scale in cells: towards longer waves the spectrum flattens.
    rng : numpy.random.Generator
        Source of the field.

    Returns
    -------
    float32 (y, x)
    """
    ky = np.fft.fftfreq(shape[0]).astype(np.float32)[:, None]
    kx = np.fft.rfftfreq(shape[1]).astype(np.float32)[None, :]
    power = (kx * kx + ky * ky + np.float32(outer_cells**-2.0)) ** np.float32(slope / 4)
    power[0, 0] = 0.0
    white = rng.standard_normal(shape, dtype=np.float32)
    field = np.asarray(fft.irfft2(fft.rfft2(white) * power, s=shape), np.float32)
    field /= np.float32(field.std(dtype=np.float64))
    return field
