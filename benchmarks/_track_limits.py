"""What figures of tracks are held against: bounds of places, Wald's reference of a confirmation, a limit of GOSPA."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from benchmarks._plots import BLINK_DWELL, BLINK_ON, BURN, GROWTH, PERIOD_S, SIGMA_PX, SPEED, Case, Run

Array = NDArray[np.float64]


def start_variance(case: Case, t: Array) -> float:
    """Return the bound of one axis, px2, of the first place from fixes at times ``t`` (N,) from the first, s.

    The place is the path's, of which nothing is known but that its acceleration is constant, with the jitter of that
    frame; it is the variance of the best linear unbiased prediction.
    """
    inverse = np.linalg.inv(
        (SIGMA_PX**2 + case.jitter**2) * np.eye(len(t)) + case.walk**2 / PERIOD_S * np.minimum(t[:, None], t)
    )
    design = np.stack([np.ones_like(t), t, t * t], axis=1)
    common = np.zeros(len(t))
    common[0] = case.jitter**2
    miss = np.array([1.0, 0.0, 0.0]) - design.T @ inverse @ common
    told = np.linalg.inv(design.T @ inverse @ design)
    return float(case.jitter**2 - common @ inverse @ common + miss @ told @ miss)


def wald_frames(case: Case, asked: float) -> float:
    """Return the reference of frames from a target's first to its confirmation, of motion where pixels blink."""
    if case.blinking:
        lit = 20 * case.blinking * case.frames * BLINK_ON / BLINK_DWELL  # beginnings in twenty runs
        sigma2 = SIGMA_PX**2 + case.jitter**2
        speed = np.linspace(*SPEED, 1001)
        return 1.0 / case.pd + float(np.mean((24.0 * sigma2 * math.log(lit) / (case.pd * speed**2)) ** (1.0 / 3.0)))
    density = case.false_alarms / case.size**2
    alpha = asked / (case.false_alarms * 3600.0 / PERIOD_S)
    spread = 2.0 * SIGMA_PX**2  # the centroid's, and as much again of the prediction
    hit = math.log(case.pd / density) - math.log(2.0 * math.pi * spread) - 1.0
    gain = case.pd * hit + (1.0 - case.pd) * math.log(1.0 - case.pd)
    return 1.0 / case.pd + math.log(1.0 / alpha) / gain


def place_variance(seen: NDArray[np.bool_], variance: float) -> Array:
    """Return the least variance of the place, px2, in each frame from the fixes until then.

    ``seen`` (N,) are the frames with a fix, of a variance in px2; the acceleration is constant, it and the first speed
    have the sizes of the targets'. Infinite before the first fix.
    """
    information = np.diag([0.0, 2.0 / np.square(SPEED).mean(), 8.0 / np.square(GROWTH).mean()])  # an axis has half
    step = np.array([[1.0, 0.0, 0.0], [-1.0, 1.0, 0.0], [1.0, -2.0, 1.0]])  # of place, speed, half the acceleration
    out = np.full(len(seen), np.inf)
    for k in range(len(seen)):
        if k:
            information = step @ information @ step.T
        if seen[k]:
            information[0, 0] += 1.0 / variance
        if seen[: k + 1].any():
            out[k] = np.linalg.inv(information)[0, 0]
    return out


def limit(run: Run) -> float:
    """Return the GOSPA of one who waits for the reference, knows whose hits are whose, and sees an end by misses."""
    case = run.case
    wait, missing, life = wald_frames(case, 1.0), 1.0 - case.pd, float(np.mean(BURN))
    patience = 1
    while missing**patience > sum(missing**k for k in range(patience)) / life:
        patience += 1
    square = np.zeros(case.frames)
    for target, birth in enumerate(run.births):
        misses = patience  # nothing is shown before a first hit
        seen = np.array([(run.source[frame] == target).any() for frame in range(int(birth), case.frames)])
        variance = place_variance(seen, SIGMA_PX**2 + case.jitter**2)
        for age, frame in enumerate(range(int(birth), case.frames)):
            misses = 0 if seen[age] else misses + 1
            shown = age + 1 > wait and misses < patience
            there = np.isfinite(run.places[target, frame, 0])
            square[frame] += 50.0 * (shown != there)
            if shown and there:
                square[frame] += 2.0 * variance[age]
    return float(np.sqrt(square).mean())
