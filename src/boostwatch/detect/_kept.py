"""What is remembered of the frames in the ring: on which reference each lies, and what its detections keep out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boostwatch.detect.peaks import EXTENT_PX, SNR, X, Y
from boostwatch_kernels.ring import Group

Array = NDArray[np.float64]
Boxes = NDArray[np.int64]

GATES = 256
"""Detections a frame that may gate; more is not a scene of targets."""
NO_GATES: Boxes = np.zeros((0, 4), np.int64)


class Kept(NamedTuple):
    """A frame in the ring."""

    base: tuple[int, int]  # its reference
    gates: Boxes  # (M, 4): x, y, radius on its reference, 1 where the source is bright


class KeptFrames(dict[int, Kept]):
    """The frames of the ring by their number.

    Parameters
    ----------
    psf_sigma : float
        Gaussian PSF, px.
    """

    def __init__(self, psf_sigma: float) -> None:
        super().__init__()
        self._spread = psf_sigma**2 + 1.0 / 12.0

    def begin(self, frame: int, base: tuple[int, int], slots: int) -> None:
        """Take a frame, and let the one go whose slot it gets."""
        self[frame] = Kept(base, NO_GATES)
        self.pop(frame - slots, None)

    def gate(self, frame: int, found: Array, bright: float) -> None:
        """Keep out of the background what detections (N, COLUMNS) cover; those above ``bright``, snr, are bright."""
        if 0 < len(found) <= GATES:
            radius = np.maximum(self._radius(found[:, SNR]), found[:, EXTENT_PX] + 1.0)
            boxes = np.stack([np.rint(found[:, X]), np.rint(found[:, Y]), radius, found[:, SNR] > bright], axis=1)
            self._add(frame, boxes.astype(np.int64))

    def gate_path(
        self, members: range, base: tuple[int, int], place: Array, velocity: Array, snr: float
    ) -> None:  # fmt: skip
        """Keep out what was found in a sum of frames, along its path.

        Parameters
        ----------
        members : range
            Frames that it is to gate.
        base : (int, int)
            The present reference.
        place, velocity : float64 (2,)
            x, y on it in the last of the frames, and px a frame.
        snr : float
            In one frame.
        """
        radius = self._radius(np.array([snr]))[0]
        for m in members:
            x, y = place + velocity * (m - members[-1]) - (np.array(base) - self[m].base)
            if len(self[m].gates) < GATES:
                self._add(m, np.array([[round(x), round(y), radius, 0]], np.int64))

    def _add(self, frame: int, boxes: Boxes) -> None:
        self[frame] = self[frame]._replace(gates=np.concatenate([self[frame].gates, boxes]))

    def _radius(self, snr: Array) -> Array:
        """Return the half side of what a source of some snr covers, px."""
        out: Array = np.ceil(1.0 + np.sqrt(2.0 * self._spread * np.log(1.0 + 3.0 * np.maximum(snr, 0.0))))
        return out

    def bright(self, members: range, base: tuple[int, int]) -> Boxes:
        """Return where bright sources lay in some frames, (M, 3): x, y, radius on the reference ``base``."""
        boxes = [np.zeros((0, 3), np.int64)]
        for m in members:
            kept = self[m]
            if len(kept.gates):
                moved = (base[0] - kept.base[0], base[1] - kept.base[1], 0)
                boxes.append(kept.gates[kept.gates[:, 3] > 0, :3] + np.array(moved))
        return np.concatenate(boxes)

    def boxes(self, members: range, group: Group, time: Array) -> Boxes:
        """Return the gates of some frames, (M, 7), as `boostwatch_kernels.gates.absorb_strips` takes them."""
        boxes = [np.zeros((0, 7), np.int64)]
        for k, m in enumerate(members):
            gates = self[m].gates
            if len(gates):
                box = np.empty((len(gates), 7), np.int64)
                box[:, 0], box[:, 1], box[:, 2] = group.slot[k], group.move_x[k], group.move_y[k]
                box[:, 3], box[:, 4], box[:, 5] = gates[:, 0] + box[:, 1], gates[:, 1] + box[:, 2], gates[:, 2]
                box[:, 6] = time[k]
                boxes.append(box)
        return np.concatenate(boxes)
