"""Statistics of clutter: what an image of clouds and ground does to a detector, in a few figures.

Radiances are in W/m2/sr/um. All figures but the percentiles are of square tiles of `TILE` pixels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

Array = NDArray[np.float64]

TILE = 128
PERCENTILES = (1, 5, 50, 95, 99)
LOW_END = 0.15
"""Cycles a pixel; above it optics and resampling shape the spectrum more than the scene does."""
STATISTICS = ("std", "slope", "slope_low", "peak_over_std", "high_pass_std", "gradient_rms", "gradient_999")


def radial_spectrum(tile: NDArray[np.floating]) -> tuple[Array, Array]:
    """Return frequencies (cycles a pixel, 1/N to below 1/2) and mean power around rings of one cell.

    The best plane is removed and a Hann window laid over the tile (N, N).
    """
    n = len(tile)
    y, x = np.mgrid[:n, :n] / n - 0.5
    design = np.stack([np.ones(n * n), x.ravel(), y.ravel()], axis=1)
    flat = np.asarray(tile, np.float64).ravel()
    rest = (flat - design @ np.linalg.lstsq(design, flat, rcond=None)[0]).reshape(n, n)
    window = np.hanning(n)
    power = np.abs(np.fft.fft2(rest * np.outer(window, window))) ** 2
    ring = np.rint(np.hypot(np.fft.fftfreq(n)[:, None], np.fft.fftfreq(n)) * n).astype(int)
    mean = np.bincount(ring.ravel(), power.ravel()) / np.bincount(ring.ravel())
    k = np.arange(1, n // 2)
    return k / n, mean[k]


def spectral_slope(frequency: Array, power: Array, upper: float = 0.5) -> float:
    """Return the slope of log power over log frequency up to ``upper``; twelve parts of it weigh alike."""
    use = frequency <= upper
    f, p = np.log(frequency[use]), np.log(power[use])
    part = np.minimum(((f - f[0]) / (f[-1] - f[0]) * 12).astype(int), 11)
    count = np.bincount(part, minlength=12)
    f, p = (np.bincount(part, v, 12)[count > 0] / count[count > 0] for v in (f, p))
    return float(np.polyfit(f, p, 1)[0])


def tile_statistics(tile: NDArray[np.floating]) -> dict[str, float]:
    """Return `STATISTICS` of one tile (N, N)."""
    t = np.asarray(tile, np.float64)
    frequency, power = radial_spectrum(t)
    high = (t - uniform_filter(t, 5))[2:-2, 2:-2]
    step = np.abs(np.concatenate([np.diff(t, axis=0).ravel(), np.diff(t, axis=1).ravel()]))
    return {
        "std": float(t.std()),
        "slope": spectral_slope(frequency, power),
        "slope_low": spectral_slope(frequency, power, LOW_END),
        "peak_over_std": float(np.abs(high).max() / high.std()),
        "high_pass_std": float(high.std()),
        "gradient_rms": float(np.sqrt(np.mean(step**2))),
        "gradient_999": float(np.percentile(step, 99.9)),
    }


def tiles(image: NDArray[np.floating]) -> list[NDArray[np.floating]]:
    """Return the whole tiles of an image (H, W)."""
    high, wide = image.shape
    return [
        image[i : i + TILE, j : j + TILE]
        for i in range(0, high - TILE + 1, TILE)
        for j in range(0, wide - TILE + 1, TILE)
    ]


def image_statistics(image: NDArray[np.floating]) -> dict[str, dict[str, float] | list[dict[str, float]]]:
    """Return the percentiles of an image, ``p1`` to ``p99``, and the statistics of each of its tiles."""
    values = np.percentile(image, PERCENTILES)
    return {
        "percentiles": {f"p{q}": float(v) for q, v in zip(PERCENTILES, values, strict=True)},
        "tiles": [tile_statistics(tile) for tile in tiles(image)],
    }


def mean_spectrum(image: NDArray[np.floating]) -> tuple[Array, Array]:
    """Return frequencies and the geometric mean of the tiles' spectra, each divided by its own variance."""
    both = [radial_spectrum(tile) for tile in tiles(image)]
    return both[0][0], np.exp(np.mean([np.log(p / p.sum()) for _, p in both], axis=0))


def phase_random(image: NDArray[np.floating], seed: int = 0) -> Array:
    """Return a Gaussian field of spectral slope -2.8, random phases, with the mean and deviation of an image."""
    ky, kx = np.fft.fftfreq(image.shape[0])[:, None], np.fft.rfftfreq(image.shape[1])
    square = ky**2 + kx**2
    square[0, 0] = np.inf
    white = np.fft.rfft2(np.random.default_rng(seed).standard_normal(image.shape))
    out = np.fft.irfft2(white * square**-0.7, s=image.shape)
    return np.asarray(image.mean() + out * (image.std() / out.std()))
