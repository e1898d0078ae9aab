"""Transmittance, thermal path radiance and limb radiance of four model atmospheres, from LOWTRAN7 tables.

The tables (Kneizys et al., AFGL-TR-88-0177; 20 cm-1 resolution, no aerosol) reach from the ground to 80 km and from the
zenith to the horizon, refraction included. What is interpolated is the logarithm of the optical depth, by monotone
cubics (Fritsch and Carlson, SIAM J. Numer. Anal. 17, 1980) in altitude and in the logarithm of the air mass: depth
falls nearly as an exponential with height and grows as a power of the air mass (the curve of growth), so both are
almost straight. `docs/physics/earth.md` states the error.

A band mean depends on the spectrum that is sent through it. The tables hold four: black bodies of 290, 1500 and 5772 K
and a flat one; between them the mean is taken as linear in the source's mean wavelength in the band.

Emission lines of a plume coincide with absorption lines of the air; a band mean for a continuum source is a first
approximation there.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import PchipInterpolator

from boostwatch.errors import BadData
from boostwatch.scene.radiometry import SUN_TEMPERATURE_K, mean_wavelength
from boostwatch_kernels.tables import bicubic

Array = NDArray[np.float64]

TOP_M = 100e3
"""Above this the tables know no air."""

FLAT, SUN = 1, 3
_SOURCES_K = (290.0, None, 1500.0, SUN_TEMPERATURE_K)

# Surface temperature (K), lapse rate (K/km) and tropopause temperature (K) of the model atmospheres, rounded from the
# profiles of AFGL-TR-86-0110.
_PROFILES = {
    "tropical": (299.7, 6.3, 195.0),
    "midlat_summer": (294.2, 6.1, 215.7),
    "midlat_winter": (272.2, 5.4, 216.0),
    "us_standard_1976": (288.15, 6.5, 216.65),
}


@cache
def _tables() -> dict[str, NDArray[Any]]:
    with files("boostwatch.scene").joinpath("data/lowtran7.npz").open("rb") as stream, np.load(stream) as archive:
        return {name: archive[name] for name in archive.files}


def tabulated_bands() -> list[tuple[float, float]]:
    """Return the bands (lower, upper) in um that the tables hold."""
    return [(float(a), float(b)) for a, b in _tables()["bands_um"]]


def find_band(lower_um: float, upper_um: float, *, place: str) -> int:
    """Return a band's place in the tables; BadData where it has none."""
    near = np.all(np.abs(_tables()["bands_um"] - (lower_um, upper_um)) < 1e-6, axis=1)
    if near.any():
        return int(np.argmax(near))
    raise BadData(
        "no atmospheric table for this band",
        place=place,
        found=f"{lower_um:.2f} to {upper_um:.2f} um",
        allowed=", ".join(f"{a:.2f} to {b:.2f} um" for a, b in tabulated_bands()),
    )


def air_mass(secant: ArrayLike) -> Array:
    """Return the effective air mass of a slant path from the ground, finite (38) at the horizon.

    Kasten and Young (Appl. Opt. 28, 4735, 1989). It serves as the coordinate of the tables, which themselves hold what
    LOWTRAN7 found at that zenith angle.

    Parameters
    ----------
    secant : array_like (...)
        Of the zenith angle, 1 to infinity; below 1 counts as 1.

    Returns
    -------
    float64 (...)
    """
    cosine = 1 / np.maximum(np.asarray(secant, np.float64), 1.0)
    out: Array = 1 / (cosine + 0.50572 * (96.07995 - np.degrees(np.arccos(cosine))) ** -1.6364)
    return out


class _Surface:
    """Monotone bicubic through ``table[row, column]``, continued linearly beyond its edges."""

    def __init__(self, rows: Array, columns: Array, table: Array) -> None:
        self.rows, self.columns = rows, columns
        by_row = PchipInterpolator(rows, table, axis=0)(rows, 1)
        by_column = PchipInterpolator(columns, table, axis=1)(columns, 1)
        both = PchipInterpolator(rows, by_column, axis=0)(rows, 1)
        self.parts = np.stack([table, by_row, by_column, both])

    def __call__(self, row: Array, column: Array) -> Array:
        row, column = np.broadcast_arrays(row, column)
        out = np.empty(row.size)
        y, x = (np.array(a, np.float64).reshape(-1) for a in (row, column))
        bicubic(self.rows, self.columns, self.parts, y, x, out)
        return out.reshape(row.shape)


@lru_cache(maxsize=256)
def _mean_um(lower_um: float, upper_um: float, temperature_k: float) -> Array:
    return mean_wavelength(lower_um, upper_um, temperature_k)


class Atmosphere:
    """One model atmosphere in one band.

    Parameters
    ----------
    model : str
        ``tropical``, ``midlat_summer``, ``midlat_winter`` or ``us_standard_1976``.
    lower_um, upper_um : float
        The band; it must be one of `tabulated_bands`.
    place : str
        Key path for the message.

    Raises
    ------
    BadData
        The band is not tabulated.
    """

    def __init__(self, model: str, lower_um: float, upper_um: float, *, place: str = "sensor.bands") -> None:
        tables = _tables()
        band = find_band(lower_um, upper_um, place=place)
        m = [str(name) for name in tables["models"]].index(model)
        self.model, self.lower_um, self.upper_um = model, lower_um, upper_um
        rows, columns = tables["altitude_km"], np.log(air_mass(1 / np.cos(np.radians(tables["zenith_deg"]))))
        depth = tables["log_depth"][m, band].astype(np.float64)
        self._depth = [_Surface(rows, columns, depth[..., k]) for k in range(depth.shape[-1])]
        self._path = _Surface(rows, columns, tables["log_path_radiance"][m, band].astype(np.float64))
        self._limb_km = tables["limb_altitude_km"]
        self._limb = PchipInterpolator(self._limb_km, tables["log_limb_radiance"][m, band].astype(np.float64))
        self._growth_km, self._growth = tables["growth_altitude_km"], tables["growth"][m, band].astype(np.float64)
        middle = 0.5 * (lower_um + upper_um)
        self._mean_um = np.array(
            [middle if k is None else float(mean_wavelength(lower_um, upper_um, k)) for k in _SOURCES_K]
        )
        self._order = np.argsort(self._mean_um)

    def _through(self, source: int, h_km: Array, mass: Array) -> Array:
        """Band mean of one of the tabulated sources."""
        depth = np.exp(self._depth[source](h_km, np.log(mass)))
        return np.where(h_km >= TOP_M / 1e3, 1.0, np.exp(-depth))

    def transmittance(self, altitude_m: ArrayLike, secant: ArrayLike, temperature_k: ArrayLike | None = None) -> Array:
        """Return the band-mean transmittance from an altitude to space.

        Parameters
        ----------
        altitude_m : array_like
            Of the source; above 100 km the air is clear.
        secant : array_like
            Of the local zenith angle at the source, 1 to infinity (the horizon); broadcasts with the altitude.
        temperature_k : array_like, optional
            Of a Planck source whose spectrum weights the mean; flat by default.

        Returns
        -------
        float64
            In [0, 1], of the arguments' broadcast shape.
        """
        h, mass = np.asarray(altitude_m, np.float64) / 1e3, air_mass(secant)
        if temperature_k is None:
            return self._through(FLAT, h, mass)
        if isinstance(temperature_k, float):
            at = _mean_um(self.lower_um, self.upper_um, temperature_k)
        else:
            at = mean_wavelength(self.lower_um, self.upper_um, temperature_k)
        order, nodes = self._order, self._mean_um[self._order]
        if at.ndim == 0:  # one spectrum lies between two of the tabulated
            i = int(np.clip(np.searchsorted(nodes, at, "right") - 1, 0, len(nodes) - 2))
            low, high = (self._through(int(order[i + k]), h, mass) for k in (0, 1))
            one: Array = np.clip(low + (high - low) * (at - nodes[i]) / (nodes[i + 1] - nodes[i]), 0.0, 1.0)
            return one
        means = np.stack([np.broadcast_to(self._through(int(k), h, mass), np.broadcast_shapes(h.shape, mass.shape))
                          for k in order])  # fmt: skip
        where = np.clip(np.searchsorted(nodes, at, "right") - 1, 0, len(nodes) - 2)
        low, high = (np.choose(where + k, means) for k in (0, 1))
        out = low + (high - low) * (at - nodes[where]) / (nodes[where + 1] - nodes[where])
        clipped: Array = np.clip(out, 0.0, 1.0)
        return clipped

    def spectrum(self, temperature_k: float) -> tuple[Array, Array, float]:
        """Return the tables of the two spectra next to a Planck source's, as `tables.Air` has them, and its place."""
        nodes = self._mean_um[self._order]
        at = float(_mean_um(self.lower_um, self.upper_um, temperature_k))
        i = int(np.clip(np.searchsorted(nodes, at, "right") - 1, 0, len(nodes) - 2))
        low, high = (self._depth[int(self._order[i + k])].parts for k in (0, 1))
        return low, high, (at - nodes[i]) / (nodes[i + 1] - nodes[i])

    @property
    def lattice(self) -> tuple[Array, Array]:
        """Heights (R,), km, and logarithms of the air mass (C,) of the tables."""
        return self._depth[0].rows, self._depth[0].columns

    def two_way(self, altitude_m: ArrayLike, secant_up: ArrayLike, secant_down: ArrayLike) -> Array:
        """Return the transmittance of sunlight down to an altitude and up again.

        The band mean of the product of both ways at 20 cm-1. Where depth grows as the ``p``-th power of the air mass at
        each wavenumber, that product is the mean at the air mass ``(up**p + down**p)**(1/p)``; see `growth`. The
        arguments broadcast.
        """
        up, down, p = air_mass(secant_up), air_mass(secant_down), self.growth(altitude_m)
        return self._through(SUN, np.asarray(altitude_m, np.float64) / 1e3, (up**p + down**p) ** (1 / p))

    def growth(self, altitude_m: ArrayLike) -> Array:
        """Return the exponent of the curve of growth that fits LOWTRAN7's two-way transmittances from an altitude."""
        out: Array = np.interp(np.asarray(altitude_m, np.float64) / 1e3, self._growth_km, self._growth)
        return out

    def log_sun_depth(self, mass: ArrayLike) -> Array:
        """Return the logarithm of the optical depth of the whole air for sunlight, over the effective air mass."""
        return self._depth[SUN](np.zeros(()), np.log(np.asarray(mass, np.float64)))

    def path_radiance(self, altitude_m: ArrayLike, secant: ArrayLike) -> Array:
        """Return the thermal radiance of the air above an altitude, W/m2/sr/um; none above 100 km."""
        h = np.asarray(altitude_m, np.float64) / 1e3
        out: Array = np.exp(self._path(h, np.log(air_mass(secant))))
        return np.where(h >= TOP_M / 1e3, 0.0, out)

    def limb_radiance(self, tangent_height_m: ArrayLike) -> Array:
        """Return the thermal radiance of a path that misses the ground, W/m2/sr/um.

        Parameters
        ----------
        tangent_height_m : array_like (...)
            Least height above the ellipsoid along the path; below 100 m the value there, above 90 km on as an
            exponential, above 100 km 0. NaN gives NaN.

        Returns
        -------
        float64 (...)
        """
        height = np.asarray(tangent_height_m, np.float64) / 1e3
        h = np.clip(height, self._limb_km[0], TOP_M / 1e3)
        top = self._limb_km[-1]
        out: Array = np.exp(self._limb(np.minimum(h, top)) + np.maximum(h - top, 0.0) * float(self._limb(top, 1)))
        return np.where(height >= TOP_M / 1e3, 0.0, out)

    def temperature(self, altitude_m: ArrayLike) -> Array:
        """Return the air temperature up to the lower stratosphere, K: a lapse rate down to the tropopause."""
        surface, lapse, floor = _PROFILES[self.model]
        out: Array = np.maximum(surface - lapse * np.asarray(altitude_m, np.float64) / 1e3, floor)
        return out
