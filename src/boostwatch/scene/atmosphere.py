"""Transmittance to space and thermal path radiance of four model atmospheres, from LOWTRAN7 tables.

The tables (Kneizys et al., AFGL-TR-88-0177; no aerosol) hold band means at altitudes and zenith angles. Between them
the logarithm is interpolated linearly in altitude and in the secant of the zenith angle. A band mean depends on the
spectrum that is sent through it: the tables hold one for a flat spectrum and one for 1500 K, and the difference is
taken as linear in the mean wavelength of the source in the band. That brings the thermal radiances of LOWTRAN7's own
spectral products within 3 %, where the flat mean misses 20 % at 2.7 um.

Emission lines of a plume coincide with absorption lines of the air; a band mean for a continuum source is a first
approximation there.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostwatch.errors import BadData
from boostwatch.scene.radiometry import mean_wavelength

Array = NDArray[np.float64]

MAX_SECANT = 10.0
TWO_WAY = 0.6
"""Share of the total-path value in a two-way transmittance; see `Atmosphere.two_way`."""

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


def _interpolate(table: Array, rows: Array, columns: Array, row: Array, column: Array) -> Array:
    """Bilinear interpolation of ``table[rows, columns]``; held beyond the rows, continued beyond the columns."""
    i = np.clip(np.searchsorted(rows, row, "right") - 1, 0, len(rows) - 2)
    j = np.clip(np.searchsorted(columns, column, "right") - 1, 0, len(columns) - 2)
    u = np.clip((row - rows[i]) / (rows[i + 1] - rows[i]), 0.0, 1.0)
    v = np.maximum((column - columns[j]) / (columns[j + 1] - columns[j]), 0.0)
    out: Array = (1 - u) * ((1 - v) * table[i, j] + v * table[i, j + 1]) + u * (
        (1 - v) * table[i + 1, j] + v * table[i + 1, j + 1]
    )
    return out


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
        m, b = [str(name) for name in tables["models"]].index(model), band
        self.model, self.lower_um, self.upper_um = model, lower_um, upper_um
        self._altitude, self._path_altitude = tables["altitude_km"], tables["path_altitude_km"]
        self._secant = 1 / np.cos(np.radians(tables["zenith_deg"]))
        self._path_secant = 1 / np.cos(np.radians(tables["path_zenith_deg"]))
        self._flat = np.log(tables["transmittance"][m, b].astype(np.float64))
        self._hot = np.log(tables["transmittance_1500k"][m, b].astype(np.float64))
        self._path = np.log(tables["path_radiance"][m, b].astype(np.float64))
        self._middle = 0.5 * (lower_um + upper_um)
        self._hot_shift = float(mean_wavelength(lower_um, upper_um, 1500.0)) - self._middle

    def transmittance(self, altitude_m: ArrayLike, secant: ArrayLike, temperature_k: ArrayLike | None = None) -> Array:
        """Return the band-mean transmittance from an altitude to space.

        Parameters
        ----------
        altitude_m : array_like
            Of the source; above the table (80 km) the air is clear.
        secant : array_like
            Of the local zenith angle at the source, limited to 10; broadcasts with the altitude.
        temperature_k : array_like, optional
            Of a Planck source whose spectrum weights the mean; flat by default.

        Returns
        -------
        float64
            In [0, 1], of the arguments' broadcast shape.
        """
        h = np.asarray(altitude_m, np.float64) / 1e3
        s = np.clip(np.asarray(secant, np.float64), 1.0, MAX_SECANT)
        out = np.exp(_interpolate(self._flat, self._altitude, self._secant, h, s))
        if temperature_k is not None:
            hot = np.exp(_interpolate(self._hot, self._altitude, self._secant, h, s))
            shift = mean_wavelength(self.lower_um, self.upper_um, temperature_k) - self._middle
            out = out + (hot - out) / self._hot_shift * shift
        return np.clip(np.where(h >= self._altitude[-1], 1.0, out), 0.0, 1.0)

    def two_way(self, altitude_m: ArrayLike, secant_up: ArrayLike, secant_down: ArrayLike) -> Array:
        """Return the transmittance of sunlight down to an altitude and up again.

        Between the product of the two one-way means (as if lines did not coincide) and the mean over the total air mass
        (as if every line did), weighted 0.4 to 0.6 in the logarithm: within 5 % of LOWTRAN7's products at 20 cm-1.
        """
        up, down = np.asarray(secant_up, np.float64), np.asarray(secant_down, np.float64)
        product = self.transmittance(altitude_m, up) * self.transmittance(altitude_m, down)
        total = self.transmittance(altitude_m, up + down)
        out: Array = total**TWO_WAY * product ** (1 - TWO_WAY)
        return out

    def path_radiance(self, altitude_m: ArrayLike, secant: ArrayLike) -> Array:
        """Return the thermal radiance of the air above an altitude, W/m2/sr/um; it thins out above 30 km."""
        h = np.asarray(altitude_m, np.float64) / 1e3
        s = np.clip(np.asarray(secant, np.float64), 1.0, 3.0)
        out: Array = np.exp(_interpolate(self._path, self._path_altitude, self._path_secant, h, s))
        top = self._path_altitude[-1]
        out *= np.exp(-np.maximum(h - top, 0.0) / 7.0)
        return out

    def temperature(self, altitude_m: ArrayLike) -> Array:
        """Return the air temperature up to the lower stratosphere, K: a lapse rate down to the tropopause."""
        surface, lapse, floor = _PROFILES[self.model]
        out: Array = np.maximum(surface - lapse * np.asarray(altitude_m, np.float64) / 1e3, floor)
        return out
