"""Cloud layers: a power-law field cut at a threshold, so that clouds have texture and true edges.

Tops rise from the edge towards the thickest part, and their temperature with them; opacity follows from the slant
optical depth. A layer hides what lies below it, a plume too until it has risen above.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostwatch.geometry import MapPlane
from boostwatch.scene.atmosphere import Atmosphere
from boostwatch.scene.radiometry import band_radiance, sun_irradiance
from boostwatch.scene.recent import Recent
from boostwatch.scene.scenario import CloudLayer
from boostwatch.scene.texture import EvolvingField, FieldShape
from boostwatch.scene.view import View
from boostwatch_kernels.clouds import Threshold, transmit_layer

Array = NDArray[np.float64]

LIFETIME_SCALE_M = 10e3
"""Size of the structures that a layer's lifetime belongs to."""
STILL_SHARE = 0.3
"""Of the lifetime of the smallest structures: over that time they keep 96 % of their correlation."""
INNER_TEXELS = 4.0
"""Waves that cubic interpolation cannot hold fade out: else texture would come and go as it drifts over the cells."""
_MEDIAN_TO_RMS = 1.4826  # of a normal distribution


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


class CloudDeck:
    """One layer of cloud over the whole region of a scene, at any time.

    Its field lies on the map as a periodic texture, drifts with the wind and changes slowly; where it exceeds a
    threshold there is cloud, the deeper the more.

    Parameters
    ----------
    layer : CloudLayer
    plane : MapPlane
        The map, metres.
    texel_m : float
        Size of the texture's cells.
    texels : int
        Cells a side, a power of two.
    rng : numpy.random.Generator
        Of the texture.

    Attributes
    ----------
    threshold : Threshold
        What turns the field into cloud.
    step_s : float
        Time over which the field changes so little that two moments may be joined by a line; infinite where it is
        frozen.
    """

    def __init__(
        self, layer: CloudLayer, plane: MapPlane, texel_m: float, texels: int, rng: np.random.Generator
    ) -> None:
        self.layer, self.plane, self.texel_m = layer, plane, texel_m
        shape = (texels, texels)
        form = FieldShape(
            layer.slope, layer.outer_scale / texel_m, layer.stretch, np.radians(layer.wind_direction),
            layer.intermittency, INNER_TEXELS,
        )  # fmt: skip
        self._field = EvolvingField(shape, form, layer.lifetime, LIFETIME_SCALE_M / texel_m, rng)
        still = self._field.at(0.0)
        edge, deep = np.quantile(still, [1 - layer.coverage, 1 - 0.02 * layer.coverage])
        if layer.coverage == 1:
            edge -= 1.0  # the field changes; an overcast sky has no hole even where it sinks below its least
        # A cell at the edge is covered in part: the ramp is what the field usually changes over a cell.
        ramp = float(_MEDIAN_TO_RMS * np.hypot(*(np.median(np.abs(np.diff(still, axis=a))) for a in (0, 1))))
        thin = layer.optical_depth * layer.edge
        self.threshold = Threshold(float(edge), ramp, float(max(deep, edge + ramp)), thin, layer.optical_depth)
        smallest = layer.lifetime * (4 * texel_m / LIFETIME_SCALE_M) ** (2 / 3)
        self.step_s = STILL_SHARE * smallest if np.isfinite(layer.lifetime) else np.inf
        self._recent: Recent[int, NDArray[np.float32]] = Recent(self._at_step, 3)
        towards = np.radians(layer.wind_direction)
        self.wind_m_s: tuple[float, float] = (
            float(layer.wind_speed * np.sin(towards)), float(layer.wind_speed * np.cos(towards))
        )  # fmt: skip

    def _at_step(self, number: int) -> NDArray[np.float32]:
        return self._field.at(number * self.step_s if number else 0.0)

    def _around(self, time_s: float) -> tuple[NDArray[np.float32], NDArray[np.float32], np.float32]:
        """Return the field at the steps before and after a time, and the weight of the latter."""
        if not np.isfinite(self.step_s):
            still = self._recent(0)
            return still, still, np.float32(0)
        number, share = divmod(time_s / self.step_s, 1.0)
        early = self._recent(int(number))
        return early, self._recent(int(number) + 1) if share else early, np.float32(share)

    def texture(self, time_s: float) -> NDArray[np.float32]:
        """Return the field at a time, float32 (P, P), rows northwards, before the wind."""
        early, late, share = self._around(time_s)
        return early if share == 0 else early + share * (late - early)

    def texels(self, east_m: Array, north_m: Array, time_s: float) -> tuple[Array, Array]:
        """Return texture coordinates (row, column) of places on the map at a time; NaN gives NaN."""
        row = (north_m - self.wind_m_s[1] * time_s) / self.texel_m
        return row, (east_m - self.wind_m_s[0] * time_s) / self.texel_m

    def transmittance(self, east_m: Array, north_m: Array, secant: Array, time_s: float) -> Array:
        """Return what passes the layer at places (K,) on the map, seen under a secant (K,); 1 where a place is NaN."""
        early, late, share = self._around(time_s)
        out = np.ones(len(secant))
        transmit_layer(
            early, late, share, np.stack(self.texels(east_m, north_m, time_s)), secant, self.threshold, out
        )  # fmt: skip
        return out

    def nodes(self, view: View, atmospheres: Sequence[Atmosphere]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return what `overlay` needs on nodes: secant (A, C), and tops as parabolas in the depth (B, 3, A, C)."""
        secant, cos_sun = np.nan_to_num(view.secant, nan=1.0), np.nan_to_num(view.cos_sun, nan=-1.0)
        out = np.empty((len(atmospheres), 3, *secant.shape), np.float32)
        levels = self.layer.altitude + self.layer.thickness * np.array([0.0, 0.5, 1.0])
        for b, atmosphere in enumerate(atmospheres):
            low, middle, high = (top_radiance(self.layer, atmosphere, h, secant, cos_sun) for h in levels)
            out[b] = low, 4 * middle - 3 * low - high, 2 * (low + high) - 4 * middle
        return secant.astype(np.float32), out
