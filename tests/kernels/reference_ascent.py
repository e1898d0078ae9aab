"""A slow, obvious twin of the ascent kernel: the same forces, an adaptive integrator of high order between knots."""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp

from boostwatch.geometry import itrs_to_geodetic


def ascend(world, burn, time_s, start):
    turn = np.array([0.0, 0.0, world.rate_rad_s])

    def potential_slope(r):
        # Central differences of mu/r (1 - J2 (a/r)^2 (3 sin^2 - 1)/2) would do; its gradient is written out by parts.
        radius = np.linalg.norm(r)
        sine = r[2] / radius
        along = r / radius
        pole = np.array([0.0, 0.0, 1.0])
        k = world.mu * world.j2 * world.a_m**2 / 2
        # d/dr of k (1 - 3 sine^2) / radius^3
        slope_sine = (pole - sine * along) / radius
        return -world.mu / radius**2 * along + k * (
            -3 * (1 - 3 * sine**2) / radius**4 * along - 6 * sine * slope_sine / radius**3
        )

    out = [np.asarray(start, float)]
    for k in range(len(time_s) - 1):

        def rate(t, s, k=k):
            r, v = s[:3], s[3:]
            speed = np.linalg.norm(v)
            mass = burn.mass_kg[k] - burn.flow_kg_s[k] * (t - time_s[k])
            a = potential_slope(r) - np.cross(turn, np.cross(turn, r)) - 2 * np.cross(turn, v)
            height = float(itrs_to_geodetic(r)[2])
            density = world.density_kg_m3 * np.exp(-max(height, 0) / world.scale_height_m)
            a = a - 0.5 * density * speed * burn.drag_area_m2 / mass * v
            direction = burn.axes[1] if burn.steering[k] == 1 else burn.axes[0]
            if burn.steering[k] == 2 and speed >= 1:
                direction = v / speed
            return np.concatenate([v, a + burn.thrust_n[k] / mass * direction])

        done = solve_ivp(rate, (time_s[k], time_s[k + 1]), out[-1], method="DOP853", rtol=1e-11, atol=1e-6)
        out.append(done.y[:, -1])
    return np.array(out)
