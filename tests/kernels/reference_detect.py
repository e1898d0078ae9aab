"""Slow, obvious twins of the kernels of registration, background and detection."""

import numpy as np
from scipy.special import ndtr

from boostwatch_kernels.background import SLOPED

TILE_Y, TILE_X = 32, 64


def brain(values):
    """The upper half of IEEE singles, rounded to nearest."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x8000) >> 16).astype(np.uint16)


def number(bits):
    """What the upper half of a single stands for."""
    return (np.asarray(bits).astype(np.uint32) << 16).view(np.float32)


def calibrated(frame):
    """Whole frame in calibrated DN, bad pixels filled from the nearest good ones of the row."""
    out = frame.data.astype(np.float64)
    if frame.gain.size:
        out = out * frame.gain
    if frame.offset.size:
        out = out - frame.offset
    for y in range(len(out)):
        bad = frame.bad_x[frame.bad_start[y] : frame.bad_start[y + 1]]
        good = np.setdiff1d(np.arange(out.shape[1]), bad)
        for x in bad:
            left, right = good[good < x], good[good > x]
            ends = [out[y, left[-1]]] if len(left) else []
            ends += [out[y, right[0]]] if len(right) else []
            out[y, x] = np.mean(ends) if ends else 0.0
    return out


def resampled(image, shift):
    """Image at (x + shift, y + shift); NaN where a tap falls outside."""
    height, width = image.shape
    out = np.full(image.shape, np.nan)
    for y in range(height):
        for x in range(width):
            y0, x0 = y + shift.step_y - 1, x + shift.step_x - 1
            if y0 >= 0 and x0 >= 0 and y0 + 3 < height and x0 + 3 < width:
                out[y, x] = shift.taps_y.astype(float) @ image[y0 : y0 + 4, x0 : x0 + 4] @ shift.taps_x.astype(float)
    return out


def lost(frame, shift):
    """Pixels of the reference whose nearest pixel of the frame is bad."""
    height, width = frame.data.shape
    out = np.zeros((height, width), bool)
    near_x, near_y = (s + (t[2] > t[1]) for s, t in ((shift.step_x, shift.taps_x), (shift.step_y, shift.taps_y)))
    for y in range(height):
        for x in frame.bad_x[frame.bad_start[y] : frame.bad_start[y + 1]]:
            if 0 <= y - near_y < height and 0 <= x - near_x < width:
                out[y - near_y, x - near_x] = True
    return out


def moved(plane, step_x, step_y, rest):
    """new(x, y) = old(x - step_x, y - step_y); ``rest`` where there is none."""
    out = np.roll(plane, (step_y, step_x), axis=(0, 1))
    height, width = plane.shape
    y, x = np.mgrid[:height, :width]
    out[(y - step_y < 0) | (y - step_y >= height) | (x - step_x < 0) | (x - step_x >= width)] = rest
    return out


def forecast(background, lag):
    """What is expected of a frame, by strips of 32 rows."""
    far = np.repeat(np.asarray(lag, float), TILE_Y)[: len(background.level), None]
    return background.level.astype(float) + far * number(background.slope)


def sums(frame, shift, mean, variance, floor, most, stride):
    """The eight sums of a Gauss-Newton step."""
    image = resampled(calibrated(frame), shift)
    height, width = mean.shape
    low = max(1, 1 - shift.step_y)
    high = min(height - 1, height - 2 - shift.step_y)
    total = np.zeros(8)
    for y in range(low + (stride - 1) // 2, high, stride):
        for x in range(width):
            e = image[y, x] - mean[y, x]
            if np.isnan(e):
                continue
            gx = gy = 0.0
            if 0 < x < width - 1:
                box = mean[y - 1 : y + 2, x - 1 : x + 2].astype(float)
                gx = float(np.array([1, 2, 1]) @ (box[:, 2] - box[:, 0])) / 8.0
                gy = float(np.array([1, 2, 1]) @ (box[2] - box[0])) / 8.0
            gx, gy = (0.0 if np.isnan(g) else g for g in (gx, gy))
            s = variance[y, x] + floor
            w = 1.0 / (s + e * e / 9.0) * min(1.0, most * s / max(gx * gx + gy * gy, 1e-30))
            total += w * np.array([gx * gx, gx * gy, gy * gy, gx * e, gy * e, s, variance[y, x], 1.0 / w])
    return total


def absorbed(pixel, values, pace, typical):
    """One pixel (level, slope, variance, age) after a group of values, and its weight; NaN is not known."""
    level, slope, variance, age = (float(v) for v in pixel)
    known = [float(v) for v in values if np.isfinite(v)]
    n = len(known)
    if age + n == 0:
        return level, slope, variance, age, 0.0
    middle = level + pace.ahead * slope if age else float(np.mean(known))
    error = [v - middle for v in known]
    most = pace.limit * (variance + pace.floor) if age >= 16 else np.inf
    square = sum(min(e * e, most) for e in error)
    if age >= pace.full:
        level, slope = middle + pace.gain * sum(error), slope + pace.bend * sum(error)
        variance = (1.0 - pace.calm * n) * variance + pace.calm * square
    else:
        level = middle + sum(error) / (age + n)
        slope = slope + pace.bend * sum(error) if age >= SLOPED * pace.full else 0.0
        # The mean of so few frames has a noise of its own, which is in every innovation.
        variance = (age * variance + square * (age / (age + 1.0) if age else 1.0)) / (age + n)
        age = min(pace.full, age + n)
    total = (age * variance + pace.shrink * typical) / (age + pace.shrink) + pace.floor
    return level, slope, variance, age, 1.0 / np.sqrt(total) if age >= pace.ripe else 0.0


def filtered(image, profile):
    """Convolution with the outer product of a symmetric profile; zero outside."""
    reach = len(profile) - 1
    line = np.concatenate([profile[:0:-1], profile]).astype(float)
    padded = np.pad(image, reach)
    out = np.zeros(image.shape)
    for j in range(2 * reach + 1):
        for i in range(2 * reach + 1):
            out += line[j] * line[i] * padded[j : j + image.shape[0], i : i + image.shape[1]]
    return out


def whitened(value, background, lag, blur=0.0):
    """Innovation over its noise; ``blur`` is the variance of the registration, which gradients turn to noise."""
    mean, weight = forecast(background, lag), number(background.weight).astype(float)
    gx, gy = np.zeros(mean.shape), np.zeros(mean.shape)
    gx[:, 1:] = np.diff(mean, axis=1)
    gy[1:, 1:] = np.diff(mean, axis=0)[:, 1:]
    excess = np.nan_to_num(blur * (gx**2 + gy**2))
    excess[:, 0] = 0.0
    noise = np.where(weight > 0, 1.0 / np.where(weight > 0, weight, 1.0) ** 2 + excess, np.inf)
    return np.nan_to_num((value - mean) / np.sqrt(noise))


def answers(white, profile):
    """The matched filter's answers in a frame and one pixel around it."""
    return filtered(np.pad(white, 1), profile)


def maxima(q, cut, share):
    """Local maxima of 3 x 3 above ``cut`` whose parabola reaches ``share`` of it, not in the first and last column.

    ``q`` has one pixel more than ``cut`` on each side.
    """
    found = []
    for y in range(cut.shape[0]):
        for x in range(1, cut.shape[1] - 1):
            box = q[y : y + 3, x : x + 3].copy()
            v, box[1, 1] = box[1, 1], -np.inf
            if v > cut[y, x] and v > box.max():
                top = v
                for a, b in (box[1, [0, 2]], box[[0, 2], 1]):
                    top += (b - a) ** 2 / (8.0 * (2.0 * v - a - b))
                if top > share * cut[y, x]:
                    found.append((y, x))
    return found


def spread(tiles, shape):
    """Tiles written out to pixels."""
    return np.kron(tiles, np.ones((TILE_Y, TILE_X)))[: shape[0], : shape[1]]


def statistics(q, scale, rows):
    """Sum of clipped squares, count in the lower tail and count of pixels of each tile, over some rows."""
    s = spread(scale, q.shape)
    taken = np.zeros(q.shape)
    taken[rows] = 1.0
    maps = [np.clip(q / s, -2.0, 1.0) ** 2 * s**2, q < -2.5 * s, q != 0]
    out = np.zeros((*scale.shape, 3))
    for ty in range(scale.shape[0]):
        for tx in range(scale.shape[1]):
            box = np.s_[ty * TILE_Y : (ty + 1) * TILE_Y, tx * TILE_X : (tx + 1) * TILE_X]
            out[ty, tx] = [(taken[box] * m[box]).sum() for m in maps]
    return out


def renewed(found, rate, level, tail, moment):
    """Level, tail and scale of the tiles after a sweep."""
    high, wide = level.shape
    known = found[..., 2] > 32
    ratio = np.where(known, np.maximum(found[..., 0] / np.maximum(found[..., 2], 1) / moment, 1e-6), np.nan)
    share = found[..., 1] / np.maximum(found[..., 2], 1)
    new_level = np.where(known, level + rate * (ratio - level), level)
    new_tail = np.where(known, tail + rate * (share - tail), tail)
    scale = np.full(level.shape, np.nan)  # as it was
    for y in range(high):
        for x in range(wide):
            near = (ratio / new_level)[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3]
            if known[y, x]:
                scale[y, x] = np.sqrt(new_level[y, x] * np.clip(np.nanmean(near), 0.5, 25.0))
    return new_level, new_tail, scale


def line_spread(sigma, offset, reach):
    """Gaussian integrated over pixels."""
    edges = np.arange(-reach, reach + 2) - 0.5 - offset
    return np.diff(ndtr(edges / sigma))


def point(sigma, x, y, shape):
    """A point source of unit flux in a frame."""
    out = [np.diff(ndtr((np.arange(n + 1) - 0.5 - at) / sigma)) for n, at in ((shape[0], y), (shape[1], x))]
    return np.outer(*out)


def information(sigma, place, velocity, flux, times, noise, gain, reach):
    """Fisher information of (x, y, vx, vy, flux) of a source at ``place`` at time 0, over patches that follow it."""
    total = np.zeros((5, 5))
    truth = np.array([*place, *velocity, flux])

    def light(p, t, middle):
        x, y = p[0] + p[2] * t - middle[0], p[1] + p[3] * t - middle[1]
        return p[4] * np.outer(line_spread(sigma, y, reach), line_spread(sigma, x, reach))

    for t in times:
        middle = (round(place[0] + velocity[0] * t), round(place[1] + velocity[1] * t))
        slopes = []
        for k in range(5):
            step = np.zeros(5)
            step[k] = 1e-4 * (flux if k == 4 else 1.0)
            slopes.append((light(truth + step, t, middle) - light(truth - step, t, middle)) / (2 * step[k]))
        w = 1.0 / (noise**2 + light(truth, t, middle) / gain)
        total += np.einsum("ajk,bjk,jk->ab", slopes, slopes, w)
    return total
