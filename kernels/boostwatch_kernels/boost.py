"""Notional boost trajectories, many at once: what the launch-point fit compares with the lines of sight."""

import math

import numpy as np

from ._jit import jit

A_M = 6378137.0
E2 = 0.0066943799901413165
MU = 3.986004418e14
OMEGA = 7.292115e-5
SCALE_HEIGHT_M = 7200.0
LARGEST_THRUST = 80.0
STEP_S = 1.0


@jit
def _accelerate(t: float, r: np.ndarray, v: np.ndarray, p: np.ndarray, up: np.ndarray, a: np.ndarray) -> None:
    """Acceleration of one boost; ``up`` holds the rows up and along; ``p`` see `boost_paths`."""
    thrust = LARGEST_THRUST
    if p[1] * t < 0.99:
        thrust = min(p[0] / (1.0 - p[1] * t), LARGEST_THRUST)
    # The change of stage takes about two seconds, so that the path is smooth in its time.
    if t > p[5] - 10.0:
        second = 1.0 / (1.0 + math.exp(-min(t - p[5], 30.0) / 0.5))
        thrust += second * (p[6] - thrust)
    tilt = 0.0
    if t > p[3]:
        tilt = p[7] * (1.0 - math.exp(-p[2] * (t - p[3]) / p[7]))
    c, s = math.cos(tilt), math.sin(tilt)
    r2 = r[0] * r[0] + r[1] * r[1] + r[2] * r[2]
    radius = math.sqrt(r2)
    pull = MU / (r2 * radius)
    speed = math.sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2])
    height = max(radius - A_M + 21385.0 * (r[2] / radius) ** 2, 0.0)
    drag = p[4] * math.exp(-height / SCALE_HEIGHT_M) * speed if height < 100e3 else 0.0
    for k in range(3):
        a[k] = thrust * (c * up[0, k] + s * up[1, k]) - pull * r[k] - drag * v[k]
    a[0] += 2.0 * OMEGA * v[1] + OMEGA * OMEGA * r[0]
    a[1] += -2.0 * OMEGA * v[0] + OMEGA * OMEGA * r[1]


@jit
def boost_paths(theta: np.ndarray, times: np.ndarray, out: np.ndarray) -> None:
    """Integrate boosts in the rotating Earth-fixed frame (midpoint rule, steps of at most 1 s).

    From rest at height 0, thrust over mass ``thrust / (1 - growth t)``, straight up until the kick, then tilting
    towards the heading, at first with the pitch rate and ever slower to the final tilt; central gravity, Coriolis and
    centrifugal force, drag ``drag exp(-h / 7.2 km) v^2``.

    Parameters
    ----------
    theta : float64 (P, 12)
        Geodetic latitude and longitude of the start, rad; time of the start, s; heading clockwise from north, rad;
        thrust, m/s2; growth, 1/s; pitch rate, rad/s; kick time, s; drag, 1/m; time of the second stage, s after the
        start, and its constant thrust, m/s2; final tilt of the thrust from the vertical, rad.
    times : float64 (K,)
        Ascending times, s. Before the start the boost stands on the ground.
    out : float64 (P, K, 3), written
        Earth-fixed positions, m.
    """
    r, v, rm, vm = np.zeros(3), np.zeros(3), np.zeros(3), np.zeros(3)
    a, begin = np.zeros(3), np.zeros(3)  # in the middle of a step and at its begin
    up = np.zeros((2, 3))
    for n in range(theta.shape[0]):
        sl, cl = math.sin(theta[n, 0]), math.cos(theta[n, 0])
        so, co = math.sin(theta[n, 1]), math.cos(theta[n, 1])
        sh, ch = math.sin(theta[n, 3]), math.cos(theta[n, 3])
        radius = A_M / math.sqrt(1.0 - E2 * sl * sl)
        r[0], r[1], r[2] = radius * cl * co, radius * cl * so, radius * (1.0 - E2) * sl
        v[:] = 0.0
        up[0, 0], up[0, 1], up[0, 2] = cl * co, cl * so, sl
        up[1, 0], up[1, 1], up[1, 2] = -sh * so - ch * sl * co, sh * co - ch * sl * so, ch * cl
        p = theta[n, 4:12]
        t = 0.0
        _accelerate(t, r, v, p, up, begin)
        for k in range(times.shape[0]):
            after = times[k] - theta[n, 2]
            # Whole steps count from the start, and a part of one leads to the time asked for: so the path is a smooth
            # function of all parameters, as the differences taken by the fit need it.
            while after - t > 0.0:
                h = min(after - t, STEP_S)
                for c in range(3):
                    rm[c] = r[c] + 0.5 * h * v[c]
                    vm[c] = v[c] + 0.5 * h * begin[c]
                _accelerate(t + 0.5 * h, rm, vm, p, up, a)
                if h < STEP_S:
                    break
                for c in range(3):
                    r[c] += h * (v[c] + 0.5 * h * a[c])
                    v[c] += h * a[c]
                t += h
                _accelerate(t, r, v, p, up, begin)
            h = max(after - t, 0.0)
            for c in range(3):
                out[n, k, c] = r[c] + h * (v[c] + 0.5 * h * a[c])
