"""What a detector gives back for a frame."""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from boostwatch.detect.flow import GroundMap
from boostwatch.detect.peaks import HELD, UNREST
from boostwatch.records import DETECTION, REGISTRATION, Records, empty

LEAST_SIGMA_PX = 0.012
"""What is left of the error of a position however bright the source: the point spread is not just the one supposed."""


class FrameResult(NamedTuple):
    """All that one frame of all bands gave.

    Attributes
    ----------
    detections : structured array (N,), `boostwatch.records.DETECTION`
        All bands, positions on the frame's own focal plane, ``track_id`` -1.
    registration : structured array (1,), `boostwatch.records.REGISTRATION`
        Shift of the scene; NaN where it is not known.
    quality : int
        Sum of `boostwatch.records.QUALITY_BITS`.
    scene_map : GroundMap or None
        How the scene lies on the focal plane, where that is more than a shift.
    """

    detections: Records
    registration: Records
    quality: int
    scene_map: GroundMap | None = None


class Detector(Protocol):
    """Frames in, detections out, one time step a call."""

    notes: list[str]

    def process(
        self,
        data: NDArray[np.uint16] | NDArray[np.float32],
        *,
        frame: int,
        time_s: float,
        frame_index: int,
        good: NDArray[np.bool_] | None = None,
        position_m: NDArray[np.float64] | None = None,
        attitude: NDArray[np.float64] | None = None,
    ) -> FrameResult:
        """Return what one time step holds."""
        ...


def registration_record(frame: int, time_s: float, shift: tuple[float, float], sigma: float, quality: int) -> Records:
    """Return one `REGISTRATION` record."""
    out = empty(REGISTRATION, 1)
    out["frame"], out["time_s"] = frame, time_s
    out["dx"], out["dy"] = shift
    out["sigma"], out["quality"] = sigma, quality
    return out


def detection_records(
    fits: NDArray[np.float64],
    *,
    frame: int,
    time_s: float,
    band: int,
    shift: tuple[float, float],
    gain: float,
    frames: int = 1,
    more_sigma_px: float = 0.0,
) -> Records:
    """Return `DETECTION` records.

    Parameters
    ----------
    fits : float64 (N, COLUMNS)
        x, y, sigma_x, sigma_y (px, reference grid), flux, sigma of the flux (DN), snr.
    frame, time_s, band
        Where and when.
    shift : (float, float)
        From the reference grid to the focal plane, px.
    gain : float
        Electrons a DN.
    frames : int
        Frames that were added.
    more_sigma_px : float
        1-sigma of what the fits know nothing of and all detections share: a background that is young.

    Returns
    -------
    structured array (N,)
    """
    out = empty(DETECTION, len(fits))
    out["frame"], out["time_s"], out["band"] = frame, time_s, band
    out["x"], out["y"] = fits[:, 0] + shift[0], fits[:, 1] + shift[1]
    more = math.hypot(LEAST_SIGMA_PX, more_sigma_px)
    out["sigma_x"], out["sigma_y"] = np.hypot(fits[:, 2], more), np.hypot(fits[:, 3], more)
    out["signal_e"], out["signal_sigma_e"] = fits[:, 4] * gain, fits[:, 5] * gain
    out["snr"] = fits[:, 6]
    out["frames"] = frames
    out["held_e"], out["unrest"] = fits[:, HELD] * gain, fits[:, UNREST]
    return out
