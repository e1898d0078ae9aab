"""Floating-point numbers in sixteen bits, where memory is what a sweep waits for.

The upper half of an IEEE single ("brain float"): the same range, eight bits of mantissa, an error of at most 0.2 %
(rounded to nearest). It serves for weights, variances and slopes, never for levels. What is changed by small steps is
rounded by chance, not to nearest: steps below half the last bit would else be lost, or only those of one sign taken.
"""

import numpy as np

from ._jit import row_jit

SHIFT = np.uint32(16)
HALF = np.uint32(0x8000)
LOWER = np.uint32(0xFFFF)
ONE = np.uint32(1)
MAGIC = np.uint32(0x5F375A86)


@row_jit
def widen(bits: np.uint16) -> np.float32:
    """Return the number that sixteen bits stand for."""
    return np.uint32(np.uint32(bits) << SHIFT).view(np.float32)


@row_jit
def narrow(value: np.float32) -> np.uint32:
    """Return the sixteen bits nearest to a finite number, in the lower half of a word."""
    return np.uint32(np.float32(value).view(np.uint32) + HALF) >> SHIFT


@row_jit
def narrow_by_chance(value: np.float32, one: np.float32, other: np.float32) -> np.uint32:
    """Return the sixteen bits below or above a finite number, so that the mean of many is the number itself.

    Chance is the last bits of two other numbers, so that the same data give the same result in any order. A number that
    sixteen bits hold is kept as it is.
    """
    chance = (np.float32(one).view(np.uint32) ^ np.float32(other).view(np.uint32)) & LOWER
    return np.uint32(np.float32(value).view(np.uint32) + chance) >> SHIFT


@row_jit
def inverse_root(value: np.float32) -> np.float32:
    """Return ``1 / sqrt(value)`` of a positive number to 5e-6, by additions and multiplications alone.

    A first guess from the exponent (Lomont, Fast inverse square root, 2003) and two of Newton's steps: division and
    root would take four times as long.
    """
    half = np.float32(0.5) * value
    y = np.uint32(MAGIC - (np.float32(value).view(np.uint32) >> ONE)).view(np.float32)
    y = y * (np.float32(1.5) - half * y * y)
    return y * (np.float32(1.5) - half * y * y)
