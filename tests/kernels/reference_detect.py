"""Slow, obvious twins of the kernels of registration, background and detection."""

import numpy as np
from scipy.special import ndtr


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


def sums(frame, shift, mean, variance, floor, stride):
    """The eight sums of a Gauss-Newton step."""
    moved = resampled(calibrated(frame), shift)
    height, width = mean.shape
    low = max(1, 1 - shift.step_y)
    high = min(height - 1, height - 2 - shift.step_y)
    total = np.zeros(8)
    for y in range(low + (stride - 1) // 2, high, stride):
        for x in range(width):
            e = moved[y, x] - mean[y, x]
            if np.isnan(e):
                continue
            gx = gy = 0.0
            if 0 < x < width - 1:
                box = mean[y - 1 : y + 2, x - 1 : x + 2].astype(float)
                gx = float(np.array([1, 2, 1]) @ (box[:, 2] - box[:, 0])) / 8.0
                gy = float(np.array([1, 2, 1]) @ (box[2] - box[0])) / 8.0
            gx, gy = (0.0 if np.isnan(g) else g for g in (gx, gy))
            s = variance[y, x] + floor
            w = 1.0 / (s + e * e / 9.0)
            total += w * np.array([gx * gx, gx * gy, gy * gy, gx * e, gy * e, s, variance[y, x], 1.0 / w])
    return total


def whitened(value, background, typical, rule):
    """Residual times weight, and weight, of a whole frame."""
    mean, variance, age = (np.asarray(a, float) for a in background[:3])
    gx, gy = np.zeros(mean.shape), np.zeros(mean.shape)
    gx[:, 1:] = np.diff(mean, axis=1)
    gy[1:, 1:] = np.diff(mean, axis=0)[:, 1:]
    slope = gx**2 + np.where(gx == 0, 0, gy) ** 2
    total = (age * variance + rule.shrink * typical) / (age + rule.shrink) + rule.floor
    blurred = total + rule.blur * np.nan_to_num(slope)
    weight = np.where((age >= rule.ripe) & np.isfinite(value - mean), 1.0 / blurred, 0.0)
    return np.where(weight > 0, weight * (value - mean), 0.0), weight


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


def weights(weight, profile):
    """Convolution with the squared profile; a tail below 0.002 of the centre is left out."""
    square = np.square(profile)
    return filtered(weight, square[:2] if square[2] < 2e-3 * square[0] else square)


def matched(value, background, typical, rule, profile):
    """The matched-filter statistic of a whole frame; a thousandth of a typical weight is added."""
    residual, weight = whitened(value, background, typical, rule)
    faint = np.zeros(value.shape)
    for y in range(0, len(faint), 32):
        faint[y : y + 32] = 1e-3 * profile[0] ** 2 / typical[y].max()
    return filtered(residual, profile) / np.sqrt(weights(weight, profile) + faint)


def maxima(q, cut):
    """Local maxima of 3 x 3 above ``cut``, not in the first and last column."""
    found = []
    padded = np.pad(q, 1)
    for y in range(q.shape[0]):
        for x in range(1, q.shape[1] - 1):
            box = padded[y : y + 3, x : x + 3].copy()
            box[1, 1] = -np.inf
            if q[y, x] > cut[y, x] and q[y, x] > box.max():
                found.append((y, x))
    return found


def absorbed(frames, rate):
    """Mean and variance after a sequence of values, one pixel at a time, by the recursion's definition."""
    mean = variance = 0.0
    for n, value in enumerate(frames):
        g = max(rate, 1.0 / (n + 1.0))
        e = value - mean
        mean, variance = mean + g * e, (1.0 - g) * (variance + g * e * e)
    return mean, variance


def line_spread(sigma, offset, reach):
    """Gaussian integrated over pixels."""
    edges = np.arange(-reach, reach + 2) - 0.5 - offset
    return np.diff(ndtr(edges / sigma))
