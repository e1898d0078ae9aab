"""Slow, obvious twins of the kernels in noise.py, detector.py, pointspread.py and render.py."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, poisson

Array = NDArray[np.float64]


def mix32(x: int) -> int:
    x ^= x >> 16
    x = x * 0x7FEB352D % 2**32
    x ^= x >> 15
    x = x * 0x846CA68B % 2**32
    return x ^ x >> 16


def frame_keys(seed: int, stream: int, frame: int) -> tuple[int, int]:
    a = mix32(seed % 2**32 ^ 0x9E3779B9)
    b = mix32(a ^ seed >> 32)
    c = mix32(b ^ mix32(stream ^ 0x85EBCA6B))
    d = mix32(c ^ mix32(frame ^ 0xC2B2AE35))
    return d, mix32(d ^ a ^ 0x27D4EB2F)


def bits32(keys: tuple[int, int], counter: int) -> int:
    return mix32((mix32(counter % 2**32 ^ keys[0]) + keys[1]) % 2**32)


def pair_bits(keys: tuple[int, int], counter: int) -> tuple[int, int]:
    x = (mix32(counter % 2**32 ^ keys[0]) + keys[1]) % 2**32
    x ^= x >> 16
    x = x * 0x7FEB352D % 2**32
    x ^= x >> 15
    a, b = x * 0x846CA68B % 2**32, x * 0x9E3779B1 % 2**32
    return a ^ a >> 16, b ^ b >> 15


def normal_pair(a: int, b: int) -> tuple[float, float]:
    radius, angle = np.sqrt(-2 * np.log((a + 0.5) / 2**32)), 2 * np.pi * b / 2**32
    return float(radius * np.cos(angle)), float(radius * np.sin(angle))


def normals(seed: int, stream: int, frame: int, index: NDArray[np.int64], block: int) -> Array:
    """Unit normals at some indices: the pair of the n-th counter lies half a block apart."""
    keys, half = frame_keys(seed, stream, frame), block // 2
    out = []
    for i in index:
        k, j = divmod(int(i), block)
        out.append(normal_pair(*pair_bits(keys, k * half + j % half))[j // half])
    return np.array(out)


def uniform(keys: tuple[int, int], counter: int) -> float:
    high, low = (bits32(keys, 2 * counter + k) >> 6 for k in (0, 1))
    return (high * 2**26 + low + 0.5) / 2**52


def detect(
    signal: Array, maps: tuple[Array, Array, Array], figures: tuple[float, float, float, float],
    key: tuple[int, int, int], index: NDArray[np.int64], block: int,
) -> Array:  # fmt: skip
    """Digital numbers of some pixels; ``maps`` are response, dark and offset of all of them."""
    seed, stream, frame = key
    read, well, gain, top = figures
    response, dark, offset = (m[index] for m in maps)
    mean = np.maximum(signal[index] * response + dark, 0)
    unit = normals(seed, 2 * stream, frame, index, block)
    keys = frame_keys(seed, 2 * stream + 1, frame)
    few = poisson.ppf([uniform(keys, int(i)) for i in index], mean) + read * unit
    electrons = np.where(mean < 40, few, mean + np.sqrt(mean + read**2) * unit)
    return np.clip(np.floor(np.minimum(electrons, well) / gain + offset + 0.5), 0, top)


def stamp(shape: tuple[int, int], path: Array, electrons: float, sigma: float) -> Array:
    ys, xs = np.arange(shape[0]), np.arange(shape[1])
    out = np.zeros(shape)
    for x, y in path:
        px = norm.cdf(xs + 0.5, x, sigma) - norm.cdf(xs - 0.5, x, sigma)
        py = norm.cdf(ys + 0.5, y, sigma) - norm.cdf(ys - 0.5, y, sigma)
        out += electrons * np.outer(py, px) / len(path)
    return out
