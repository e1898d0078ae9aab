"""Frames for the benchmarks, by a way of their own: oversampled, blurred, shifted in Fourier space, binned.

Nothing here is shared with ``boostwatch.scene``, so that the detection chain is not tested on its sibling's pictures
only. The scene is a cloud field (amplitude spectrum f^-1.4) with cloud edges (thresholded fields), contrast 25 % of the
mean, optics of 0.7 px, four samples a pixel and axis; shot and read noise, gain non-uniformity, 16 bits.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import binary_dilation
from scipy.special import ndtr

OVERSAMPLING = 4
OFFSET_DN = 100.0
RIM = 12  # pixels around the frame, so that shifts never wrap into it
FASTEST = 0.2  # px/frame of a target
SURE = 9.0  # snr of the strongest faint target
EDGE = 0.06  # of the mean a pixel


@dataclass(frozen=True)
class SceneKind:
    """What makes a benchmark scene."""

    name: str
    jitter: float = 0.0  # px rms an axis
    drift: float = 0.0  # px/frame along x (half of it along y)
    contrast: float = 0.25  # rms over mean
    edges: float = 0.6  # share of the contrast in sharp cloud edges
    mean_e: float = 2.0e5
    non_uniformity: float = 0.002
    read_e: float = 50.0
    gain_e_per_dn: float = 8.0
    psf_sigma: float = 0.7
    bad_share: float = 0.0


SOFT = SceneKind("soft, no jitter", contrast=0.05, edges=0.0, non_uniformity=0.0)
SCENES = (
    SceneKind("jitter 0.1", jitter=0.1),
    SceneKind("jitter 0.3", jitter=0.3),
    SceneKind("drift 0.03 + jitter 0.05", jitter=0.05, drift=0.03),
)


@dataclass
class Target:
    """A point source that moves evenly in the scene."""

    onset: int
    x: float  # px in the scene at onset
    y: float
    vx: float
    vy: float
    snr: float
    signal_e: float = 0.0  # as of the frame made last

    def place(self, frame: int) -> tuple[float, float]:
        """Return the position in the scene, px."""
        return self.x + self.vx * (frame - self.onset), self.y + self.vy * (frame - self.onset)


@dataclass
class Scene:
    """A stack that makes its frames one by one: ``frame(i)`` depends on the seed and ``i`` alone."""

    kind: SceneKind
    size: int
    frames: int
    seed: int
    targets: list[Target] = field(default_factory=list)
    light: NDArray[np.float64] | None = None
    """The scene in e, `OVERSAMPLING` samples a pixel and axis, ``RIM`` pixels larger all around; clouds if None."""

    def __post_init__(self) -> None:
        rng = np.random.default_rng([self.seed, 0])
        kind = self.kind
        self.path = rng.normal(0.0, kind.jitter, (self.frames, 2))
        self.path += np.arange(self.frames)[:, None] * kind.drift * np.array([1.0, 0.5])
        self.path -= self.path[0]
        middle = 0.5 * (self.path.max(axis=0) + self.path.min(axis=0))
        self._middle = middle
        side = self.size + 2 * RIM
        light = cloud_field(side, kind, rng) if self.light is None else self.light
        self._spectrum = _on_detector(light, kind.psf_sigma)
        self._side = side
        self.gain = (1.0 + kind.non_uniformity * rng.normal(size=(self.size, self.size))).astype(np.float32)
        self.bad = rng.random((self.size, self.size)) < kind.bad_share

    def background_e(self, frame: int) -> NDArray[np.float64]:
        """Return the noiseless scene of a frame in electrons, (size, size)."""
        dx, dy = self.path[frame] - self._middle
        n = self._side * OVERSAMPLING
        fy, fx = _frequencies(n)
        phase = np.exp(-2j * np.pi * OVERSAMPLING * fy * dy) * np.exp(-2j * np.pi * OVERSAMPLING * fx * dx)
        image = fft.irfft2(self._spectrum * phase.astype(np.complex64), s=(n, n))[::OVERSAMPLING, ::OVERSAMPLING]
        return image[RIM:-RIM, RIM:-RIM].astype(np.float64)

    def place(self, target: Target, frame: int) -> tuple[float, float]:
        """Return where a target falls on the focal plane."""
        x, y = target.place(frame)
        return x + self.path[frame, 0], y + self.path[frame, 1]

    def frame(self, i: int) -> NDArray[np.uint16]:
        """Return frame ``i``, uint16 (size, size)."""
        scene = self.background_e(i)
        for target in self.targets:
            if i < target.onset:
                continue
            rows, columns, share = point(self.kind.psf_sigma, *self.place(target, i))
            if min(rows[0], columns[0]) >= 0 and max(rows[-1], columns[-1]) < self.size:
                # Truth's snr: matched filter against the noise of the pixel that the target falls on.
                noise = np.sqrt(scene[rows[3], columns[3]] + self.kind.read_e**2)
                target.signal_e = float(target.snr * noise / np.sqrt((share**2).sum()))
                scene[np.ix_(rows, columns)] += target.signal_e * share
        rng = np.random.default_rng([self.seed, 1, i])
        scene = scene + np.sqrt(np.maximum(scene, 0) + self.kind.read_e**2) * rng.standard_normal(scene.shape)
        dn = scene * self.gain / self.kind.gain_e_per_dn + OFFSET_DN
        dn[self.bad] = rng.choice([0.0, 65535.0], size=int(self.bad.sum()))
        return np.clip(np.rint(dn), 0, 65535).astype(np.uint16)


def point(sigma: float, x: float, y: float) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return rows, columns and shares (7, 7) of a point source's light."""
    columns, rows = round(x) + np.arange(-3, 4), round(y) + np.arange(-3, 4)

    def line(pixels: NDArray[np.int64], centre: float) -> NDArray[np.float64]:
        return ndtr((pixels + 0.5 - centre) / sigma) - ndtr((pixels - 0.5 - centre) / sigma)

    return rows, columns, np.outer(line(rows, y), line(columns, x))


def _frequencies(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.fft.fftfreq(n)[:, None], np.fft.rfftfreq(n)[None, :]


def cloud_field(side: int, kind: SceneKind, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return clouds of a side of so many pixels on the fine grid, e."""
    n = side * OVERSAMPLING
    f = np.hypot(*_frequencies(n))
    f[0, 0] = 1.0

    def field_of(slope: float) -> NDArray[np.float64]:
        spectrum = np.fft.rfft2(rng.standard_normal((n, n))) * f**-slope
        spectrum[0, 0] = 0.0
        image = np.fft.irfft2(spectrum, s=(n, n))
        return image / image.std()

    soft = field_of(1.4)
    hard = np.where(field_of(1.7) > 0.5, 1.0, 0.0)
    hard = (hard - hard.mean()) / max(hard.std(), 1e-9)
    mixed = np.sqrt(1.0 - kind.edges**2) * soft + kind.edges * hard
    return kind.mean_e * np.maximum(1.0 + kind.contrast * mixed / mixed.std(), 0.05)


def _on_detector(light: NDArray[np.float64], psf_sigma: float) -> NDArray[np.complex64]:
    """Return the Fourier transform of the blurred scene on the fine grid, every sample the mean over a pixel.

    A frame is this, shifted by a phase and sampled at every fourth point: aliases fold in as they do in a detector.
    """
    fy, fx = _frequencies(len(light))
    blur = np.exp(-2.0 * (np.pi * psf_sigma * OVERSAMPLING) ** 2 * (fx**2 + fy**2))

    def pixel(g: NDArray[np.float64]) -> NDArray[np.float64]:
        safe = np.where(g == 0, 1.0, g)
        return np.where(g == 0, 1.0, np.sin(OVERSAMPLING * np.pi * safe) / (OVERSAMPLING * np.sin(np.pi * safe)))

    return (np.fft.rfft2(light) * blur * pixel(fx) * pixel(fy)).astype(np.complex64)


def with_targets(scene: Scene, onset: int, spacing: int, bright_share: float = 0.3) -> Scene:
    """Return the scene with a grid of targets of random phase that move at 0 to 0.2 px/frame.

    The faint ones (snr 1 to 9) tell where half is found, the bright ones (snr 6 to 20) tell errors.
    """
    rng = np.random.default_rng([scene.seed, 7])
    places = np.arange(spacing // 2 + 4, scene.size - spacing // 2 - 3, spacing)
    targets = []
    for y in places:
        for x in places:
            speed, angle = rng.uniform(0.0, FASTEST), rng.uniform(0.0, 2.0 * np.pi)
            snr = rng.uniform(6.0, 20.0) if rng.random() < bright_share else rng.uniform(1.0, SURE)
            targets.append(
                Target(
                    onset, x + rng.uniform(-0.5, 0.5), y + rng.uniform(-0.5, 0.5), speed * np.cos(angle),
                    speed * np.sin(angle), float(snr),
                )
            )  # fmt: skip
    scene.targets = targets
    return scene


def steepness(scene: Scene) -> NDArray[np.float64]:
    """Return the gradient of the noiseless scene, e/px, in scene coordinates."""
    return np.hypot(*np.gradient(scene.background_e(0)))


def edges_of(scene: Scene) -> NDArray[np.bool_]:
    """Return the pixels beside cloud edges: steeper than 6 % of the mean a pixel, and one around.

    A registration that errs by 0.04 px leaves there what the noise of a frame is.
    """
    return binary_dilation(steepness(scene) > EDGE * scene.kind.mean_e, np.ones((3, 3)))
