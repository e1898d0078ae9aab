"""Light that goes astray in the camera: the ghost of a mirrored, defocused image, and an even veil."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from boostwatch.scene.scenario import SensorModel
from boostwatch_kernels.pointspread import add_enlarged, shrink

Image = NDArray[np.float32]


def add_stray_light(image: Image, sensor: SensorModel) -> None:
    """Add ghost and veil to the electrons of one band, in place; nothing happens where both are off.

    The image itself stays: the transmission of the optics counts the light that arrives where it should.

    Parameters
    ----------
    image : float32 (H, W), changed
        Mean photo-electrons after the optics, sources included.
    sensor : SensorModel
        The ghost is the image turned by half about the middle of the frame, where the optical axis passes, and blurred;
        what leaves the frame is lost. The veil is ``stray_light`` times the frame's mean, everywhere.
    """
    veil = sensor.stray_light * float(image.mean(dtype=np.float64)) if sensor.stray_light > 0 else 0.0
    if sensor.ghost.strength > 0:
        _add_ghost(image, sensor.ghost.strength, sensor.ghost.blur)
    if veil:
        image += np.float32(veil)


def _add_ghost(image: Image, strength: float, blur: float) -> None:
    """Blur on cells half as wide as the blur: the linear ways there and back are part of it."""
    factor = max(1, int(blur / 2))
    small = np.zeros((-(-image.shape[0] // factor), -(-image.shape[1] // factor)), np.float32)
    shrink(np.ascontiguousarray(image[::-1, ::-1]), factor, small)
    place = (np.arange(factor) + 0.5 * (factor + 1)) / factor % 1
    ways = 2 * factor**2 * float(np.mean(place * (1 - place)))
    if blur > 0:
        small = gaussian_filter(small, (blur**2 - ways) ** 0.5 / factor, mode="constant")
    add_enlarged(image, small, factor, strength)
