"""The newest resampled frames of one band, in a code that takes little memory."""

from typing import NamedTuple

import numpy as np


class Code(NamedTuple):
    """How a resampled value is kept: ``clip(value * factor + half, low, high)``, or ``none`` where it is not known.

    In uint16: factor a power of two, half 0.5, low 1, high 65535, none and least 0. In float32: 1, 0, -inf, inf, NaN,
    -inf. What is greater than ``least`` is known.
    """

    factor: np.float32
    half: np.float32
    low: np.float32
    high: np.float32
    none: np.float32
    least: np.float32
    unit: np.float32  # 1 / factor


class Ring(NamedTuple):
    """Frames on their references. The last slot is blank: nothing in it is known."""

    frames: np.ndarray  # uint16 or float32 (S + 1, H, W)
    code: Code


class Group(NamedTuple):
    """Slots that are taken together, and where they lie in the present reference.

    Pixel ``(y, x)`` of the reference is ``frames[slot[i], y - move_y[i], x - move_x[i]]``.
    """

    slot: np.ndarray  # int64 (K,)
    move_x: np.ndarray  # int64 (K,)
    move_y: np.ndarray  # int64 (K,)
