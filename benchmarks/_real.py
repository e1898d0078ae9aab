"""Scenes of real radiance: four tiles of a GOES-16 ABI band 7 image as the true scene behind the benchmark's sensor.

A tile of 512 x 512 samples is taken as the scene itself, band-limited at its own sampling: it is brought to the fine
grid by zeros in Fourier space, so that any shift of it is exact. ``finer`` tile samples make a detector pixel: with 2
there is true structure below the pixel, which jitter aliases as it does in orbit; with 1 the frame has the tile's own
scale, but the structure that the satellite's optics took. Then as in `_scenes.py`: shift, optics of 0.7 px, mean over
pixels, shot and read noise, 0.2 % non-uniformity. The rim of 12 px keeps the seam of the periodic tile out of sight.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import fft

from benchmarks._scenes import OVERSAMPLING, RIM, Scene, SceneKind

STORED = Path(__file__).parent / "data" / "goes16_c07_tiles.png"
SCALE, OFFSET = 1.03377e-3, 1.00132e-3
"""Radiance of a step and of zero in the stored tiles, W/m2/sr/um; a step is the instrument's own."""

NAMES = ("smooth", "mixed", "warm", "broken")
ELECTRONS = 8.0e5
"""Electrons of 1 W/m2/sr/um: 2e5 over cloud, 4e5 over warm cloudless ground."""

GAIN = 16.0  # e/DN: the warmest ground stays within 16 bits


def tiles(path: Path | None = None) -> NDArray[np.float64]:
    """Return radiances (4, 512, 512) in W/m2/sr/um: those stored, or of an NPZ file whose first array they are."""
    if path is None:
        steps = np.asarray(Image.open(STORED), np.float64)
        return (OFFSET + SCALE * steps).reshape(len(NAMES), -1, steps.shape[1])
    with np.load(path, allow_pickle=False) as archive:
        return np.asarray(archive[archive.files[0]], np.float64)


def fine(tile: NDArray[np.float64], finer: int) -> NDArray[np.float64]:
    """Return a tile on the fine grid, ``OVERSAMPLING / finer`` times its samples, by zeros in Fourier space."""
    n = len(tile) * OVERSAMPLING // finer
    half = len(tile) // 2
    spectrum = fft.rfft2(tile)
    wide = np.zeros((n, n // 2 + 1), complex)
    wide[:half, :half], wide[-half:, :half] = spectrum[:half, :half], spectrum[half:, :half]
    light: NDArray[np.float64] = fft.irfft2(wide, s=(n, n)) * (n / len(tile)) ** 2
    return np.maximum(light, 0.0)


def real_scenes(
    tile: NDArray[np.float64], name: str, *, jitter: float, finer: int, frames: int, seeds: range
) -> Iterator[Scene]:
    """Yield a scene of a tile for each seed; seeds differ in jitter, noise and non-uniformity."""
    light = ELECTRONS * fine(tile, finer)
    kind = SceneKind(f"{name}, jitter {jitter:g}", jitter=jitter, mean_e=float(light.mean()), gain_e_per_dn=GAIN)
    size = len(light) // OVERSAMPLING - 2 * RIM
    for seed in seeds:
        yield Scene(kind, size, frames, seed, light=light)
