"""Random fields with a power-law spectrum, still or changing with time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Floats = NDArray[np.float32]


def _wave_numbers(shape: tuple[int, int]) -> tuple[Floats, Floats]:
    """Return the wave numbers (ky, kx) of a half-plane spectrum, cycles a cell."""
    return np.fft.fftfreq(shape[0]).astype(np.float32)[:, None], np.fft.rfftfreq(shape[1]).astype(np.float32)[None, :]


def _coloured_spectrum(
    shape: tuple[int, int], slope: float, outer_cells: float, rng: np.random.Generator
) -> NDArray[np.complex64]:
    """Return the half-plane spectrum of a field of mean 0 and standard deviation 1."""
    ky, kx = _wave_numbers(shape)
    power = (kx * kx + ky * ky + np.float32(outer_cells**-2.0)) ** np.float32(slope / 4)
    power[0, 0] = 0.0
    white = rng.standard_normal(shape, dtype=np.float32)
    spectrum = fft.rfft2(white) * power
    scale = np.asarray(fft.irfft2(spectrum, s=shape), np.float32).std(dtype=np.float64)
    return np.asarray(spectrum / np.float32(scale), np.complex64)


def power_law_field(shape: tuple[int, int], slope: float, outer_cells: float, rng: np.random.Generator) -> Floats:
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
    return np.asarray(fft.irfft2(_coloured_spectrum(shape, slope, outer_cells, rng), s=shape), np.float32)


class EvolvingField:
    """A power-law field whose structures live as long as their size lets them.

    Every wave of the field turns its phase at a steady rate drawn from a normal distribution of width ``1/lifetime``,
    so that the correlation of a wave with itself falls as ``exp(-(t/lifetime)^2 / 2)`` and the spectrum stays what it
    is. The lifetime grows with the wavelength to the power 2/3, as the turnover of eddies does in the inertial range
    (Kolmogorov, 1941). Any moment can be had without those before it.

    Parameters
    ----------
    shape, slope, outer_cells
        As for `power_law_field`.
    lifetime_s : float
        Of waves of ``reference_cells``; infinite for a frozen field.
    reference_cells : float
        Wavelength that ``lifetime_s`` belongs to, cells.
    rng : numpy.random.Generator
        Of waves and their rates.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        slope: float,
        outer_cells: float,
        lifetime_s: float,
        reference_cells: float,
        rng: np.random.Generator,
    ) -> None:
        self.shape = shape
        self._spectrum = _coloured_spectrum(shape, slope, outer_cells, rng)
        self.frozen = not np.isfinite(lifetime_s)
        self._rate: NDArray[np.float32] = np.zeros((1, 1), np.float32)
        if self.frozen:
            return
        ky, kx = _wave_numbers(shape)
        waves = np.hypot(kx, ky) * np.float32(reference_cells)
        rate = rng.standard_normal(self._spectrum.shape, dtype=np.float32) * waves ** np.float32(2 / 3)
        # A real field holds each wave of the first column twice, turning opposite ways.
        half = (shape[0] - 1) // 2
        rate[-half:, 0] = -rate[1 : half + 1, 0][::-1]
        self._rate = np.asarray(rate / np.float32(lifetime_s), np.float32)

    def at(self, time_s: float) -> Floats:
        """Return the field at a time, float32 (y, x)."""
        if self.frozen:
            return np.asarray(fft.irfft2(self._spectrum, s=self.shape), np.float32)
        turned = self._spectrum * np.exp(1j * (self._rate * np.float32(time_s))).astype(np.complex64)
        return np.asarray(fft.irfft2(turned, s=self.shape), np.float32)
