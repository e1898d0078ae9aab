"""Counter-based random numbers: every number is a function of (seed, stream, frame, pixel) alone.

No state means no order: any thread may draw any frame first and the bytes stay the same. A 32-bit mixing hash
(xorshift-multiply with the constants of C. Wellons' search, "lowbias32") of the pixel's counter under two 32-bit keys
gives the bits. They become a unit normal by Giles' single-precision inverse error function (GPU Computing Gems, 2011,
ch. 10) with a logarithm taken from the float's own exponent bits, so that the loop has no branch and vectorises.
"""

import math

import numpy as np

from ._jit import jit

_MASK = np.uint64(0xFFFFFFFF)
POISSON_LIMIT = 40.0
"""Mean, electrons, above which a normal distribution stands for Poisson's: skewness is then below 0.16."""


@jit
def mix32(x: np.uint32) -> np.uint32:
    """Return a well mixed 32-bit function of ``x``; one to one."""
    # The products are taken in 64 bits and cut, which the compiler turns into one 32-bit multiplication.
    x = np.uint32(x ^ (x >> np.uint32(16)))
    x = np.uint32((np.uint64(x) * np.uint64(0x7FEB352D)) & _MASK)
    x = np.uint32(x ^ (x >> np.uint32(15)))
    x = np.uint32((np.uint64(x) * np.uint64(0x846CA68B)) & _MASK)
    return np.uint32(x ^ (x >> np.uint32(16)))


@jit
def frame_keys(seed: int, stream: int, frame: int) -> tuple[np.uint32, np.uint32]:
    """Return the two 32-bit keys of one frame of one stream.

    Parameters
    ----------
    seed : int
        Root seed, 0 to 2**63 - 1.
    stream, frame : int
        What the numbers are for, and the frame's number; 0 to 2**31 - 1 each.

    Returns
    -------
    tuple of uint32
        To be passed to `bits32` and its kin.
    """
    low = np.uint32(np.uint64(seed) & _MASK)
    high = np.uint32((np.uint64(seed) >> np.uint64(32)) & _MASK)
    a = mix32(np.uint32(low ^ np.uint32(0x9E3779B9)))
    b = mix32(np.uint32(a ^ high))
    c = mix32(np.uint32(b ^ mix32(np.uint32(np.uint32(stream) ^ np.uint32(0x85EBCA6B)))))
    d = mix32(np.uint32(c ^ mix32(np.uint32(np.uint32(frame) ^ np.uint32(0xC2B2AE35)))))
    return d, mix32(np.uint32(d ^ a ^ np.uint32(0x27D4EB2F)))


@jit
def bits32(key0: np.uint32, key1: np.uint32, counter: int) -> np.uint32:
    """Return 32 random bits of one counter (0 to 2**32 - 1) under two keys."""
    x = mix32(np.uint32(np.uint32(np.uint64(counter) & _MASK) ^ key0))
    return mix32(np.uint32((np.uint64(x) + np.uint64(key1)) & _MASK))


@jit
def normal_from_bits(bits: np.uint32) -> np.float32:
    """Return the unit normal of 32 uniform bits: the lowest gives the sign, the others the magnitude, up to 6.3."""
    tail = np.float32(np.float32(np.int32(bits >> np.uint32(1))) + np.float32(0.5)) * np.float32(2.0**-31)
    # tail = 1 - |x| keeps its digits where |x| itself would round to one.
    x = np.float32(1.0) - tail
    product = tail * (np.float32(2.0) - tail)
    raw = np.float32(product).view(np.int32)
    exponent = np.float32((raw >> np.int32(23)) - np.int32(127))
    m = np.int32((raw & np.int32(0x007FFFFF)) | np.int32(0x3F800000)).view(np.float32)
    # log(m) on [1, 2) by its series in (m - 1)/(m + 1), good to 2e-7.
    s = (m - np.float32(1.4142135)) / (m + np.float32(1.4142135))
    z = s * s
    series = np.float32(0.28571430) * z + np.float32(0.4)
    series = series * z + np.float32(0.66666667)
    series = series * z + np.float32(2.0)
    log = s * series + np.float32(0.34657359) + exponent * np.float32(0.69314718)
    w = np.maximum(-log, np.float32(0.0))
    a = w - np.float32(2.5)
    p = np.float32(2.81022636e-08)
    p = np.float32(3.43273939e-07) + p * a
    p = np.float32(-3.5233877e-06) + p * a
    p = np.float32(-4.39150654e-06) + p * a
    p = np.float32(0.00021858087) + p * a
    p = np.float32(-0.00125372503) + p * a
    p = np.float32(-0.00417768164) + p * a
    p = np.float32(0.246640727) + p * a
    p = np.float32(1.50140941) + p * a
    b = np.float32(np.sqrt(w)) - np.float32(3.0)
    q = np.float32(-0.000200214257)
    q = np.float32(0.000100950558) + q * b
    q = np.float32(0.00134934322) + q * b
    q = np.float32(-0.00367342844) + q * b
    q = np.float32(0.00573950773) + q * b
    q = np.float32(-0.0076224613) + q * b
    q = np.float32(0.00943887047) + q * b
    q = np.float32(1.00167406) + q * b
    q = np.float32(2.83297682) + q * b
    value = np.float32(1.41421356) * x * (p if w < np.float32(5.0) else q)
    return value if bits & np.uint32(1) else -value


@jit
def uniform(key0: np.uint32, key1: np.uint32, counter: int) -> float:
    """Return a uniform float64 in (0, 1) with 52 random bits; it uses up the counters 2*counter and 2*counter + 1."""
    high = np.uint64(bits32(key0, key1, 2 * counter)) >> np.uint64(6)
    low = np.uint64(bits32(key0, key1, 2 * counter + 1)) >> np.uint64(6)
    return (float(high) * 67108864.0 + float(low) + 0.5) * 2.0**-52


@jit
def poisson_from_uniform(mean: float, u: float) -> float:
    """Return the smallest k whose Poisson distribution function reaches ``u``; for means below some tens."""
    p = math.exp(-mean)
    total = p
    k = 0.0
    while u > total and k < 1000.0:
        k += 1.0
        p *= mean / k
        total += p
    return k


@jit
def fill_normal(seed: int, stream: int, frame: int, out: np.ndarray) -> None:
    """Fill an array with unit normals.

    Parameters
    ----------
    seed, stream, frame : int
        See `frame_keys`.
    out : float32 (N,), written
        The counter of an element is its index.
    """
    key0, key1 = frame_keys(seed, stream, frame)
    for i in range(out.shape[0]):
        out[i] = normal_from_bits(bits32(key0, key1, i))


@jit
def fill_uniform(seed: int, stream: int, frame: int, out: np.ndarray) -> None:
    """Like `fill_normal` with uniforms in (0, 1), float64 (N,)."""
    key0, key1 = frame_keys(seed, stream, frame)
    for i in range(out.shape[0]):
        out[i] = uniform(key0, key1, i)
