"""What the kinds of tracks do, in figures: how they move, how their light goes, when they come and how long they last.

Every kind is a small generative model; see ``docs/tracking.md`` for the figures and where they come from.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from boostwatch_kernels.kinds import Laws

Array = NDArray[np.float64]

KINDS = ("launch", "fire", "flare", "aircraft", "satellite", "bolide", "lightning", "defect", "unknown")
PRIOR_TRACKS = np.array([0.7, 0.25, 0.083, 0.12, 0.05, 0.1, 0.1, 0.75, 5.6])
"""Tracks of each kind that a run counts as seen before its first one; most are edges and cells of clouds."""
# Prior 1-sigma of the coefficients of 1 (px), t (m), t^2 (m), t^3 (m), t in tens of seconds.
_FROM_REST = (150.0 * 10, 0.5 * 12.0 * 100, 0.3 * 1000 / 6)
_FROM_CLOUD = (1000.0 * 10, 0.5 * 25.0 * 100, 0.5 * 1000 / 6)
_AIRCRAFT = (200.0 * 10, 0.5 * 0.3 * 100)
_SATELLITE = (5000.0 * 10, 0.5 * 3.0 * 100)
_BOLIDE = (8000.0 * 10, 0.5 * 100.0 * 100)
_DRIFT = (35.0 * 10, 0.5 * 0.3 * 100)
_REST = (1.0 * 10,)
_PULLED = (6.0 * 10,)
"""At rest, in a scene whose registration the clouds pull along."""

EXCESS, OFTEN = (1.0, 4.0, 16.0), (0.74, 0.25, 0.01)
"""Variances of centroids over what is told of them, and how often they are: bright plumes lean on their trails."""

_MODELS = [
    (motion, excess)
    for motion in (_REST, _PULLED, _DRIFT, _AIRCRAFT, _SATELLITE, _BOLIDE, _FROM_REST, _FROM_CLOUD)
    for excess in EXCESS
]
_PATHS = np.array([[1.0, *motion, *[0.0] * (3 - len(motion))] for motion, _ in _MODELS])
_PATH_EXCESS = np.array([excess for _, excess in _MODELS])
"""Motions by the 1-sigma of their coefficients, and the variance of their centroids over that of a point's."""

AT_REST, AS_AIRCRAFT = 0.643, 0.0321
"""Shares of clutter that stands still, as a cell that grows does, and that goes straight on, as an aircraft does."""
ABOVE_CLOUD = 0.03
"""Share of launches first seen at any speed."""


def _motions(located: bool) -> Array:
    """Return the shares (KINDS, 4 + Q) of each kind's motions: free, wandering, on the focal plane, climbing, paths.

    How a boost climbs is known where it is ``located``.
    """

    def mix(*parts: tuple[int, float]) -> Array:
        out = np.zeros(4 + len(_MODELS))
        for at, share in parts:
            out[at] += share
        return out

    def path(name: int, shares: tuple[float, ...] = OFTEN) -> Array:
        return mix(*((4 + len(EXCESS) * name + n, share) for n, share in enumerate(shares)))

    free, wander, focal, climb = (mix((n, 1.0)) for n in range(4))
    rest = path(0, (0.45, 0.1, 0.05)) + path(1, (0.3, 0.07, 0.03))
    aircraft = path(3)
    launch = (1.0 - ABOVE_CLOUD) * (climb if located else path(6)) + ABOVE_CLOUD * path(7)
    # Cloud edges drift, and their centroids wander by more than a point's would.
    unknown = (1.0 - AT_REST - AS_AIRCRAFT) / 5.0 * (free + wander + path(2, (1.0, 1.0, 1.0)))
    unknown += AT_REST * rest + AS_AIRCRAFT * aircraft
    lightning = 0.5 * rest + 0.5 * wander
    return np.array([launch, rest, rest, aircraft, path(4), path(5), lightning, focal, unknown])


# Ratio of a CO2 band (4.2-4.45 um) to one outside it, as seen from space: mean and 1-sigma of its log10.
COLOUR = np.array(
    [
        (-0.8, 0.7), (-2.0, 0.4), (-2.2, 0.4), (-0.6, 0.5), (-0.5, 0.6), (-0.6, 0.5), (-1.0, 0.8), (0.0, 1.5),
        (-0.7, 1.0),
    ]
)  # fmt: skip
RATIO = np.stack([COLOUR[:, 0], np.hypot(COLOUR[:, 1], 0.1)], axis=1)
"""The same as measured: the bands' own errors come to it."""
ONE_BAND = np.log(np.array([0.4, 0.9, 0.95, 0.4, 0.4, 0.4, 0.7, 0.99, 0.6]))

# Courses of the light. For each kind mean and 1-sigma of log10 of the apparent intensity at first sight, W/sr; shares,
# means and 1-sigmas of its growth, 1/s; and shares of the variances about a straight line, over that of noise and
# flicker. A launch climbs out of the air that absorbs it; a fire or flare burns evenly, or is just lit.
_START = np.array(
    [
        (4.4, 0.7), (4.4, 0.6), (4.2, 0.6), (3.9, 0.4), (3.9, 0.6), (4.4, 0.8), (4.6, 0.7), (4.2, 0.8), (4.2, 0.5),
    ]
)  # fmt: skip
_GROWTHS = (
    ((0.80, 0.13, 0.07), (0.15, 0.03, 0.03), (0.05, 0.3, 0.2)),
    ((0.72, 0.0, 0.015), (0.15, 0.12, 0.12), (0.13, -0.03, 0.08)),
    ((0.72, 0.0, 0.015), (0.15, 0.12, 0.12), (0.13, 0.0, 0.08)),
    ((0.80, 0.0, 0.015), (0.195, 0.01, 0.035), (0.005, 0.0, 0.1)),
    ((1.00, 0.0, 0.10),),
    ((1.00, 0.0, 1.0),),
    ((1.00, -1.0, 1.0),),
    ((0.50, 0.0, 0.03), (0.50, 0.0, 0.3)),
    ((0.70, 0.01, 0.03), (0.27, 0.02, 0.06), (0.03, 0.0, 0.2)),
)
_THERE_BEFORE, _COME_UP = (0.85, 0.10, 0.05), (0.3, 0.62, 0.08)
"""Shares of the three growths of fires and flares in a first look: of those that were there when the run began, and of
those that come up later. These a cloud has just left, or they have just been lit, and they grow as a launch does: of
312 in random scenes 68 % by more than 0.08/s in their first five seconds, of 428 that were there before 13 %."""
_EVEN = ((1.0, 0.75), (4.0, 0.21), (9.0, 0.03), (36.0, 0.007), (200.0, 0.003))
_UNEVEN = ((1.0, 0.70), (4.0, 0.25), (25.0, 0.04), (200.0, 0.01))
_BURSTS = ((1.0, 0.65), (4.0, 0.25), (25.0, 0.08), (200.0, 0.02))
_ERRATIC = ((1.0, 0.50), (4.0, 0.30), (25.0, 0.17), (200.0, 0.03))
_CLUTTER = ((1.0, 0.62), (4.0, 0.28), (25.0, 0.08), (200.0, 0.02))
_SPREAD = (_EVEN, _BURSTS, _BURSTS, _UNEVEN, _ERRATIC, _ERRATIC, _ERRATIC, _ERRATIC, _CLUTTER)


# How far it stands out of noise and clutter in a frame: mean and 1-sigma of ln snr. What a cloud leaves is measured by
# the noise of its own surroundings, and little more; a fire may have any strength.
_STANDS_OUT = np.array(
    [
        (2.2, 1.0), (2.6, 1.3), (2.6, 1.3), (1.7, 0.65), (3.3, 1.1), (3.3, 1.1), (2.6, 1.0), (1.9, 0.6), (1.35, 0.6),
        (2.5, 1.2),
    ]
)  # fmt: skip
_STRANGE_SHARE = 0.05
"""Of ``unknown``, what is neither a cloud's nor any of the kinds: it stands out as the last one says."""

_BURNS = [KINDS.index(kind) for kind in ("fire", "flare")]
_LIFE_S = np.array([math.inf] * 5 + [3.0, 1.5, math.inf, 20.0])
_MOST_LIVED = np.array([0.0] * 5 + [10.0, 3.0, 0.0, 2.0])
"""Mean times that bolides, flashes and clutter last, and how much of them, in logarithms, may count against these:
storms flash again, and some clutter lasts."""


def _courses(burning: tuple[float, ...] | None = None) -> tuple[Array, Array]:
    """Return all courses of the light (Q, 5) and each kind's shares of them (KINDS, Q).

    ``burning`` are the shares of the growths of fires and flares, where they are not those of the table.
    """
    course, share = [], []
    for k, ((start, sigma), growths, spreads) in enumerate(zip(_START, _GROWTHS, _SPREAD, strict=True)):
        parts = burning if burning and k in _BURNS else [part for part, _, _ in growths]
        for part, (_, growth, growth_sigma) in zip(parts, growths, strict=True):
            for excess, often in spreads:
                course.append((start * _LN10, sigma * _LN10, growth, growth_sigma, excess))
                share.append(part * often * (np.arange(len(KINDS)) == k))
    return np.array(course), np.array(share).T


_LN10 = math.log(10.0)
LOG_SHORT = -8.0
"""Log likelihood that a launch has gone less than `ascent.SLOWEST` have: a normal distribution over paths reaches those
that stand still, a boost does not."""
MOST_FAVOUR = 6.0
"""Odds at most that what is there is seen: clouds may hide it."""
LOG_REKINDLED = math.log(0.003)
"""Log of the share of what moves that come up just where light came and went before, over that of all other things."""
RESTLESS = 0.5
"""Excess of the noise of a place over that of its surroundings at which half of that counts: it is 1.06 at most for 98
of 100 hits of launches, and 3.8 in the median for a volcano's."""
EARLY_S, LOG_EARLY = 10.0, math.log(0.1)
"""What is found in the first seconds of a run was mostly there before: fewer of them are launches, by this factor."""
COME_UP = 0.42
"""Share of fires and flares, the same, that are found later than that."""
LAUNCH, UNKNOWN = KINDS.index("launch"), KINDS.index("unknown")
_MOVES = np.array([float(kind in ("launch", "aircraft", "satellite", "bolide")) for kind in KINDS])
_LOG_COMES = np.zeros((2, len(KINDS)))
_LOG_COMES[:, _BURNS] = [[math.log(COME_UP)], [math.log(1.0 - COME_UP)]]
_LOG_COMES[1, LAUNCH] = LOG_EARLY
"""Log shares of those that come later, and early."""
_COURSE = np.stack([_courses()[0]] * 2)
_COURSE[1, :, :2] = 5.0 * _LN10, _LN10
"""Courses as a first look sees them, and as a later one, which sees no beginning: strength tells nothing of kinds."""
_STANDS = np.eye(len(KINDS), len(KINDS) + 1)
_STANDS[UNKNOWN, UNKNOWN:] = 1.0 - _STRANGE_SHARE, _STRANGE_SHARE
_STEADY = [
    {"lightning": (0.0, 1.0), "defect": (0.0, 1.0), "unknown": (0.5, 0.5)}.get(kind, (1.0, 0.0)) for kind in KINDS
]
"""Shares of what is mostly seen, and of what comes as it comes."""
MOST_PAST = np.where(np.arange(len(KINDS)) == LAUNCH, 10.0, 20.0)
"""What was seen before a look counts against a kind by so much at most, in logarithms: no model is that true, least of
all that of a launch, which may come up where something else was followed."""
PATIENCE_S = 10.0
"""In so much time a track that is no launch yet becomes one less likely by e: what burns for an hour has many looks."""


def _log(shares: object) -> Array:
    with np.errstate(divide="ignore"):  # no share is a log of -inf
        out: Array = np.log(np.asarray(shares, np.float64))
    return out


def _of(kind: int, value: float) -> Array:
    return np.where(np.arange(len(KINDS)) == kind, value, 0.0)


_LAWS = Laws(
    path=_PATHS,
    path_excess=_PATH_EXCESS,
    log_motion=_log([_motions(located=False), _motions(located=True)]),
    course=_COURSE,
    log_course=_log([_courses(_COME_UP)[1], _courses(_THERE_BEFORE)[1], _courses()[1]]),
    stands_out=_STANDS_OUT,
    log_stands=_log([_STANDS]),
    log_steady=_log([_STEADY]),
    log_comes=_LOG_COMES,
    log_rekindled=LOG_REKINDLED * _MOVES,
    ends=1.0 / _LIFE_S,
    most_ends=_MOST_LIVED,
    waits=_of(LAUNCH, 1.0 / PATIENCE_S),
    log_short=_of(LAUNCH, LOG_SHORT),
    most_past=MOST_PAST,
    most_favour=MOST_FAVOUR,
    restless=RESTLESS,
)


def laws(scale_m: float) -> Laws:
    """Return all tables where a pixel is so many metres at the ground."""
    return _LAWS._replace(path=_PATHS / np.array([1.0, scale_m, scale_m, scale_m]))
