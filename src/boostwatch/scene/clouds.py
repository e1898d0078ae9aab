"""Cloud layers: a power-law field cut at a threshold, so that clouds have texture and true edges.

Tops rise from the edge towards the thickest part, and their temperature with them; opacity follows from the slant
optical depth. A layer hides what lies below it, a plume too until it has risen above.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostwatch.scene.atmosphere import Atmosphere
from boostwatch.scene.radiometry import band_radiance, sun_irradiance
from boostwatch.scene.scenario import CloudLayer
from boostwatch.scene.texture import power_law_field
from boostwatch.scene.view import Grid, View


def default_reflectance(altitude_m: ArrayLike) -> NDArray[np.float64]:
    """Return the reflectance of cloud tops at 2.7 to 4 um: water droplets low, ice crystals, which absorb, high."""
    return np.interp(np.asarray(altitude_m, np.float64), [2e3, 5e3, 8e3, 10e3, 12e3], [0.15, 0.10, 0.04, 0.03, 0.05])


def top_radiance(
    layer: CloudLayer,
    atmosphere: Atmosphere,
    altitude_m: ArrayLike,
    secant: ArrayLike,
    cos_sun: ArrayLike,
) -> NDArray[np.float64]:
    """Return the radiance of an opaque cloud top seen from space, W/m2/sr/um; the arguments broadcast."""
    a, b = atmosphere.lower_um, atmosphere.upper_um
    h, s = np.asarray(altitude_m, np.float64), np.asarray(secant, np.float64)
    temperature = np.full(h.shape, layer.temperature) if layer.temperature is not None else atmosphere.temperature(h)
    rho = np.full(h.shape, layer.reflectance) if layer.reflectance is not None else default_reflectance(h)
    high = np.maximum(np.asarray(cos_sun, np.float64), 0.0)
    out: NDArray[np.float64] = (1 - rho) * band_radiance(a, b, temperature) * atmosphere.transmittance(
        h, s, temperature
    ) + atmosphere.path_radiance(h, s)
    down = 1 / np.maximum(high, 0.1)
    return out + rho / np.pi * sun_irradiance(a, b) * high * atmosphere.two_way(h, s, down)


@dataclass(frozen=True)
class Cloud:
    """One layer, ready to be laid over a canvas.

    ``alpha`` float32 (N, M) is the opacity, ``light`` float32 (B, N, M) the radiance times the opacity, both periodic;
    ``velocity_px_s`` the drift (x, y) on the focal plane.
    """

    altitude_m: float
    alpha: NDArray[np.float32]
    light: NDArray[np.float32]
    velocity_px_s: tuple[float, float]

    def transmittance(self, grid: Grid, x: ArrayLike, y: ArrayLike, time_s: float) -> NDArray[np.float64]:
        """Return what passes the layer at pixel positions of the steady scene, at a time after the epoch."""
        n, m = self.alpha.shape
        u = grid.cell(0.0) + (np.asarray(x, np.float64) - self.velocity_px_s[0] * time_s) * grid.oversample - 0.5
        v = grid.cell(0.0) + (np.asarray(y, np.float64) - self.velocity_px_s[1] * time_s) * grid.oversample - 0.5
        j, i = np.floor(u).astype(np.int64), np.floor(v).astype(np.int64)
        fx, fy = u - j, v - i
        top = (1 - fx) * self.alpha[i % n, j % m] + fx * self.alpha[i % n, (j + 1) % m]
        low = (1 - fx) * self.alpha[(i + 1) % n, j % m] + fx * self.alpha[(i + 1) % n, (j + 1) % m]
        out: NDArray[np.float64] = 1 - ((1 - fy) * top + fy * low)
        return out


def build_cloud(
    layer: CloudLayer,
    view: View,
    atmospheres: list[Atmosphere],
    cell_m: float,
    velocity_px_s: tuple[float, float],
    rng: np.random.Generator,
) -> Cloud:
    """Draw one layer.

    Parameters
    ----------
    layer : CloudLayer
    view : View
        At the layer's altitude.
    atmospheres : list of Atmosphere
        One a band.
    cell_m : float
        Size of a cell at the layer.
    velocity_px_s : tuple of float
    rng : numpy.random.Generator

    Returns
    -------
    Cloud
    """
    secant = np.where(np.isfinite(view.secant), view.secant, 1.0)
    shape = view.hit.shape
    field = power_law_field(shape, layer.slope, layer.outer_scale / cell_m, rng)
    if layer.coverage <= 0:
        zero = np.zeros(shape, np.float32)
        return Cloud(layer.altitude, zero, np.zeros((len(atmospheres), *shape), np.float32), velocity_px_s)
    edge, deep = np.quantile(field, [1 - layer.coverage, 1 - 0.02 * layer.coverage])
    inside = (field > edge) & view.hit
    depth = np.clip((field - np.float32(edge)) / np.float32(max(deep - edge, 1e-6)), 0, 1)
    slant = np.float32(layer.optical_depth) * (np.float32(layer.edge) + np.float32(1 - layer.edge) * depth)
    alpha = np.where(inside, 1 - np.exp(-slant * view.spread(secant)), np.float32(0)).astype(np.float32)
    levels = np.linspace(layer.altitude, layer.altitude + layer.thickness, 4 if layer.thickness > 0 else 1)
    step = np.float32(1 / (len(levels) - 1) if len(levels) > 1 else 1)
    light = np.zeros((len(atmospheres), *shape), np.float32)
    for b, atmosphere in enumerate(atmospheres):
        for k, level in enumerate(levels):
            top = top_radiance(layer, atmosphere, np.full(secant.shape, level), secant, view.cos_sun)
            share = np.maximum(1 - np.abs(depth / step - np.float32(k)), 0) if len(levels) > 1 else np.float32(1)
            light[b] += share * view.spread(np.nan_to_num(top))
        light[b] *= alpha
    return Cloud(layer.altitude, alpha, light, velocity_px_s)
