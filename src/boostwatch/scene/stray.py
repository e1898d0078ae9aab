"""Light that goes astray in the camera: the ghost of a mirrored, defocused image, and an even veil."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from boostwatch.scene.scenario import SensorModel

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
    ghost, veil = sensor.ghost, np.float32(0)
    if sensor.stray_light > 0:
        veil = np.float32(sensor.stray_light * float(image.mean(dtype=np.float64)))
    if ghost.strength > 0:
        turned = image[::-1, ::-1]
        blurred = gaussian_filter(turned, ghost.blur, mode="constant") if ghost.blur > 0 else turned.copy()
        image += np.float32(ghost.strength) * blurred
    if veil != 0:
        image += veil
