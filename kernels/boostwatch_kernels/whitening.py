"""Residual of a row over its expected noise."""

from typing import NamedTuple

import numpy as np

from ._jit import jit
from .background import Pace
from .registration import PAD


class Rule(NamedTuple):
    """Numbers of one sweep."""

    pace: Pace
    ripe: float  # frames a pixel must have been seen before it may detect
    shrink: float  # frames that the tile's variance counts for
    floor: float  # least variance, DN^2
    blur: float  # variance of the registration, px^2
    threshold: float  # q of a detection, in tile scales
    first: float  # share of it at which a pixel is looked at
    second: float  # share of it that the peak must have by interpolation


class Past(NamedTuple):
    """Rows of the background as the whitening reads them; float32 (H, W) each."""

    mean: np.ndarray
    variance: np.ndarray
    age: np.ndarray


@jit
def whiten_mature(
    value: np.ndarray,
    k: int,
    past: Past,
    y: int,
    typical: np.ndarray,
    rule: Rule,
    residual: np.ndarray,
    weight: np.ndarray,
    low: int,
    high: int,
) -> None:
    """Whiten columns [low, high), whose age is full."""
    mean, variance = past.mean, past.variance
    total = rule.pace.full + rule.shrink
    own, add, rest = np.float32(rule.pace.full / total), np.float32(rule.shrink / total), np.float32(rule.floor)
    one, zero = np.float32(1.0), np.float32(0.0)
    out, w_out = residual[PAD:], weight[PAD:]
    for x in range(np.uint64(low), np.uint64(high)):  # unsigned: no test for negative indices, so it vectorises
        e = value[k, x] - mean[y, x]
        w = one / (own * variance[y, x] + add * typical[x] + rest)
        known = e == e
        w = w if known else zero
        e = e if known else zero
        w_out[x] = w
        out[x] = w * e


@jit
def whiten_young(
    value: np.ndarray,
    k: int,
    past: Past,
    y: int,
    typical: np.ndarray,
    rule: Rule,
    residual: np.ndarray,
    weight: np.ndarray,
    low: int,
    high: int,
) -> None:
    """Whiten columns [low, high) of any age."""
    mean, variance, age = past.mean, past.variance, past.age
    ripe, shrink, floor = np.float32(rule.ripe), np.float32(rule.shrink), np.float32(rule.floor)
    zero = np.float32(0.0)
    out, w_out = residual[PAD:], weight[PAD:]
    for x in range(np.uint64(low), np.uint64(high)):  # unsigned: no test for negative indices, so it vectorises
        e = value[k, x] - mean[y, x]
        n_seen = age[y, x] + shrink
        w = n_seen / (age[y, x] * variance[y, x] + shrink * typical[x] + n_seen * floor)
        known = (e == e) & (age[y, x] >= ripe)
        w = w if known else zero
        e = e if known else zero
        w_out[x] = w
        out[x] = w * e


@jit
def blur_row(past: Past, y: int, above: np.ndarray, blur: float, residual: np.ndarray, weight: np.ndarray) -> None:
    """Add to the variance of a row the squared gradient of the mean times the registration's variance ``blur``.

    ``above`` (float32 (W,)) is the mean of the row above as it was before this sweep, and is renewed.
    """
    mean = past.mean
    n = mean.shape[1]
    factor, one, zero = np.float32(blur), np.float32(1.0), np.float32(0.0)
    for x in range(1, n):
        gx, gy = mean[y, x] - mean[y, x - 1], mean[y, x] - above[x]
        slope = factor * (gx * gx + gy * gy)
        slope = slope if slope == slope else zero
        loss = one / (one + weight[PAD + x] * slope)
        weight[PAD + x] *= loss
        residual[PAD + x] *= loss
    for x in range(n):
        above[x] = mean[y, x]
