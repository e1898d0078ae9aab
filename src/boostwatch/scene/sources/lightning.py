"""The flashes of a thunderstorm, with the durations and areas that GLM measures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boostwatch.errors import BadData
from boostwatch.geometry import WGS84_A_M, enu_basis, geodetic_to_itrs
from boostwatch.scene.emission import Emission, Observer
from boostwatch.scene.scenario.confusers import Lightning
from boostwatch.scene.sources.base import MARGIN_S, Array, Bands, Source, footprint, sunflower
from boostwatch.scene.sources.flyers import by_black_body

TEMPERATURE_K = 6000.0
"""Of the continuum that leaves the cloud; notional."""
MEDIAN_DURATION_S = 0.31
DURATION_SPREAD = (1.67, 0.66)
"""Sigmas of the logarithm below and above the median: GLM's 5, 50, 90 and 99 % are 0.02, 0.31, 0.75 and 1.35 s."""
MEDIAN_AREA_M2 = 430e6
AREA_SPREAD = 0.825
"""GLM's 50, 90 and 99 % are 430, 1230 and 2960 km2."""
STROKE_SPREAD = 0.8
MEAN_MORE_STROKES = 3.0
GLOW_S = 0.005
"""Time constant with which the light of a stroke leaves the cloud; notional."""
MAX_FLASHES = 100_000
_SPACING_PX = 0.8
_MAX_POINTS = 900


def draw_flashes(count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return durations (N,), s, and areas (N,), m2, of flashes with GLM's quantiles."""
    z = rng.standard_normal(count)
    duration = MEDIAN_DURATION_S * np.exp(z * np.where(z < 0, *DURATION_SPREAD))
    return duration, MEDIAN_AREA_M2 * np.exp(AREA_SPREAD * rng.standard_normal(count))


@dataclass(frozen=True)
class LightningSource(Source):
    """A storm.

    ``stroke_s`` float64 (S,) ascending times of the strokes, ``stroke_flash`` int64 (S,) the flash of each and
    ``stroke_energy`` float64 (S,) relative to a typical one; ``centre_m`` float64 (F, 3) and ``radius_m`` (F,) of the
    flashes; ``basis`` float64 (3, 3) unit vectors east, north, up; ``energy_j_sr`` float64 (B,) of a typical stroke.
    """

    stroke_s: Array
    stroke_flash: NDArray[np.int64]
    stroke_energy: Array
    centre_m: Array
    radius_m: Array
    basis: Array
    height_m: float
    energy_j_sr: NDArray[np.float64]

    def whereabouts(self, time_s: Array) -> tuple[Array, float]:
        """See `Source.whereabouts`; a storm that no flash was drawn for may be anywhere."""
        middle = self.centre_m.mean(axis=0, keepdims=True) if len(self.centre_m) else np.zeros((1, 3))
        away = np.linalg.norm(self.centre_m - middle, axis=1) + self.radius_m
        return middle, float(away.max()) if len(away) else np.inf

    def emit(self, start_s: float, end_s: float, observer: Observer) -> tuple[Emission, ...]:
        """Return the flashes of an exposure, one emission for all; see `Source.emit`."""
        a, b = np.searchsorted(self.stroke_s, [start_s - 12 * GLOW_S, end_s])
        if a == b:
            return ()
        since = start_s - self.stroke_s[a:b]
        # What leaves between two times of an exponential glow that begins with the stroke.
        part = np.exp(-np.maximum(since, 0.0) / GLOW_S) - np.exp(-(since + end_s - start_s) / GLOW_S)
        energy = self.stroke_energy[a:b] * part
        places, shares = [], []
        flashes = np.unique(self.stroke_flash[a:b])
        for flash in flashes:
            radius = float(self.radius_m[flash])
            size = radius / (_SPACING_PX * footprint(observer, self.centre_m[flash]))
            disc = sunflower(int(np.clip(np.pi * size**2, 1, _MAX_POINTS // len(flashes) + 1)))
            out2 = (disc**2).sum(axis=1)
            weight = 1.001 - out2  # brightest in the middle
            drop = -0.5 * radius / WGS84_A_M * out2
            places.append(self.centre_m[flash] + radius * np.column_stack([disc, drop]) @ self.basis)
            shares.append(weight / weight.sum() * energy[self.stroke_flash[a:b] == flash].sum())
        place, share = np.concatenate(places), np.concatenate(shares)
        mean = self.energy_j_sr * (energy.sum() / (end_s - start_s))
        height = np.full(len(place), self.height_m)
        return (Emission(place, height, share / share.sum(), mean, TEMPERATURE_K),)


def build_lightning(item: Lightning, duration_s: float, bands: Bands, rng: np.random.Generator) -> LightningSource:
    """Turn a thunderstorm into a source: flashes at random times and places, several strokes each.

    Raises
    ------
    BadData
        More than `MAX_FLASHES` are to be expected.
    """
    first, last = max(item.start, -MARGIN_S), min(item.end, duration_s + MARGIN_S)
    expected = item.flashes_per_minute * max(last - first, 0.0) / 60.0
    if expected > MAX_FLASHES:
        raise BadData(
            "too many flashes in a run",
            place=f"objects ({item.name or 'lightning'})",
            found=f"{expected:.3g}",
            allowed=f"at most {MAX_FLASHES}; shorten it by start and end, or lower flashes_per_minute",
        )
    count = int(rng.poisson(expected))
    begin = np.sort(rng.uniform(first, max(last, first), count))
    duration, area = draw_flashes(count, rng)
    more = rng.poisson(MEAN_MORE_STROKES, count)
    # The first stroke opens the flash, the last closes it, the others lie between.
    flash = np.repeat(np.arange(count), more + 2)
    when = rng.random(len(flash))
    opening = np.cumsum(more + 2) - (more + 2)
    when[opening], when[opening + more + 1] = 0.0, 1.0
    time = begin[flash] + when * duration[flash]
    order = np.argsort(time, kind="stable")
    energy = np.exp(STROKE_SPREAD * rng.standard_normal(len(flash)))
    basis = enu_basis(item.latitude, item.longitude)
    radius, angle = item.radius * np.sqrt(rng.random(count)), rng.uniform(0, 2 * np.pi, count)
    centre = geodetic_to_itrs(item.latitude, item.longitude, item.altitude)
    drop = -(radius**2) / (2 * WGS84_A_M)
    middle = centre + np.column_stack([radius * np.cos(angle), radius * np.sin(angle), drop]) @ basis
    onset = float(np.clip(item.start, 0.0, duration_s))
    end = max(float(time.max()) if count else first, first)
    return LightningSource(
        item.kind, item.name, item.latitude, item.longitude, np.nan, onset, max(min(item.end, duration_s), onset),
        np.nan, (first, end + 12 * GLOW_S), time[order], flash[order], energy[order], middle,
        np.sqrt(area / np.pi), basis, item.altitude,
        item.energy * by_black_body(bands, TEMPERATURE_K),
    )  # fmt: skip
