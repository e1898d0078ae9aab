"""Slow, obvious twins of the kernels of the tracker."""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import linear_sum_assignment
from scipy.stats import norm

from boostwatch import geometry as g
from boostwatch_kernels.amplitude import amplitude_ratio


def gate_pairs(track_xy, track_var, point_xy, point_var, gate):
    start, point, d2 = [0], [], []
    for xy, var in zip(track_xy, track_var, strict=True):
        for j, (other, other_var) in enumerate(zip(point_xy, point_var, strict=True)):
            d = float(((other - xy) ** 2 / (var + other_var)).sum())
            if d <= gate:
                point.append(j)
                d2.append(d)
        start.append(len(point))
    return np.array(start), np.array(point, int), np.array(d2, float)


def least_cost(start, point, cost, n_points):
    """Total cost of the best assignment, by the dense matrix with one column of cost 0 for each track."""
    n = len(start) - 1
    dense = np.full((n, n_points + n), 1e9)
    dense[np.arange(n), n_points + np.arange(n)] = 0.0
    for i in range(n):
        dense[i, point[start[i] : start[i + 1]]] = cost[start[i] : start[i + 1]]
    rows, columns = linear_sum_assignment(dense)
    return dense[rows, columns].sum()


def pair_ratios(track_xy, track_var, snr, hits, pd, seen, noise, gate):
    """Pairs in the gate: log likelihood ratio of target over false alarm."""
    start, point, d2 = gate_pairs(track_xy, track_var, seen.at, seen.var, gate)
    row = np.repeat(np.arange(len(track_xy)), np.diff(start))
    near = -0.5 * (d2 + np.log(track_var[row] + seen.var[point]).sum(axis=1)) - np.log(2 * np.pi)
    known = np.where(seen.frames[point] > 1, 0.0, hits[row])
    ratio = near - np.log(seen.density[point]) + np.log(pd[row]) + seen.colour[point]
    ratio += [amplitude_ratio(seen.strongest[j], snr[i], k, noise) for i, j, k in zip(row, point, known, strict=True)]
    return start, row, point, ratio / seen.frames[point]


def transition(dt, tau):
    r = dt / tau
    fade = np.exp(-r)
    return np.array([[1, dt, tau * tau * (r - 1 + fade)], [0, 1, tau * (1 - fade)], [0, 0, fade]])


def process_noise(dt, tau, accel_sigma):
    q = 2 * accel_sigma**2 / tau
    return q * np.array([
        [dt**5 / 20, dt**4 / 8, dt**3 / 6],
        [dt**4 / 8, dt**3 / 3, dt**2 / 2],
        [dt**3 / 6, dt**2 / 2, dt],
    ])  # fmt: skip


def predict(state, cov, dt, tau, accel_sigma):
    f = transition(dt, tau)
    return state @ f.T, f @ cov @ f.T + process_noise(dt, tau, accel_sigma)


def update(state, cov, row, z, var):
    state, cov = state.copy(), cov.copy()
    h = np.array([1.0, 0.0, 0.0])
    for m, i in enumerate(row):
        for k in range(2):
            p = cov[i, k]
            gain = p @ h / (h @ p @ h + var[m, k])
            state[i, k] += gain * (z[m, k] - h @ state[i, k])
            joseph = np.eye(3) - np.outer(gain, h)
            cov[i, k] = joseph @ p @ joseph.T + var[m, k] * np.outer(gain, gain)
    return state, cov


def shares(row, point, ratio, pd, given):
    """Probability of each pair, of those whose measurement no other track was given; the rest of 1 is a miss.

    And the log likelihood ratio of each track's being there over not.
    """
    owner = {j: i for i, j in enumerate(given) if j >= 0}
    weight = np.array([np.exp(r) if owner.get(j, i) == i else 0.0 for i, j, r in zip(row, point, ratio, strict=True)])
    total = 1.0 - pd + np.bincount(row, weight, len(pd))
    return weight / total[row], np.log(total)


def foretold(regimes, row, at, var):
    """Probability of each filter times its density of a place: (P, R)."""
    share = regimes.share[row]
    state, cov = (v.reshape(*regimes.share.shape, *v.shape[1:])[row] for v in (regimes.state, regimes.cov))
    spread = cov[..., 0, 0] + var[:, None]
    return share * norm.pdf(at[:, None], state[..., 0], np.sqrt(spread)).prod(axis=2)


def moments(weight, state, cov):
    """Mean (2, 3) and covariance (2, 3, 3) of a mixture of weights (R,), parts (R, 2, 3) and (R, 2, 3, 3)."""
    mean = np.einsum("r,rka->ka", weight, state)
    off = state - mean
    return mean, np.einsum("r,rkab->kab", weight, cov + off[..., :, None] * off[..., None, :])


def predict_regimes(regimes, dt, taus, accel_sigma, lasts):
    """Interacting multiple models, one step: the filters and their mixture."""
    n, count = regimes.share.shape
    change = (1 - np.exp(-dt / lasts)) / (count - 1)
    turn = np.full((count, count), change) + (1 - count * change) * np.eye(count)
    share = regimes.share @ turn
    state, cov = regimes.state.copy(), regimes.cov.copy()
    for i in range(n):
        own = slice(i * count, (i + 1) * count)
        for r in range(count):
            weight = turn[:, r] * regimes.share[i] / share[i, r]
            mean, spread = moments(weight, regimes.state[own], regimes.cov[own])
            state[i * count + r], cov[i * count + r] = predict(mean, spread, dt, taus[r], accel_sigma)
    return type(regimes)(state, cov, share)


def mix_regimes(regimes, start, point, share, at, var):
    """Each filter with each measurement, and with none."""
    n, count = regimes.share.shape
    state, cov, left = regimes.state.copy(), regimes.cov.copy(), regimes.share.copy()
    for i in range(n):
        own = slice(start[i], start[i + 1])
        told = foretold(regimes, np.full(start[i + 1] - start[i], i), at[point[own]], var[point[own]])
        part = share[own, None] * told / told.sum(axis=1, keepdims=True)
        none = (1 - share[own].sum()) * regimes.share[i]
        left[i] = none + part.sum(axis=0)
        for r in range(count):
            k, one = i * count + r, np.array([0, len(part)])
            rest = state[k : k + 1], cov[k : k + 1], one, point[own], part[:, r] / left[i, r], at, var
            (state[k],), (cov[k],) = mix(*rest)
    return type(regimes)(state, cov, left)


def mix(state, cov, start, point, share, at, var):
    """Mean and covariance of the mixture of the tracks updated with each pair, and as they are."""
    out = state.copy(), cov.copy()
    for i in range(len(state)):
        own = slice(start[i], start[i + 1])
        parts = [(1.0 - share[own].sum(), state[i], cov[i])]
        for j, w in zip(point[own], share[own], strict=True):
            told = update(state[i : i + 1], cov[i : i + 1], [0], at[j][None], var[j][None])
            parts.append((w, told[0][0], told[1][0]))
        mean = sum(w * x for w, x, _ in parts)
        out[0][i] = mean
        out[1][i] = sum(w * (p + np.einsum("ki,kj->kij", x - mean, x - mean)) for w, x, p in parts)
    return out


def boost_path(theta, times):
    """One boost by an adaptive integrator."""
    lat, lon, start, heading, thrust, growth, pitch, kick, drag, stage, second, final = theta
    r0 = g.geodetic_to_itrs(np.degrees(lat), np.degrees(lon))
    east, north, up = g.enu_basis(np.degrees(lat), np.degrees(lon))
    along = np.sin(heading) * east + np.cos(heading) * north
    omega = np.array([0, 0, g.EARTH_RATE_RAD_S])

    def rate(t, y):
        r, v = y[:3], y[3:]
        push = min(thrust / (1 - growth * t), 80.0) if growth * t < 0.99 else 80.0
        push += (second - push) / (1 + np.exp(min(-(t - stage) / 0.5, 60.0)))
        tilt = final * (1 - np.exp(-pitch * (t - kick) / final)) if t > kick else 0.0
        radius = np.linalg.norm(r)
        height = max(radius - g.WGS84_A_M + 21385.0 * (r[2] / radius) ** 2, 0.0)
        a = push * (np.cos(tilt) * up + np.sin(tilt) * along) - g.EARTH_MU_M3_S2 * r / radius**3
        a -= drag * np.exp(-height / 7200.0) * np.linalg.norm(v) * v
        a -= 2 * np.cross(omega, v) + np.cross(omega, np.cross(omega, r))
        return np.concatenate([v, a])

    after = np.maximum(np.asarray(times) - start, 0.0)
    y0 = np.concatenate([r0, np.zeros(3)])
    flown = solve_ivp(rate, (0, after[-1]), y0, dense_output=True, rtol=1e-9, atol=1e-6, max_step=0.5)
    return flown.sol(after)[:3].T
