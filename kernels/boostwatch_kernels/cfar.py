"""The local standard deviation of the matched filter's output, by tiles."""

import math

import numpy as np

from ._jit import jit

CLIPPED_MOMENT = 0.718296
"""Mean square of a unit normal clipped as the sweep clips q: at -2 and at 1."""

LEAST_COUNT = 32
"""Pixels a tile must have to be judged."""

NEAR = 2
"""Tiles to either side that tell whether this frame is noisier than those before."""

CALMEST, WILDEST = 0.5, 25.0
"""Bounds of that, in variances."""


@jit
def renew_tiles(found: np.ndarray, rate: float, level: np.ndarray, tail: np.ndarray, scale: np.ndarray) -> None:
    """Take the statistics of a sweep into the tiles: slowly by tile, at once by neighbourhood.

    Parameters
    ----------
    found : float64 (TY, TX, 3)
        Sum of the squares of clipped q, count in the lower tail, count; tiles with few pixels are left as they are.
    rate : float
        Gain.
    level, tail : float64 (TY, TX), updated
        Variance of q, and the share in the lower tail.
    scale : float32 (TY, TX), updated
        Standard deviation of q expected in the frame to come.
    """
    high, wide = level.shape
    ratio, moved = np.zeros((high, wide)), np.zeros((high, wide))
    for y in range(high):
        for x in range(wide):
            count = found[y, x, 2]
            if count > LEAST_COUNT:
                ratio[y, x] = max(found[y, x, 0] / count / CLIPPED_MOMENT, 1e-6)
                level[y, x] += rate * (ratio[y, x] - level[y, x])
                tail[y, x] += rate * (found[y, x, 1] / count - tail[y, x])
                moved[y, x] = ratio[y, x] / level[y, x]  # what the level has taken in must not count twice
    for y in range(high):
        for x in range(wide):
            total, number = 0.0, 0
            for j in range(max(0, y - NEAR), min(high, y + NEAR + 1)):
                for i in range(max(0, x - NEAR), min(wide, x + NEAR + 1)):
                    if moved[j, i] > 0.0:
                        total += moved[j, i]
                        number += 1
            if number == 0 or ratio[y, x] == 0.0:
                continue
            now = min(max(total / number, CALMEST), WILDEST)
            scale[y, x] = math.sqrt(level[y, x] * now)
    for y in range(high):
        for x in range(wide):
            # Still at its first value after two looks: a tile at the rim with too few pixels has its neighbours' noise.
            if rate > 0.4 or ratio[y, x] > 0.0 or level[y, x] != 1.0:
                continue
            mean, judged = 0.0, 0
            for j in range(max(0, y - 1), min(high, y + 2)):
                for i in range(max(0, x - 1), min(wide, x + 2)):
                    if level[j, i] != 1.0:
                        mean += scale[j, i]
                        judged += 1
            if judged > 0:
                scale[y, x] = mean / judged
