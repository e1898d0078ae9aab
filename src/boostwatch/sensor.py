"""What generator and finder share of a sensor: pixel to ray and back, point spread, noise figures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from boostwatch.geometry import intersect_earth, quaternion_to_matrix

PLANCK_J_S = 6.62607015e-34
LIGHT_M_S = 299792458.0


@dataclass(frozen=True)
class Band:
    """One spectral band of a sensor; the names are those of ``/sensor/bands``.

    ``irradiance_per_e`` is the irradiance at the aperture (W/m2, in band, on the whole PSF) that makes one electron
    in the exposure. NaN stands for what a foreign file did not tell.
    """

    name: str
    lower_um: float = np.nan
    upper_um: float = np.nan
    psf_sigma_px: float = np.nan
    gain_e_per_dn: float = np.nan
    offset_dn: float = np.nan
    read_noise_e: float = np.nan
    dark_e_per_s: float = np.nan
    full_well_e: float = np.nan
    irradiance_per_e: float = np.nan

    @property
    def signal_unit(self) -> str:
        """Unit of signals found in it: ``electron``, or ``DN`` if its gain is not known."""
        return "electron" if np.isfinite(self.gain_e_per_dn) and self.gain_e_per_dn > 0 else "DN"

    @property
    def irradiance_per_signal(self) -> float:
        """Irradiance at the aperture, W/m2, of one unit of signals found in it; NaN if its gain is not known."""
        return self.irradiance_per_e if self.signal_unit == "electron" else float("nan")


@dataclass(frozen=True)
class Sensor:
    """A staring camera: pixel to ray is the tangent plane ``((x - cx)*ifov, (y - cy)*ifov, 1)``."""

    name: str
    ifov_rad: float
    cx: float
    cy: float
    frame_period_s: float
    integration_s: float
    bands: tuple[Band, ...]

    @property
    def signal_unit(self) -> str:
        """Unit of signals found in its frames: ``electron``, ``DN`` if no gain is known, ``""`` if some is not."""
        units = {band.signal_unit for band in self.bands}
        return units.pop() if len(units) == 1 else ""

    def rays(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """Return unit vectors in camera coordinates.

        Parameters
        ----------
        x, y : array_like (...)
            Pixel positions; NaN gives NaN.

        Returns
        -------
        float64 (..., 3)
        """
        tx = (np.asarray(x, np.float64) - self.cx) * self.ifov_rad
        ty = (np.asarray(y, np.float64) - self.cy) * self.ifov_rad
        ray = np.stack(np.broadcast_arrays(tx, ty, 1.0), axis=-1)
        out: NDArray[np.float64] = ray / np.linalg.norm(ray, axis=-1, keepdims=True)
        return out

    def project(self, vector: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the pixel position of camera vectors (..., 3); NaN for what lies behind the camera."""
        v = np.asarray(vector, np.float64)
        depth = np.where(v[..., 2] > 0, v[..., 2], np.nan)
        return v[..., 0] / depth / self.ifov_rad + self.cx, v[..., 1] / depth / self.ifov_rad + self.cy


class SightedPoint:
    """The point that the optical axis met in the first frame: where it lies in others by their reported attitudes.

    It is a point of the ground, or one very far away where the axis misses the Earth.
    """

    def __init__(self, sensor: Sensor) -> None:
        self._sensor = sensor
        self._point: NDArray[np.float64] | None = None
        self._first = np.zeros(2)

    def shift(self, position_m: NDArray[np.float64], attitude: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how far (2,) it lies from where it lay in the first frame with pointing, px; NaN without.

        Parameters
        ----------
        position_m : float64 (3,)
            Sensor in ITRS, m.
        attitude : float64 (4,)
            Quaternion (w, x, y, z), camera to ITRS.
        """
        if not (np.isfinite(position_m).all() and np.isfinite(attitude).all()):
            return np.full(2, np.nan)
        camera = quaternion_to_matrix(attitude)
        first = self._point is None
        if self._point is None:
            line = camera[:, 2]
            ground = intersect_earth(position_m, line)
            self._point = ground if np.isfinite(ground).all() else position_m + 1e12 * line
        place = np.array(self._sensor.project((self._point - position_m) @ camera))
        if first:
            self._first = place
        out: NDArray[np.float64] = place - self._first
        return out


def photon_energy_j(lower_um: float, upper_um: float) -> float:
    """Return the energy of a photon at the middle of a band, J."""
    return PLANCK_J_S * LIGHT_M_S / (0.5e-6 * (lower_um + upper_um))


def gaussian_psf(sigma_px: float, dx: float = 0.0, dy: float = 0.0, radius: int = 3) -> NDArray[np.float64]:
    """Return a Gaussian point spread integrated over pixels.

    Parameters
    ----------
    sigma_px : float
        Standard deviation of the optics, px.
    dx, dy : float
        Position of the source from the centre of the middle pixel, px.
    radius : int
        The kernel has ``2*radius + 1`` pixels a side.

    Returns
    -------
    float64 (2*radius + 1, 2*radius + 1), axes (y, x)
        Fraction of the light in each pixel; the sum falls short of 1 by what lies outside the kernel.
    """
    edges = np.arange(-radius, radius + 2) - 0.5

    def line(shift: float) -> NDArray[np.float64]:
        out: NDArray[np.float64] = np.diff(ndtr((edges - shift) / sigma_px))
        return out

    return np.outer(line(dy), line(dx))
