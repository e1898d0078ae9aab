"""The exhaust that a vehicle leaves behind: it cools, widens and drifts with the wind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boostwatch.scene.emission import Emission, Observer
from boostwatch.scene.plume import LAW
from boostwatch.scene.radiometry import planck
from boostwatch.scene.sources.base import Array, Bands, LightCurve, Path, footprint

LIFE = 6.0
"""Time constants after which the trail is forgotten."""
_STEP_PX = 0.8  # it has no edges that would ask for finer pieces
_MAX_PIECES = 250
LUMPS = 1024


def wind_profile(height_m: Array) -> Array:
    """Return the wind by height relative to its strongest, at 11 km: a jet over a calm ground, and steady far above.

    Notional.
    """
    return np.interp(height_m, [0.0, 3e3, 11e3, 20e3, 50e3, 100e3], [0.3, 0.5, 1.0, 0.4, 0.8, 0.8])


def trail_gain(height_m: Array) -> Array:
    """Return the share of the exhaust that stays together: all in the dense air, none from 110 km up; notional."""
    return np.interp(height_m, [50e3, 80e3, 110e3], [1.0, 0.5, 0.0])


def trail_weights(bands: Bands) -> Array:
    """Return the light of the trail by band relative to 4.3 um, where it equals that of the plume times the share.

    The plume's own light in a band, cooled from 1500 K to 600 K by Planck's law at the band's middle.
    """
    middle = np.array([0.5 * (a + b) for a, b in bands])
    hot, cold = LAW.temperature_k, LAW.trail_temperature_k
    reference = planck(4.325, cold) / planck(4.325, hot)
    out: Array = planck(middle, cold) / planck(middle, hot) / reference
    return out


@dataclass(frozen=True)
class Trail:
    """What a launch has left behind, by time since ignition.

    Each piece of the path keeps the light that the plume spent on it times ``share / decay_s``, and loses it
    exponentially: behind a steady plume the whole trail has ``share`` times the plume's intensity. ``light`` is the
    plume's light times `trail_gain`; ``drift`` holds the
    wind that carries what was left and, in the place of the height, the length of the path; ``lumps`` float64 (1024, 3)
    are the unit normals by which pieces spread.
    """

    path: Path
    drift: Path
    light: LightCurve
    weights: NDArray[np.float64]
    share: float
    decay_s: float
    growth_m_s: float
    lumps: Array

    def emit(self, start_s: float, end_s: float, observer: Observer) -> tuple[Emission, ...]:
        """Return the light of an exposure, times since ignition; see `Source.emit`."""
        now = 0.5 * (start_s + end_s)
        last = min(now, float(self.light.time_s[-1]))
        first = max(now - LIFE * self.decay_s, 0.0)
        if last <= first:
            return ()
        edges = self._cut(first, last, observer)
        middle = 0.5 * (edges[1:] + edges[:-1])
        age = now - middle
        left = self.light.spent(edges) * (self.share / self.decay_s) * np.exp(-age / self.decay_s)
        lit = left[0] > 0
        total = left.sum(axis=1)
        if not lit.any():
            return ()
        middle, age = middle[lit], age[lit]
        place, height = self.path.at(middle)
        wind, arc = self.drift.at(middle)
        # A piece keeps its lump from frame to frame: it is named by where it lies on the path.
        lump = self.lumps[(arc // 400.0).astype(np.int64) % LUMPS]
        place += (wind + self.growth_m_s * lump) * age[:, None]
        share = left[0, lit] / total[0]
        return (Emission(place, height, share, self.weights @ total, LAW.trail_temperature_k, primary=False),)

    def _cut(self, first_s: float, last_s: float, observer: Observer) -> Array:
        """Return times between which the pieces are short on the focal plane and young beside the cooling time."""
        here, _ = self.path.point(0.5 * (first_s + last_s))
        step = _STEP_PX * footprint(observer, here)
        arc = self.drift.table[:, 3]
        _, (a, b) = self.drift.at(np.array([first_s, last_s]))
        step = max(step, (b - a) / _MAX_PIECES)
        along = np.interp(np.arange(np.ceil(a / step), np.floor(b / step) + 1) * step, arc, self.path.time_s)
        every = self.decay_s / 8
        slow = np.arange(np.ceil(first_s / every), np.floor(last_s / every) + 1) * every
        return np.unique(np.concatenate([[first_s], along[(along > first_s) & (along < last_s)], slow, [last_s]]))
