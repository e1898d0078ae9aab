"""How past frames enter the background: what a bright source covers is painted over, the rest is learnt."""

import math
from typing import NamedTuple

import numpy as np

from ._jit import jit
from .background import TILE_Y, Background, Pace, absorb_strip
from .packed import widen
from .ring import Group, Ring

RIM = 2
"""Width of the frame of pixels around a gate that tells what the scene does under it, px."""

LEAST_RIM = 12
"""Pixels of the rim that must be known for it to tell anything."""

RIM_CLIP = 2.0
"""Sigmas at which a rim's innovations are clipped, lest wings and neighbours lift the background."""

LEAK = 0.01
"""Share of its own innovation that a covered pixel still learns: a lasting step is taken in after some 40 memories."""

LEAK_CLIP = 20.0
"""Sigmas at which that is clipped: a bright plume passes and leaves no hole behind."""

SLOPE_PULL = 1.2
"""Pull of a covered pixel's slope to the rim's, times the root of the memory.

A slope's own noise is some ``0.5 memory^-1.5`` of a frame's; so the level runs away by 0.4 sigma at most.
"""


class Gate(NamedTuple):
    """A square of a past frame, in pixels of the present reference."""

    slot: int
    move_x: int  # from the slot's reference to the present one
    move_y: int
    x: int
    y: int
    radius: int
    since: int  # frames from the present one: <= 0


@jit
def paint_gate(ring: Ring, gate: Gate, background: Background, lag: np.ndarray, strip: int, memory: float) -> None:
    """Paint over what a gate covers of one strip of a past frame.

    A slow source may hold a gate for a hundred frames while clouds go by: a level that stood still would be as many
    frames behind when the source has gone, and that would look like another source. So a covered pixel is given its
    own forecast, plus a plane through the clipped innovations of the rim, plus a little of its own innovation, plus or
    minus its sigma in turn, which keeps its variance.

    Parameters
    ----------
    ring : Ring, the gate's slot changed
        Past frames.
    gate : Gate
        What to cover.
    background : Background
        One band.
    lag : float32 (strips,)
        Frames from each strip's level to the present frame.
    strip : int
        Which.
    memory : float
        Frames.
    """
    level, slope, weight, age = background.level, background.slope, background.weight, background.age
    frames, code = ring.frames[gate.slot], ring.code
    height, width = level.shape
    reach = gate.radius + RIM
    y0, y1 = max(0, gate.move_y, gate.y - reach), min(height, height + gate.move_y, gate.y + reach + 1)
    x0, x1 = max(0, gate.move_x, gate.x - reach), min(width, width + gate.move_x, gate.x + reach + 1)
    count, mean_x, mean_y, mean_e, mean_s = 0, 0.0, 0.0, 0.0, 0.0
    xx, yy, xe, ye = 0.0, 0.0, 0.0, 0.0
    for turn in range(2):
        for y in range(y0, y1):
            far = float(lag[y // TILE_Y]) + gate.since
            for x in range(x0, x1):
                w = float(widen(weight[y, x]))
                v = frames[y - gate.move_y, x - gate.move_x]
                if abs(y - gate.y) <= gate.radius and abs(x - gate.x) <= gate.radius:
                    continue
                if not (v > code.least and age[y, x] > 0 and w > 0.0):
                    continue
                s = float(widen(slope[y, x]))
                e = float(v) * float(code.unit) - (float(level[y, x]) + far * s)
                e = min(max(e, -RIM_CLIP / w), RIM_CLIP / w)
                if turn == 0:
                    count += 1
                    mean_x += x
                    mean_y += y
                    mean_e += e
                    mean_s += s
                else:
                    xx += (x - mean_x) ** 2
                    yy += (y - mean_y) ** 2
                    xe += (x - mean_x) * e
                    ye += (y - mean_y) * e
        if count < LEAST_RIM:
            break
        if turn == 0:
            mean_x, mean_y, mean_e, mean_s = mean_x / count, mean_y / count, mean_e / count, mean_s / count
    tells = count >= LEAST_RIM
    tilt_x, tilt_y = (xe / max(xx, 1.0), ye / max(yy, 1.0)) if tells else (0.0, 0.0)
    for y in range(
        max(y0, gate.y - gate.radius, strip * TILE_Y), min(y1, gate.y + gate.radius + 1, (strip + 1) * TILE_Y)
    ):
        far = float(lag[y // TILE_Y]) + gate.since
        for x in range(max(x0, gate.x - gate.radius), min(x1, gate.x + gate.radius + 1)):
            v = frames[y - gate.move_y, x - gate.move_x]
            if not v > code.least:
                continue
            w = float(widen(weight[y, x]))
            if age[y, x] == 0 or not w > 0.0:
                frames[y - gate.move_y, x - gate.move_x] = code.none
                continue
            s = float(widen(slope[y, x]))
            m = float(level[y, x]) + far * s
            plane = mean_e + tilt_x * (x - mean_x) + tilt_y * (y - mean_y) if tells else 0.0
            pull = SLOPE_PULL * math.sqrt(memory) * (mean_s - s) if tells else 0.0
            own = float(v) * float(code.unit) - m - plane
            own = min(max(own, -LEAK_CLIP / w), LEAK_CLIP / w)
            sign = 1.0 if (x + y + gate.slot) % 2 == 0 else -1.0
            painted = np.float32(m + plane + pull + LEAK * own + sign / w)
            frames[y - gate.move_y, x - gate.move_x] = min(max(painted * code.factor + code.half, code.low), code.high)


@jit
def absorb_strips(
    ring: Ring, group: Group, pace: Pace, background: Background, typical: np.ndarray, strips: np.ndarray,
    gates: np.ndarray, lag: np.ndarray, lessons: np.ndarray, pattern: np.ndarray, work: np.ndarray,
) -> None:  # fmt: skip
    """Paint over what gates cover and let a group of past frames into some strips.

    Parameters
    ----------
    strips : int64 (N,)
        Which; no two of them neighbours where there are gates.
    gates : int64 (M, 7)
        Fields of `Gate`, of the group's frames.
    lag : float32 (strips,)
        Frames from each strip's level to the present frame.
    ring, group, pace, background, typical, lessons, pattern, work
        As for `boostwatch_kernels.background.absorb_strip`.
    """
    for i in range(strips.shape[0]):
        for k in range(gates.shape[0]):
            g = gates[k]
            gate = Gate(g[0], g[1], g[2], g[3], g[4], g[5], g[6])
            if strips[i] * TILE_Y - gate.radius <= gate.y < (strips[i] + 1) * TILE_Y + gate.radius:
                paint_gate(ring, gate, background, lag, strips[i], pace.full)
        absorb_strip(ring, group, pace, background, typical, strips[i], lessons, pattern, work)
