"""Counter-based random numbers: every number is a function of (seed, stream, frame, pixel) alone.

No state means no order: any thread may draw any frame first and the bytes stay the same. A 32-bit mixing hash
(xorshift-multiply with the constants of C. Wellons' search, "lowbias32") of the pixel's counter under two 32-bit keys
gives the bits. Two words become two unit normals by the transform of Box and Muller (Ann. Math. Stat. 29, 1958) with a
logarithm taken from the float's own exponent bits and short polynomials for sine and cosine, so that the loop has no
branch and vectorises. The two lie half a block apart, which keeps every store along unit strides.
"""

import math

import numpy as np

from ._jit import jit

_MASK = np.uint64(0xFFFFFFFF)
BLOCK = 4096
"""Normals drawn at a time: four kilobytes, which stay in the first cache."""
HALF = BLOCK // 2
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
def pair_bits(key0: np.uint32, key1: np.uint32, counter: np.uint32) -> tuple[np.uint32, np.uint32]:
    """Return two words of 32 random bits of one counter under two keys: the first is that of `bits32`."""
    x = mix32(np.uint32(counter ^ key0))
    x = np.uint32((np.uint64(x) + np.uint64(key1)) & _MASK)
    x = np.uint32(x ^ (x >> np.uint32(16)))
    x = np.uint32((np.uint64(x) * np.uint64(0x7FEB352D)) & _MASK)
    x = np.uint32(x ^ (x >> np.uint32(15)))
    a = np.uint32((np.uint64(x) * np.uint64(0x846CA68B)) & _MASK)
    b = np.uint32((np.uint64(x) * np.uint64(0x9E3779B1)) & _MASK)
    return np.uint32(a ^ (a >> np.uint32(16))), np.uint32(b ^ (b >> np.uint32(15)))


@jit
def normal_pair(a: np.uint32, b: np.uint32) -> tuple[np.float32, np.float32]:
    """Return the two unit normals of two uniform words: ``a`` gives the radius, up to 6.76, and ``b`` the direction."""
    u = (np.float32(a) + np.float32(0.5)) * np.float32(2.0**-32)
    raw = np.float32(u).view(np.int32)
    k = (raw - np.int32(0x3F3504F3)) >> np.int32(23)  # u = m * 2**k with m between sqrt(1/2) and sqrt(2)
    m = np.int32(raw - (k << np.int32(23))).view(np.float32)
    # log(m) by its series in (m - 1)/(m + 1), good to 2e-7.
    s = (m - np.float32(1.0)) / (m + np.float32(1.0))
    z = s * s
    series = np.float32(0.28571430) * z + np.float32(0.4)
    series = series * z + np.float32(0.66666667)
    series = series * z + np.float32(2.0)
    log = s * series + np.float32(k) * np.float32(0.69314718)
    square = np.float32(-2.0) * log
    radius = np.float32(np.sqrt(square if square > np.float32(0.0) else np.float32(0.0)))
    # Sine and cosine of half the angle, fitted on -1/2 to 1/2 half turns to 5e-8; then the double angle.
    h = np.float32(np.int32(b)) * np.float32(2.0**-32)
    q = h * h
    sine = np.float32(0.077220128) * q - np.float32(0.59804517)
    sine = sine * q + np.float32(2.5500314)
    sine = sine * q - np.float32(5.1677069)
    sine = (sine * q + np.float32(3.1415926)) * h
    cosine = np.float32(0.21969679) * q - np.float32(1.3318802)
    cosine = cosine * q + np.float32(4.0584119)
    cosine = cosine * q - np.float32(4.9347929)
    cosine = cosine * q + np.float32(1.0)
    two = np.float32(2.0)
    return radius * (np.float32(1.0) - two * (sine * sine)), radius * (two * (sine * cosine))


@jit
def normal_block(key0: np.uint32, key1: np.uint32, block: int, out: np.ndarray) -> None:
    """Fill one block with unit normals; the pair of counter ``HALF*block + j`` lies at ``j`` and ``j + HALF``.

    Parameters
    ----------
    key0, key1 : uint32
        See `frame_keys`.
    block : int
        Number of the block, 0 to 2**23 - 1.
    out : float32 (BLOCK,), written
    """
    first = np.uint32(np.uint64(block * HALF) & _MASK)
    near, far = out[:HALF], out[HALF:]
    for j in range(HALF):
        a, b = pair_bits(key0, key1, np.uint32(first + np.uint32(j)))
        near[j], far[j] = normal_pair(a, b)


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
        An element is a function of its index; N up to 2**33.
    """
    key0, key1 = frame_keys(seed, stream, frame)
    whole = out.shape[0] // BLOCK
    for k in range(whole):
        normal_block(key0, key1, k, out[k * BLOCK : (k + 1) * BLOCK])
    rest = out[whole * BLOCK :]
    if rest.shape[0] > 0:
        block = np.empty(BLOCK, np.float32)
        normal_block(key0, key1, whole, block)
        rest[:] = block[: rest.shape[0]]


@jit
def fill_uniform(seed: int, stream: int, frame: int, out: np.ndarray) -> None:
    """Like `fill_normal` with uniforms in (0, 1), float64 (N,)."""
    key0, key1 = frame_keys(seed, stream, frame)
    for i in range(out.shape[0]):
        out[i] = uniform(key0, key1, i)
