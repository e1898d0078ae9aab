"""A small world of its own for the tests of the tracker: boosts, confusers, a geostationary sensor, detections.

Independent of the scene wing, and of the family of boosts that the chain fits: thrust in stages, drag, and a gravity
turn proper after a short pitch manoeuvre.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.stats import norm

from boostwatch import geometry as g
from boostwatch.records import DETECTION, empty
from boostwatch.sensor import Band, Sensor
from boostwatch.settings import ChainSettings
from boostwatch.track import Follower

OMEGA = np.array([0.0, 0.0, g.EARTH_RATE_RAD_S])
TAU = float(norm.isf(1e-5))
POSITION = g.geodetic_to_itrs(0.0, 20.0, 35_786_000.0)

# Transmittance to space at nadir, US standard atmosphere, at heights in km; SWIR and MWIR (LOWTRAN7 band means).
HEIGHT_KM = np.array([0, 2, 5, 8, 10, 15, 20, 30, 40, 50, 60, 200.0])
T_SWIR = np.array([0.048, 0.131, 0.317, 0.533, 0.66, 0.825, 0.912, 0.979, 0.995, 0.999, 1, 1])
T_MWIR = np.array([0.001, 0.004, 0.017, 0.051, 0.086, 0.202, 0.342, 0.688, 0.901, 0.973, 0.994, 1])


def sensor(ifov_rad: float = 28e-6, size: int = 256, period: float = 0.5) -> Sensor:
    band = {"psf_sigma_px": 0.7, "gain_e_per_dn": 100.0, "offset_dn": 100.0, "irradiance_per_e": 2e-15}
    return Sensor(
        "notional", ifov_rad, (size - 1) / 2, (size - 1) / 2, period, 0.1,
        (Band("SWIR", 2.69, 2.95, **band), Band("MWIR", 4.20, 4.45, **band)),
    )  # fmt: skip


@dataclass
class Boost:
    """A boost flown in full: stages of constant thrust, drag, a pitch kick and then thrust along the velocity."""

    latitude_deg: float
    longitude_deg: float
    launch_s: float
    heading_deg: float
    accel: tuple[float, ...] = (17.0, 12.0)
    """Thrust over mass at the start of each stage, m/s2."""
    burn_s: tuple[float, ...] = (75.0, 70.0)
    mass_ratio: tuple[float, ...] = (3.0, 3.0)
    gap_s: float = 1.5
    kick_s: float = 10.0
    kick_deg: float = 5.0
    intensity_w_sr: float = 4e5
    visible_km: float = 0.0
    """Height of the cloud top above which it is seen."""
    t: np.ndarray = field(init=False)
    r: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        dt = 0.1
        total = sum(self.burn_s) + self.gap_s * (len(self.burn_s) - 1)
        n = int(total / dt) + 2
        basis = g.enu_basis(self.latitude_deg, self.longitude_deg)
        up, h = basis[2], np.radians(self.heading_deg)
        along = np.sin(h) * basis[0] + np.cos(h) * basis[1]
        r, v = g.geodetic_to_itrs(self.latitude_deg, self.longitude_deg, 0.0), np.zeros(3)
        self.t, self.r, self.thrusting = np.arange(n) * dt, np.empty((n, 3)), np.zeros(n, bool)
        for k, t in enumerate(self.t):
            self.r[k] = r
            push, on = self._thrust(t)
            self.thrusting[k] = on
            if t < self.kick_s:
                direction = up
            elif t < self.kick_s + 4.0:
                tilt = np.radians(self.kick_deg)
                direction = np.cos(tilt) * up + np.sin(tilt) * along
            else:
                direction = v / np.linalg.norm(v)
            height = np.linalg.norm(r) - g.WGS84_A_M
            drag = 6e-5 * np.exp(-max(height, 0) / 7200.0) * np.linalg.norm(v) * v
            a = push * direction - drag - g.EARTH_MU_M3_S2 * r / np.linalg.norm(r) ** 3
            a = a - 2 * np.cross(OMEGA, v) - np.cross(OMEGA, np.cross(OMEGA, r))
            r, v = r + v * dt + 0.5 * a * dt * dt, v + a * dt

    def _thrust(self, t: float) -> tuple[float, bool]:
        start = 0.0
        for a, burn, ratio in zip(self.accel, self.burn_s, self.mass_ratio, strict=True):
            if start <= t < start + burn:
                return a / (1 - (1 - 1 / ratio) * (t - start) / burn), True
            start += burn + self.gap_s
        return 0.0, False

    @property
    def burnout_s(self) -> float:
        return self.launch_s + sum(self.burn_s) + self.gap_s * (len(self.burn_s) - 1)

    def at(self, time_s: float) -> tuple[np.ndarray, np.ndarray] | None:
        """Position and radiant intensity (2,) at the aperture; None when it is not there."""
        t = time_s - self.launch_s
        if not 0 <= t < self.t[-1]:
            return None
        position = np.array([np.interp(t, self.t, self.r[:, k]) for k in range(3)])
        height = float(g.itrs_to_geodetic(position)[2]) / 1e3
        on = self.thrusting[int(t / 0.1)] and height >= self.visible_km
        zenith = 1.4  # air mass of the sites below
        reach = np.array([np.interp(height, HEIGHT_KM, T_SWIR), np.interp(height, HEIGHT_KM, T_MWIR)]) ** zenith
        rise = (1 - np.exp(-t / 0.5)) * (1.0 + 0.5 * np.exp(-(((height - 25) / 12) ** 2)) - 0.7 * (height > 75))
        return position, self.intensity_w_sr * reach * rise * on


@dataclass
class Mover:
    """Anything that moves at constant velocity over the ground and shines steadily."""

    latitude_deg: float
    longitude_deg: float
    start_s: float
    end_s: float
    intensity_w_sr: tuple[float, float]
    speed_m_s: float = 0.0
    heading_deg: float = 90.0
    height_m: float = 0.0
    visible_km: float = 0.0

    def at(self, time_s: float) -> tuple[np.ndarray, np.ndarray] | None:
        if not self.start_s <= time_s < self.end_s:
            return None
        basis = g.enu_basis(self.latitude_deg, self.longitude_deg)
        h = np.radians(self.heading_deg)
        way = self.speed_m_s * (time_s - self.start_s) * (np.sin(h) * basis[0] + np.cos(h) * basis[1])
        position = g.geodetic_to_itrs(self.latitude_deg, self.longitude_deg, self.height_m) + way
        return position, np.array(self.intensity_w_sr)


@dataclass
class World:
    """A geostationary sensor over a site, and what is to be seen there."""

    objects: list[Boost | Mover]
    seed: int = 0
    latitude_deg: float = 40.0
    longitude_deg: float = 30.0
    size: int = 256
    ifov_rad: float = 28e-6
    period: float = 0.5
    false_per_mpx: float = 10.0
    jitter_px: float = 0.1
    drift_px_s: tuple[float, float] = (0.0, 0.0)
    bias_rad: float = 10e-6
    noise_rad: float = 10e-6
    noise_e: float = 1000.0
    shift_sigma: float = 0.02
    blinking: int = 0

    def __post_init__(self) -> None:
        self.sensor = sensor(self.ifov_rad, self.size, self.period)
        rng = np.random.default_rng([self.seed, 1])
        self.nominal = g.look_at(POSITION, g.geodetic_to_itrs(self.latitude_deg, self.longitude_deg, 0.0))
        self.bias = rng.normal(0, self.bias_rad, 2)
        self.pixels = np.round(rng.uniform(5, self.size - 5, (self.blinking, 2)))

    def frame(self, n: int, rng: np.random.Generator) -> dict:
        time_s = n * self.period
        sway = rng.normal(0, self.jitter_px, 2) if n else np.zeros(2)
        d = sway + np.array(self.drift_px_s) * time_s
        true = g.multiply_quaternions(self.nominal, g.tilt_quaternion(*(d * self.ifov_rad)))
        wrong = self.bias + rng.normal(0, self.noise_rad, 2)
        reported = g.multiply_quaternions(true, g.tilt_quaternion(*wrong))
        rows, best = [], {}
        to_camera = g.quaternion_to_matrix(true).T
        for k, thing in enumerate(self.objects):
            now = thing.at(time_s)
            if now is None:
                continue
            x, y = self.sensor.project(to_camera @ (now[0] - POSITION))
            range2 = float(np.sum((now[0] - POSITION) ** 2))
            for b in range(2):
                signal = now[1][b] / range2 / self.sensor.bands[b].irradiance_per_e
                snr = signal * 0.4 / self.noise_e
                best[k] = max(best.get(k, 0.0), snr)
                rows.append(self._one(rng, n, b, float(x), float(y), snr))
        for x, y in self.pixels:
            if (int(n * self.period / 4) * 7919 + int(x) * 31 + int(y)) % 3 == 0:  # a telegraph of four seconds
                rows.append(self._one(rng, n, 0, x + rng.normal(0, 0.05), y + rng.normal(0, 0.05), 9.0))
        for b in range(2):
            for _ in range(rng.poisson(self.false_per_mpx * 1e-6 * self.size**2)):
                snr = norm.isf(rng.uniform(0, norm.sf(TAU)))
                x, y = rng.uniform(0, self.size, 2)
                rows.append(self._row(rng, n, b, x, y, snr))
        rows = [r for r in rows if r is not None]
        rng.shuffle(rows)
        detections = empty(DETECTION, len(rows))
        for k, row in enumerate(rows):
            detections[k] = (*row, 0.0, 1.0)  # nothing was there before
        return {
            "frame": n, "time_s": time_s, "detections": detections, "position_m": POSITION, "attitude": reported,
            "shift": tuple(d + rng.normal(0, self.shift_sigma, 2)), "shift_sigma": self.shift_sigma, "best": best,
        }  # fmt: skip

    def _one(self, rng, n, b, x, y, snr):
        """A target: seen when its noisy statistic passes the threshold, with the centroid error of its snr."""
        statistic = snr + rng.normal()
        if statistic < TAU or not (0 <= x < self.size and 0 <= y < self.size):
            return None
        sigma = 1.15 / max(snr, 3.0)
        return self._row(rng, n, b, x + rng.normal(0, sigma), y + rng.normal(0, sigma), statistic)

    def _row(self, rng, n, b, x, y, snr):
        sigma = 1.15 / snr
        return (n, b, n * self.period, x, y, sigma, sigma, snr * self.noise_e / 0.4, self.noise_e / 0.4, snr, -1, 1)

    def follower(self, settings: ChainSettings | None = None, **other) -> Follower:
        arguments = {
            "shape": (self.size, self.size), "frame_period_s": self.period, "sensor": self.sensor, "n_bands": 2,
            "pointing_bias_sigma_rad": self.bias_rad, "pointing_noise_sigma_rad": self.noise_rad, **other,
        }  # fmt: skip
        return Follower(settings or ChainSettings(), **arguments)

    def run(self, frames: int, settings: ChainSettings | None = None, **other):
        """Return the result, the declarations as (time, event), and when each object's snr first passed 6."""
        rng = np.random.default_rng([self.seed, 2])
        follower = self.follower(settings, **other)
        declared, bright = [], {}
        for n in range(frames):
            step = self.frame(n, rng)
            for k, snr in step.pop("best").items():
                if snr > 6:
                    bright.setdefault(k, step["time_s"])
            declared += [(step["time_s"], e) for e in follower.step(**step)]
        return follower.finish(), declared, bright
