"""Point spread of a band's optics: stamps of small sources, and filter taps for the whole scene.

Gaussian optics are followed in closed form. Others are held as their transfer function on a fine frequency grid, to
which line-of-sight smear, pixel and filter are factors.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import j1

from boostwatch.errors import BadData
from boostwatch.scene.scenario import AiryPsf, GaussianPsf, ImagePsf, SensorModel
from boostwatch.scene.taps import MAX_RANK, Cells, products, spline_taps
from boostwatch_kernels.pointspread import GAUSSIAN_REACH, stamp_gaussian, stamp_table

Array = NDArray[np.float64]
Image = NDArray[np.float32]

FINE = 16
"""Samples a pixel of the fine grid: it carries 8 cycles a pixel."""
STEPS = 8
"""Sub-pixel positions a pixel of a stamp's table."""
MAX_REACH_PX = 24
MAX_IMAGE_PX = 64
MAX_IMAGE_SAMPLES = 1024
_NARROWEST_AIRY_PX = 0.15  # lambda over aperture; narrower ones vanish in the pixel
_WAVELENGTHS = 9


def psf_files(sensor: SensorModel) -> list[str]:
    """Return the files, relative to the scenario's own place, that hold point spreads; each once."""
    shapes = [sensor.figures(i).psf for i in range(len(sensor.bands))]
    return list(dict.fromkeys(shape.file for shape in shapes if isinstance(shape, ImagePsf)))


def airy_pattern(radius: Array, obscuration: float) -> Array:
    """Return the diffraction pattern of an annular aperture relative to its peak.

    Parameters
    ----------
    radius : float64 (...)
        Angle over ``wavelength / diameter``.
    obscuration : float
        Inner over outer diameter.

    Notes
    -----
    Born & Wolf, Principles of Optics, 8.6.2: ``[(2 J1(v)/v - e**2 2 J1(e v)/(e v)) / (1 - e**2)]**2``, ``v = pi r``.
    """

    def jinc(v: Array) -> Array:
        safe = np.where(v == 0, 1.0, v)
        return np.where(v == 0, 1.0, 2 * j1(safe) / safe)

    v = np.pi * np.asarray(radius, np.float64)
    amplitude = jinc(v) - obscuration**2 * jinc(obscuration * v)
    out: Array = (amplitude / (1 - obscuration**2)) ** 2
    return out


def _airy_density(pixels: int, reach: float, scales: Array, obscuration: float) -> Array:
    """Return the mean pattern of several wavelengths on the fine grid, faded out at ``reach`` px, sum 1."""
    axis = (np.arange(pixels * FINE) - pixels * FINE // 2) / FINE
    r = np.hypot(axis[:, None], axis)
    line = np.linspace(0, reach, int(reach * 200) + 2)
    # The same energy at each wavelength: the peak goes with the inverse square of the pattern's size.
    profile = np.mean([airy_pattern(line / s, obscuration) / s**2 for s in scales], axis=0)
    fade = np.cos(0.5 * np.pi * np.clip((line / reach - 0.85) / 0.15, 0, 1)) ** 2
    density = np.interp(r, line, profile * fade, right=0.0)
    out: Array = density / density.sum()
    return out


class PointSpread:
    """Point spread of one band, pixels included wherever pixels are written.

    Parameters
    ----------
    psf : GaussianPsf, AiryPsf or ImagePsf
    sigma_px : float
        Of Gaussian optics.
    scales_px : float64 (M,)
        Wavelengths over aperture and pixel angle, over which an Airy pattern is averaged with even weights.
    image : array (y, x), optional
        What `ImagePsf` names.
    smear_px : float
        Sigma of the line of sight during the exposure, both axes.

    Attributes
    ----------
    sigma_px : float
        Of the Gaussian optics that have, integrated over pixels, the same noise-equivalent area ``1 / sum(p**2)``, mean
        over sub-pixel positions: a matched filter then sees the same noise. Smear included.
    """

    def __init__(
        self,
        psf: GaussianPsf | AiryPsf | ImagePsf,
        *,
        sigma_px: float = 0.7,
        scales_px: Array | None = None,
        image: NDArray[np.generic] | None = None,
        smear_px: float = 0.0,
    ) -> None:
        self._gaussian = isinstance(psf, GaussianPsf)
        self._blur = smear_px
        if isinstance(psf, GaussianPsf):
            self.sigma_px = float(np.hypot(sigma_px, smear_px))
            self._blur = self.sigma_px
            self._reach = 6.0 * self.sigma_px + 5
        elif isinstance(psf, AiryPsf):
            scales = np.maximum(scales_px if scales_px is not None else np.ones(1), _NARROWEST_AIRY_PX)
            self._blur = float(np.hypot(psf.blur, smear_px))
            core = float(np.clip(10 * scales.max() / (1 - psf.obscuration), 4, MAX_REACH_PX))
            self._reach = core + 4 * self._blur
        else:
            array = _checked(psf, image)
            self._reach = max(array.shape) / psf.samples_per_pixel / 2 + 1 + 4 * smear_px
        self._pixels = 2 * int(np.ceil(self._reach + 3))
        self._f: Array = np.fft.fftfreq(self._pixels * FINE, 1 / FINE).astype(np.float64)
        if isinstance(psf, AiryPsf):
            density = _airy_density(self._pixels, core, scales, psf.obscuration)
            self._optics: NDArray[np.complex128] | None = np.fft.fft2(np.fft.ifftshift(density))
        else:
            self._optics = _image_transfer(self._f, array, psf.samples_per_pixel) if isinstance(psf, ImagePsf) else None
        if not self._gaussian:
            self.sigma_px = self._equivalent_sigma()

    def _gauss(self, f: Array) -> Array:
        out: Array = np.exp(-2 * (np.pi * self._blur * f) ** 2)
        return out

    def _equivalent_sigma(self) -> float:
        line = self._gauss(self._f) * np.sinc(self._f)
        assert self._optics is not None
        energy = float((np.abs(self._optics * np.outer(line, line)) ** 2).sum())

        def excess(sigma: float) -> float:
            one = (np.exp(-((2 * np.pi * sigma * self._f) ** 2)) * np.sinc(self._f) ** 2).sum()
            return float(one**2 / energy - 1)

        return float(brentq(excess, 1e-3, 50.0)) if excess(1e-3) > 0 else 1e-3

    @cached_property
    def _table(self) -> Image:
        """Pixel shares by sub-pixel position, see `pointspread.stamp_table`."""
        line = self._gauss(self._f) * np.sinc(self._f)
        assert self._optics is not None
        spread = np.fft.fftshift(np.fft.ifft2(self._optics * np.outer(line, line)).real)
        middle, step = len(spread) // 2, FINE // STEPS
        reach = self._pixels // 2 - 2
        k = np.arange(-reach, reach + 1) * FINE + middle
        starts = FINE // 2 - (np.arange(STEPS + 3) - 1) * step
        table = spread[(starts[:, None] + k)[:, None, :, None], (starts[:, None] + k)[None, :, None, :]]
        out: Image = (table / table.sum(axis=(2, 3), keepdims=True)).astype(np.float32)
        return np.ascontiguousarray(out)

    @property
    def reach_px(self) -> int:
        """Pixels around a point beyond which `stamp` adds nothing."""
        if self._gaussian:
            return int(np.ceil(GAUSSIAN_REACH * self.sigma_px)) + 2
        return self._pixels // 2

    def stamp(self, image: Image, x: Array, y: Array, share: Array, electrons: float) -> float:
        """Add a source to an image of electrons, integrated over pixels.

        Parameters
        ----------
        image : float32 (H, W), changed
            What falls outside is lost.
        x, y : float64 (K,)
            Points that stand for the source's path and extent, px; NaN is left out.
        share : float64 (K,)
            Of the light, sum 1.
        electrons : float
            Signal of the whole source; the stamp's sum is that within 1e-6 (Gaussian) or float32 rounding.

        Returns
        -------
        float
            Sum of the squared pixel shares of the whole source, on the image or off it.
        """
        x, y, share = (np.ascontiguousarray(a, dtype=np.float64) for a in (x, y, share))
        if self._gaussian:
            return float(stamp_gaussian(image, x, y, share, electrons, self.sigma_px))
        return float(stamp_table(image, x, y, share, electrons, self._table))

    def _spectrum(self, pixels: int) -> NDArray[np.complex128]:
        """Transfer of the optics on the fine grid, its period widened to ``pixels``."""
        assert self._optics is not None
        more = (pixels - self._pixels) * FINE // 2
        if not more:
            return self._optics
        density = np.fft.fftshift(np.fft.ifft2(self._optics).real)
        return np.fft.fft2(np.fft.ifftshift(np.pad(density, more)))

    def separable(
        self, oversample: int = 2, motion: tuple[float, float] = (0.0, 0.0), *, cells: Cells = "average"
    ) -> tuple[Image, Image]:
        """Return filter taps for a canvas of cells that is then read with the uniform cubic B-spline.

        For every shift ``p``, in cells, the sum over n of ``taps[n] B(p - n)`` is the point spread over the pixel box,
        as near as a spline comes, see `taps.spline_taps`.

        Parameters
        ----------
        oversample : int
            Cells a pixel and axis, at least 2.
        motion : tuple of float
            Way (x, y) of the scene over the exposure, px.
        cells : {"average", "sample", "even"}
            What a cell holds: the scene's mean over it (the pixel box is then ``oversample`` cells side by side, and no
            box is applied twice), its value in the middle, or the even radiance of a scene made of squares.

        Returns
        -------
        rows, columns : float32 (R, K)
            The filter is the sum over r of ``outer(rows[r], columns[r])``: ``rows`` acts along y, ``columns`` along x.
            K is odd and centred; the sum of all taps is 1. R is 1 for Gaussian optics without oblique motion, at most 6
            for others; as many as it takes with oblique motion.
        """
        pixels = self._pixels + 2 * int(np.ceil(np.abs(motion).max()))
        spectrum = None if self._gaussian else self._spectrum(pixels)

        def transfer(fx: Array, fy: Array) -> NDArray[np.inexact]:
            blur = np.outer(self._gauss(fy), self._gauss(fx))
            if spectrum is None:
                return blur
            held = np.outer(2 * np.abs(fy) < FINE, 2 * np.abs(fx) < FINE)
            rows, columns = (np.rint(f * pixels).astype(np.int64) % len(spectrum) for f in (fy, fx))
            return np.where(held, spectrum[np.ix_(rows, columns)], 0) * blur

        oblique = motion[0] != 0 and motion[1] != 0
        taps = spline_taps(transfer, pixels, oversample, motion, cells=cells)
        return products(taps, None if oblique else MAX_RANK)


def _checked(psf: ImagePsf, image: NDArray[np.generic] | None) -> Array:
    """Return the image of a point spread as float64, or say what is wrong with it."""
    array, place = np.asarray(image), f"psf.file = {psf.file}"
    if array.ndim != 2 or not array.size or array.dtype.kind not in "buif":
        raise BadData("a point spread is one real image (y, x)", place=place, found=f"{array.dtype} {array.shape}")
    width = max(array.shape) / psf.samples_per_pixel
    if max(array.shape) > MAX_IMAGE_SAMPLES or width > MAX_IMAGE_PX:
        raise BadData(
            "a point spread is too wide",
            place=place,
            found=f"{max(array.shape)} samples, {width:g} px",
            allowed=f"at most {MAX_IMAGE_SAMPLES} samples and {MAX_IMAGE_PX} px",
        )
    out = array.astype(np.float64)
    if not np.isfinite(out).all() or not out.sum() > 0:
        raise BadData("a point spread must be finite, its sum positive", place=place, found=f"sum {out.sum()}")
    out /= out.sum()
    return out


def _image_transfer(f: Array, image: Array, samples_per_pixel: float) -> NDArray[np.complex128]:
    """Transfer of a sampled point spread about its centroid, 0 beyond the frequencies that its samples carry."""
    lines: list[NDArray[np.complex128]] = []
    for axis in (0, 1):
        profile = image.sum(axis=1 - axis)
        place = np.arange(len(profile), dtype=np.float64)
        place = (place - place @ profile) / samples_per_pixel
        wave = np.exp(-2j * np.pi * np.outer(f, place))
        lines.append(np.where(2 * np.abs(f[:, None]) < samples_per_pixel, wave, 0))
    transfer: NDArray[np.complex128] = lines[0] @ image @ lines[1].T
    return transfer


def build_point_spread(
    sensor: SensorModel, band: int, images: Mapping[str, NDArray[np.generic]] | None = None, *, smear_px: float = 0.0
) -> PointSpread:
    """Return the point spread of one band of a sensor.

    Parameters
    ----------
    sensor : SensorModel
    band : int
        Index into ``sensor.bands``.
    images : mapping of str to array, optional
        What `psf_files` asks for.
    smear_px : float
        See `PointSpread`.

    Returns
    -------
    PointSpread

    Raises
    ------
    BadData
        An image that is no point spread.
    """
    model, figures = sensor.bands[band], sensor.figures(band)
    # Midpoints of even parts of the band.
    wavelengths = model.lower + (model.upper - model.lower) * (np.arange(_WAVELENGTHS) + 0.5) / _WAVELENGTHS
    return PointSpread(
        figures.psf,
        sigma_px=figures.psf_sigma_px,
        scales_px=1e-6 * wavelengths / sensor.aperture / sensor.ifov,
        image=(images or {}).get(figures.psf.file) if isinstance(figures.psf, ImagePsf) else None,
        smear_px=smear_px,
    )
