"""The detector chain: mean electrons to digital numbers."""

from typing import NamedTuple

import numpy as np

from ._jit import jit
from .noise import BLOCK, POISSON_LIMIT, frame_keys, normal_block, poisson_from_uniform, uniform


class Detector(NamedTuple):
    """Figures of one band's detector chain; all float."""

    read_noise_e: float
    full_well_e: float
    gain_e_per_dn: float
    max_dn: float


class NoiseKey(NamedTuple):
    """What a frame's noise depends on; see `noise.frame_keys`."""

    seed: int
    stream: int
    frame: int


class PixelMaps(NamedTuple):
    """What differs from pixel to pixel, each map flat in C order.

    ``response`` float32 (N,) multiplies photo-electrons, 0 is a dead pixel; ``dark_e`` float32 (N,) mean dark electrons
    of the exposure; ``offset_dn`` float32 (N,) digital number of an empty pixel. A map that is the same everywhere may
    be (noise.BLOCK,) long instead, which spares reading it from memory. ``excess_index`` int64 (M,) ascending and
    ``excess_e`` float32 (M,): dark electrons above the map in some pixels.
    """

    response: np.ndarray
    dark_e: np.ndarray
    offset_dn: np.ndarray
    excess_index: np.ndarray
    excess_e: np.ndarray


@jit
def _part(values: np.ndarray, start: int, stop: int) -> np.ndarray:
    """Return a map's values of pixels ``start`` to ``stop``, of an even map as many."""
    return values[: stop - start] if values.shape[0] == BLOCK else values[start:stop]


@jit
def _digits(electrons: np.float32, offset: np.float32, detector: Detector) -> np.uint16:
    """Pass one pixel's electrons through well and ADC."""
    well, scale = np.float32(detector.full_well_e), np.float32(1.0 / detector.gain_e_per_dn)
    top, zero = np.float32(detector.max_dn), np.float32(0.0)
    # Plain choices become one instruction each; np.minimum would also have to care for NaN.
    value = (electrons if electrons < well else well) * scale + (offset + np.float32(0.5))
    value = value if value > zero else zero
    return np.uint16(np.int32(value if value < top else top))


@jit
def _normal(mean: np.float32, unit: np.float32, read_square: np.float32) -> np.float32:
    """Draw shot and read noise as one normal number."""
    m = mean if mean > np.float32(0.0) else np.float32(0.0)
    return m + np.float32(np.sqrt(m + read_square)) * unit


@jit
def _expose(
    signal: np.ndarray,
    maps: tuple[np.ndarray, np.ndarray, np.ndarray],
    unit: np.ndarray,
    detector: Detector,
    out: np.ndarray,
) -> int:
    """Draw a stretch of pixels with normal noise; return how many of them are too dim for that."""
    response, dark, offset = maps
    read_square = np.float32(detector.read_noise_e * detector.read_noise_e)
    limit = np.float32(POISSON_LIMIT)
    few = np.int32(0)
    for j in range(out.shape[0]):
        mean = signal[j] * response[j] + dark[j]
        few += np.int32(mean < limit)
        out[j] = _digits(_normal(mean, unit[j], read_square), offset[j], detector)
    return int(few)


@jit
def _count_full(data: np.ndarray, top: np.uint16) -> int:
    full = np.int32(0)
    for j in range(data.shape[0]):
        full += np.int32(data[j] >= top)
    return int(full)


@jit
def detect(
    signal: np.ndarray, maps: PixelMaps, detector: Detector, key: NoiseKey, out: np.ndarray, begin: int = 0
) -> int:
    """Turn mean electrons into digital numbers: response, dark, shot and read noise, full well, ADC.

    Shot noise is Poisson's below `noise.POISSON_LIMIT` electrons; above, shot and read noise are one normal number.

    Parameters
    ----------
    signal : float32 (N,)
        Mean photo-electrons of the exposure, pixels in C order; negative ones count as 0.
    maps : PixelMaps
    detector : Detector
    key : NoiseKey
        Streams ``2*stream`` and ``2*stream + 1`` are used.
    out : uint16 (N,), written
    begin : int
        Pixel of the maps that the first one is, a multiple of `noise.BLOCK`: a frame may be done in parts.

    Returns
    -------
    int
        Pixels at full scale.
    """
    end = begin + out.shape[0]
    key0, key1 = frame_keys(key.seed, 2 * key.stream, key.frame)
    low0, low1 = frame_keys(key.seed, 2 * key.stream + 1, key.frame)
    read, limit = np.float32(detector.read_noise_e), np.float32(POISSON_LIMIT)
    unit = np.empty(BLOCK, np.float32)
    full, extra = 0, np.searchsorted(maps.excess_index, begin)
    for block in range(begin // BLOCK, (end + BLOCK - 1) // BLOCK):
        start, stop = block * BLOCK, min((block + 1) * BLOCK, end)
        normal_block(key0, key1, block, unit)
        light, data = signal[start - begin : stop - begin], out[start - begin : stop - begin]
        response = _part(maps.response, start, stop)
        dark = _part(maps.dark_e, start, stop)
        offset = _part(maps.offset_dn, start, stop)
        if _expose(light, (response, dark, offset), unit, detector, data) > 0:
            for j in range(stop - start):
                mean = light[j] * response[j] + dark[j]
                if mean < limit:
                    electrons = poisson_from_uniform(max(float(mean), 0.0), uniform(low0, low1, start + j))
                    data[j] = _digits(np.float32(electrons) + read * unit[j], offset[j], detector)
        while extra < maps.excess_index.shape[0] and maps.excess_index[extra] < stop:
            j = maps.excess_index[extra] - start
            mean = light[j] * response[j] + dark[j] + maps.excess_e[extra]
            if mean < limit:
                electrons = poisson_from_uniform(max(float(mean), 0.0), uniform(low0, low1, start + j))
                data[j] = _digits(np.float32(electrons) + read * unit[j], offset[j], detector)
            else:
                data[j] = _digits(_normal(mean, unit[j], read * read), offset[j], detector)
            extra += 1
        full += _count_full(data, np.uint16(detector.max_dn))
    return full


@jit
def detect_frames(
    signal: np.ndarray,
    maps: PixelMaps,
    bounds: np.ndarray,
    detector: Detector,
    key: tuple[int, int],
    frames: np.ndarray,
    out: np.ndarray,
    place: np.ndarray,
    begin: int,
    full: np.ndarray,
) -> None:
    """Do the same stretch of several frames, see `detect`.

    Parameters
    ----------
    signal : float32 (F, N)
    maps : PixelMaps
        With the excess of all frames one after the other.
    bounds : int64 (F + 1,)
        Where that of each frame begins; the last one is the end.
    detector : Detector
    key : tuple of int
        Seed and stream.
    frames : int64 (F,)
    out : uint16 (M,), written
    place : int64 (F,)
        Where in ``out`` the stretch of each frame begins.
    begin : int
    full : int64 (F,), changed
        The pixels at full scale are added.
    """
    for f in range(signal.shape[0]):
        excess = slice(bounds[f], bounds[f + 1])
        own = PixelMaps(
            maps.response, maps.dark_e, maps.offset_dn, maps.excess_index[excess], maps.excess_e[excess]
        )  # fmt: skip
        data = out[place[f] : place[f] + signal.shape[1]]
        full[f] += detect(signal[f], own, detector, NoiseKey(key[0], key[1], frames[f]), data, begin)
