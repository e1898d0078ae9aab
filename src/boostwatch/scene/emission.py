"""What an object sends out during an exposure, and where it is seen from: the language between sources and renderer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Observer(NamedTuple):
    """The sensor as a source needs to know it, at the middle of an exposure.

    ``position_m`` float64 (3,) ITRS; ``sun`` float64 (3,) unit vector to the Sun, ITRS; ``ifov_rad`` angle of a pixel.
    """

    position_m: Array
    sun: Array
    ifov_rad: float


class Emission(NamedTuple):
    """Light that left an object during one exposure.

    ``position_m`` float64 (K, 3) ITRS: points that stand for the object's extent and for its path during the exposure;
    ``height_m`` float64 (K,) above WGS84; ``share`` float64 (K,) of the light that comes from each, sum 1;
    ``intensity_w_sr`` float64 (B,) in-band radiant intensity towards the observer before the atmosphere, mean over the
    exposure; ``temperature_k`` of the Planck spectrum that weights the transmittance of the air; ``primary`` tells
    whether this is the object itself, which truth lists, or something that it left behind, such as a trail.
    """

    position_m: Array
    height_m: Array
    share: Array
    intensity_w_sr: Array
    temperature_k: float
    primary: bool = True
