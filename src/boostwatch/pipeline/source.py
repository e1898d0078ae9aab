"""What the chain asks of frames, wherever they are: a stack on disk, or an array in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from boostwatch.records import Records
from boostwatch.sensor import Sensor
from boostwatch.store import Frame

Array = NDArray[np.float64]


class FrameSource(Protocol):
    """Frames with their times, sensor and pointing; `store.StackReader` and `ArrayFrames` are such.

    The attributes are those of `store.StackReader`. ``sha256`` is empty where there is no file.
    """

    notes: list[str]

    @property
    def path(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def shape(self) -> tuple[int, int, int, int]: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def sensor(self) -> Sensor: ...
    @property
    def epoch(self) -> str: ...
    @property
    def has_epoch(self) -> bool: ...
    @property
    def time_s(self) -> Array: ...
    @property
    def quality(self) -> NDArray[np.uint8]: ...
    @property
    def bad_pixels(self) -> NDArray[np.uint8] | None: ...
    @property
    def gain(self) -> NDArray[np.float32] | None: ...
    @property
    def offset(self) -> NDArray[np.float32] | None: ...
    @property
    def has_pointing(self) -> bool: ...
    @property
    def position_m(self) -> Array | None: ...
    @property
    def attitude(self) -> Array | None: ...
    @property
    def attitude_bias_sigma_rad(self) -> float: ...
    @property
    def attitude_noise_sigma_rad(self) -> float: ...
    @property
    def truth_objects(self) -> Records | None: ...
    @property
    def truth_samples(self) -> Records | None: ...
    @property
    def line_of_sight(self) -> Array | None: ...
    def row_time(self, frame: int) -> Array | None:
        """Return the times (H,) of the rows of a frame, s after its own; None where not recorded."""

    def read(self, t: int) -> Frame:
        """Return frame ``t``."""

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Yield the frames in order."""

    def close(self) -> None:
        """Close what is open."""
