"""Random fields with a power-law spectrum, still or changing with time, even or intermittent."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Floats = NDArray[np.float32]
Spectrum = NDArray[np.complex64]


class FieldShape(NamedTuple):
    """What the spectrum of a field is like.

    ``slope`` of the two-dimensional power spectrum against wave number, negative; ``outer_cells`` the outer scale in
    cells, towards longer waves the spectrum flattens; ``stretch`` length over width of the structures and
    ``along_rad`` the direction of their length, clockwise from the axis of rows; ``intermittency`` the codimension of
    the mean of the cascade that `EvolvingField` multiplies in, 0 for a Gaussian field; ``inner_cells`` the wavelength,
    in cells, at which `EvolvingField` fades out by a factor e, as ``exp(-(k inner_cells)**2)``.
    """

    slope: float
    outer_cells: float
    stretch: float = 1.0
    along_rad: float = 0.0
    intermittency: float = 0.0
    inner_cells: float = 0.0


def _wave_numbers(shape: tuple[int, int]) -> tuple[Floats, Floats]:
    """Return the wave numbers (ky, kx) of a half-plane spectrum, cycles a cell."""
    return np.fft.fftfreq(shape[0]).astype(np.float32)[:, None], np.fft.rfftfreq(shape[1]).astype(np.float32)[None, :]


def _square_wave_number(shape: tuple[int, int], form: FieldShape) -> Floats:
    """Return the squared wave number, cycles a cell, in a metric in which the structures are round."""
    ky, kx = _wave_numbers(shape)
    if form.stretch == 1:
        return np.asarray(ky * ky + kx * kx, np.float32)
    c, s = np.float32(np.cos(form.along_rad)), np.float32(np.sin(form.along_rad))
    along, across = ky * c + kx * s, kx * c - ky * s
    out = np.asarray(along * along * form.stretch + across * across / form.stretch, np.float32)
    return out


def _amplitude(shape: tuple[int, int], form: FieldShape) -> Floats:
    """Return the factors that colour white noise, 0 for the mean."""
    square = _square_wave_number(shape, form)
    out: Floats = (square + np.float32(form.outer_cells**-2.0)) ** np.float32(form.slope / 4)
    out[0, 0] = 0.0
    return out


def _inverse(spectrum: NDArray[np.complexfloating], shape: tuple[int, int]) -> Floats:
    return np.asarray(fft.irfft2(spectrum, s=shape), np.float32)


def _white(shape: tuple[int, int], rng: np.random.Generator) -> Spectrum:
    return np.asarray(fft.rfft2(rng.standard_normal(shape, dtype=np.float32)), np.complex64)


def power_law_field(shape: tuple[int, int], slope: float, outer_cells: float, rng: np.random.Generator) -> Floats:
    """Return a periodic Gaussian field, mean 0 and standard deviation 1.

    Parameters
    ----------
    shape : tuple of int
        Cells (y, x).
    slope : float
        Of the two-dimensional power spectrum against wave number, negative.
    outer_cells : float
        Outer scale in cells: towards longer waves the spectrum flattens.
    rng : numpy.random.Generator
        Source of the field.

    Returns
    -------
    float32 (y, x)
    """
    out = _inverse(_white(shape, rng) * _amplitude(shape, FieldShape(slope, outer_cells)), shape)
    return out / np.float32(out.std(dtype=np.float64))


def cascade(shape: tuple[int, int], form: FieldShape, rng: np.random.Generator) -> Floats:
    """Return the density of a log-normal cascade, positive, mean square 1.

    Its logarithm is a Gaussian field with a spectrum of slope -2 from the outer scale down to a cell, so that moments
    scale as ``<e**q> ~ ratio**(C (q**2 - q))`` with the codimension C of the mean (Schertzer and Lovejoy, J. Geophys.
    Res. 92, 9693, 1987): the same relative contrast at each scale, gathered in ever fewer places.

    Returns
    -------
    float32 (y, x)
    """
    logarithm = _inverse(_white(shape, rng) * _amplitude(shape, form._replace(slope=-2.0)), shape)
    variance = 2 * form.intermittency * np.log(max(form.outer_cells, 2.0))
    out: Floats = np.exp(logarithm * np.float32(np.sqrt(variance) / logarithm.std(dtype=np.float64)))
    return out / np.float32(np.sqrt(np.mean(np.square(out, dtype=np.float64))))


class EvolvingField:
    """A power-law field whose structures live as long as their size lets them.

    Every wave of a white field turns its phase at a steady rate drawn from a normal distribution of width
    ``1/lifetime``, so that the correlation of a wave with itself falls as ``exp(-(t/lifetime)^2 / 2)`` and the spectrum
    stays what it is. The lifetime grows with the wavelength to the power 2/3, as the turnover of eddies does in the
    inertial range (Kolmogorov, 1941). Any moment can be had without those before it.

    The white field is then multiplied by a cascade, which makes some regions rough and others smooth, and integrated to
    a fraction so that it has its slope: the fractionally integrated flux of Schertzer and Lovejoy (1987), which has the
    edges and the rare strong gradients that a field of random phases lacks. Since white times anything is white, the
    spectrum is not changed. The cascade itself is frozen: regions keep their character for longer than their parts
    live.

    Parameters
    ----------
    shape : tuple of int
        Cells (y, x).
    form : FieldShape
    lifetime_s : float
        Of waves of ``reference_cells``; infinite for a frozen field.
    reference_cells : float
        Wavelength that ``lifetime_s`` belongs to, cells.
    rng : numpy.random.Generator
        Of waves and their rates.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        form: FieldShape,
        lifetime_s: float,
        reference_cells: float,
        rng: np.random.Generator,
    ) -> None:
        self.shape = shape
        self._spectrum = _white(shape, rng)
        self._amplitude = _amplitude(shape, form)
        if form.inner_cells > 0:
            ky, kx = _wave_numbers(shape)
            self._amplitude *= np.exp(-(ky * ky + kx * kx) * np.float32(form.inner_cells**2))
        self.frozen = not np.isfinite(lifetime_s)
        self._rate: NDArray[np.float32] = np.zeros((1, 1), np.float32)
        if not self.frozen:
            ky, kx = _wave_numbers(shape)
            waves = np.hypot(kx, ky) * np.float32(reference_cells)
            rate = rng.standard_normal(self._spectrum.shape, dtype=np.float32) * waves ** np.float32(2 / 3)
            # A real field holds each wave of the first column twice, turning opposite ways.
            half = (shape[0] - 1) // 2
            rate[-half:, 0] = -rate[1 : half + 1, 0][::-1]
            self._rate = np.asarray(rate / np.float32(lifetime_s), np.float32)
        self._density = cascade(shape, form, rng) if form.intermittency > 0 else None
        self._amplitude /= np.float32(self.at(0.0).std(dtype=np.float64))

    def at(self, time_s: float) -> Floats:
        """Return the field at a time, float32 (y, x); mean 0, and at time 0 standard deviation 1."""
        spectrum = self._spectrum
        if not self.frozen and time_s != 0:
            angle = self._rate * np.float32(time_s)
            turn = np.empty(angle.shape, np.complex64)  # three times as fast as exp of a complex number
            np.cos(angle, out=turn.real)
            np.sin(angle, out=turn.imag)
            spectrum = spectrum * turn
        if self._density is not None:
            spectrum = np.asarray(fft.rfft2(_inverse(spectrum, self.shape) * self._density), np.complex64)
        return _inverse(spectrum * self._amplitude, self.shape)
