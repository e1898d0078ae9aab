"""What the report takes of a frame stack: the pipeline fills it, since no wing opens a file of another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boostwatch.records import Records
from boostwatch.sensor import Sensor

Read = Callable[[int], tuple[NDArray[np.float32], NDArray[np.bool_]]]


@dataclass(frozen=True)
class Footage:
    """The frames that the events came from, and what is known of the camera.

    Attributes
    ----------
    name : str
        Of the file.
    shape : (T, B, H, W)
        Frames, bands, rows, columns.
    sensor : Sensor
    time_s : float64 (T,)
        Mid-exposure, seconds from the epoch.
    position_m, attitude : float64 (T, 3), (T, 4) or None
        Pointing.
    objects, samples : TRUTH_OBJECT, TRUTH_SAMPLE or None
        Truth.
    scenario : str
        TOML of what made a synthetic stack; may be empty.
    read : callable
        Gives frame t as float32 (B, H, W), DN, and bool (B,): read whole and not corrupt.
    bad : bool (B, H, W) or None
        Pixels that are not to be believed.
    """

    name: str
    shape: tuple[int, int, int, int]
    sensor: Sensor
    time_s: NDArray[np.float64]
    position_m: NDArray[np.float64] | None
    attitude: NDArray[np.float64] | None
    objects: Records | None
    samples: Records | None
    scenario: str
    read: Read
    bad: NDArray[np.bool_] | None = None
