"""Peers that look for points in single frames: each a way to prepare an image and to find points above a threshold.

A peer's variants are the stated search; whoever compares takes the best. Thresholds are in the peer's own units. What
is not installed is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostwatch.sensor import gaussian_psf

Image = NDArray[np.float32]
Points = NDArray[np.float64]  # (N, 2): x, y


@dataclass(frozen=True)
class Peer:
    """One variant of a peer."""

    name: str
    variant: str
    prepare: Callable[[Image], Any]
    find: Callable[[Any, float], Points]


def peers(psf_sigma: float) -> tuple[list[Peer], list[str]]:
    """Return all variants of the peers that are installed, and a line for each that is not."""
    sources = (
        ("sep", "sep", _sep), ("photutils", "photutils", _photutils), ("cv2", "OpenCV", _opencv),
        ("skimage", "scikit-image", _skimage), ("trackpy", "trackpy", _trackpy),
    )  # fmt: skip
    found: list[Peer] = []
    missing = []
    for module, name, variants in sources:
        if find_spec(module) is None:
            missing.append(f"{name} is not installed (extra bench): left out")
        else:
            found += variants(psf_sigma)
    return found, missing


def noise_of(image: Image) -> float:
    """Return the standard deviation of a pixel, from the median of absolute differences of neighbours."""
    return 1.4826 / np.sqrt(2.0) * float(np.median(np.abs(np.diff(image, axis=1)))) + 1e-3


def fwhm(psf_sigma: float) -> float:
    """Return the full width at half maximum of the pixel-integrated PSF, px."""
    return 2.3548 * float(np.sqrt(psf_sigma**2 + 1.0 / 12.0))


def _points(x: Any, y: Any) -> Points:
    return np.column_stack([np.asarray(x, float), np.asarray(y, float)])


def _sep(psf_sigma: float) -> Iterator[Peer]:
    import sep

    matched = gaussian_psf(psf_sigma, radius=2).astype(np.float32)
    for box, kernel, least in product((8, 16, 32, 64), ("default", "matched"), (1, 5)):

        def prepare(image: Image, box: int = box) -> tuple[Image, Image]:
            background = sep.Background(image, bw=box, bh=box)
            return image - background.back(), background.rms()

        def find(work: tuple[Image, Image], threshold: float, kernel: str = kernel, least: int = least) -> Points:
            own = {"filter_kernel": matched} if kernel == "matched" else {}
            try:
                out = sep.extract(work[0], threshold, err=work[1], minarea=least, **own)
            except Exception:  # its deblending overflows where thousands of pixels hang together
                return np.zeros((0, 2))
            return _points(out["x"], out["y"])

        yield Peer(f"sep, {kernel} kernel", f"box {box}, {least} px at least", prepare, find)


def _photutils(psf_sigma: float) -> Iterator[Peer]:
    from photutils.background import Background2D
    from photutils.detection import DAOStarFinder, IRAFStarFinder

    for (name, finder), box, shapes in product(
        (("DAO", DAOStarFinder), ("IRAF", IRAFStarFinder)), (16, 32), ("default", "any")
    ):

        def prepare(image: Image, box: int = box) -> tuple[Image, float]:
            background = Background2D(image, box)
            return image - background.background.astype(np.float32), float(background.background_rms_median)

        def find(work: tuple[Image, float], threshold: float, finder: Any = finder, shapes: str = shapes) -> Points:
            own = {} if shapes == "default" else {"sharpness_range": (-10.0, 10.0), "roundness_range": (-10.0, 10.0)}
            out = finder(threshold * work[1], fwhm(psf_sigma), **own)(work[0])
            if out is None:
                return np.zeros((0, 2))
            x = "x_centroid" if "x_centroid" in out.colnames else "xcentroid"
            return _points(out[x], out[x.replace("x", "y", 1)])

        yield Peer(f"photutils {name}StarFinder", f"Background2D {box}, {shapes} shapes", prepare, find)


def _opencv(psf_sigma: float) -> Iterator[Peer]:
    import cv2

    cv2.setNumThreads(1)
    line = gaussian_psf(psf_sigma, radius=2).sum(axis=0).astype(np.float32)
    for side, smooth, local in product((5, 7), (False, True), (False, True)):
        brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))

        def prepare(image: Image, brush: Any = brush, smooth: bool = smooth, local: bool = local) -> Image:
            work = image / np.float32(noise_of(image))
            work = cv2.sepFilter2D(work, cv2.CV_32F, line, line) if smooth else work
            work = cv2.morphologyEx(work, cv2.MORPH_TOPHAT, brush)
            if not local:
                return work
            mean = cv2.blur(work, (31, 31))
            return (work - mean) / np.sqrt(np.maximum(cv2.blur(work * work, (31, 31)) - mean * mean, 1e-6))

        def find(work: Image, threshold: float) -> Points:
            peak = (work == cv2.dilate(work, np.ones((3, 3), np.uint8))) & (work > threshold)
            y, x = np.nonzero(peak)
            return _points(x, y)

        variant = f"{side} px, {'smoothed, ' if smooth else ''}{'local' if local else 'global'} noise"
        yield Peer("OpenCV top-hat", variant, prepare, find)


def _skimage(psf_sigma: float) -> Iterator[Peer]:
    from skimage.feature import blob_log, peak_local_max
    from skimage.filters import difference_of_gaussians
    from skimage.morphology import disk, white_tophat

    sigma = float(np.sqrt(psf_sigma**2 + 1.0 / 12.0))

    def peaks(work: Image, threshold: float) -> Points:
        found = peak_local_max(work, min_distance=1, threshold_abs=threshold, exclude_border=False)
        return _points(found[:, 1], found[:, 0])

    def scaled(work: Image) -> Image:
        return work / np.float32(noise_of(work))

    for radius in (2, 3):

        def top_hat(image: Image, radius: int = radius) -> Image:
            return white_tophat(scaled(image), disk(radius))

        yield Peer("skimage white_tophat", f"disk {radius}", top_hat, peaks)
    for low, ratio in product((0.7, 1.0), (1.6, 3.0)):

        def band(image: Image, low: float = low, ratio: float = ratio) -> Image:
            return difference_of_gaussians(scaled(image), low * sigma, ratio * low * sigma)

        variant = f"difference of Gaussians {low} of the PSF, ratio {ratio}"
        yield Peer("skimage peak_local_max", variant, band, peaks)
    for high, count in ((1.0, 1), (1.5, 2)):

        def blobs(work: Image, threshold: float, high: float = high, count: int = count) -> Points:
            # Of unit noise the normalised Laplacian at this scale has some 0.3.
            found = blob_log(work, min_sigma=sigma, max_sigma=high * sigma, num_sigma=count, threshold=0.3 * threshold)
            return _points(found[:, 1], found[:, 0])

        yield Peer("skimage blob_log", f"{count} scale(s)", scaled, blobs)


def _trackpy(psf_sigma: float) -> Iterator[Peer]:
    import trackpy

    trackpy.quiet()
    for diameter, filtered in product((3, 5, 7), (True, False)):

        def prepare(image: Image, diameter: int = diameter, filtered: bool = filtered) -> Any:
            # The threshold is a cut of the table by mass, as `locate` itself does it: so it is made once.
            return trackpy.locate(
                image / np.float32(noise_of(image)), diameter, separation=4, noise_size=psf_sigma, percentile=50,
                preprocess=filtered, characterize=False, engine="python",
            )  # fmt: skip

        def find(table: Any, threshold: float) -> Points:
            out = table[table["mass"] > threshold]
            return _points(out["x"], out["y"])

        yield Peer("trackpy.locate", f"diameter {diameter}, {'band-passed' if filtered else 'as it is'}", prepare, find)
