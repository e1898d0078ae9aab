"""What a latency of declarations is held against: how soon anyone could tell a launch, and how long it was in sight."""

from __future__ import annotations

import math

import numpy as np

from benchmarks._replay import Recording

LOG_ODDS = math.log(0.9 / 0.1 * 5.0)
"""Log likelihood ratio at which what was one thing in six is a launch with 0.9."""
PIXEL_SIGMA = 1.0 / math.sqrt(12.0)
ON_THE_GROUND = (b"volcano", b"fire")


def in_sight(made: Recording, seen_snr: float, after_s: float) -> float:
    """Return how much of the time ``after_s`` from its first frame above ``seen_snr`` the launch was above it, s.

    A launch that shows in a gap of a cloud and hides again cannot be declared meanwhile.
    """
    launch = made.objects["object_id"][made.objects["kind"] == b"launch"][0]
    rows = made.samples[(made.samples["object_id"] == launch) & (made.samples["snr"] > seen_snr)]
    times = np.array([frame["time_s"] for frame in made.frames])
    seen = times[np.unique(rows["frame"])]
    period_s = float(np.median(np.diff(times)))
    return period_s * int(np.count_nonzero((seen > seen[0]) & (seen <= seen[0] + after_s + 1e-6)))


def told_by_motion(made: Recording, seen_snr: float) -> float:
    """Return when the launch of a recording could be told to move, in s after the first frame above ``seen_snr``.

    The path is known exactly, the place of rest is the one that fits best, every frame tells the place as well as its
    truth ``snr`` lets it (Winick, JOSA A 3, 1986: spread of the light over ``snr``), and all else that might move is
    left out. NaN if that does not happen, or if nothing on the ground is in sight beside it.
    """
    kind = dict(zip(made.objects["object_id"].tolist(), made.objects["kind"].tolist(), strict=True))
    launch = next(key for key, value in kind.items() if value == b"launch")
    spread = np.array([math.hypot(band.psf_sigma_px, PIXEL_SIGMA) for band in made.sensor.bands])
    beside: dict[int, np.ndarray] = {}
    for key, value in kind.items():
        mine = made.samples[(made.samples["object_id"] == key) & (made.samples["band"] == 0)]
        if value in ON_THE_GROUND and len(mine) > len(beside):
            beside = {int(row["frame"]): np.array([row["x"], row["y"]]) for row in mine}
    rows = made.samples[made.samples["object_id"] == launch]
    at, weight, brightest = {}, {}, {}
    for row in rows:
        frame = int(row["frame"])
        brightest[frame] = max(brightest.get(frame, 0.0), float(row["snr"]))
        if frame in beside:
            at[frame] = np.array([row["x"], row["y"]]) - beside[frame]
            weight[frame] = weight.get(frame, 0.0) + (float(row["snr"]) / spread[row["band"]]) ** 2
    seen = [frame for frame in sorted(brightest) if brightest[frame] > seen_snr]
    if not seen:
        return math.nan
    frames = sorted(at)
    place, w = np.array([at[f] for f in frames]).reshape(-1, 2), np.array([weight[f] for f in frames])
    # 0.5 sum w |place - mean|^2 over all frames so far, by running sums; the first frame keeps the digits.
    place = place - place[:1]
    total, first, second = np.cumsum(w), np.cumsum(w[:, None] * place, axis=0), np.cumsum(w * (place**2).sum(axis=1))
    ratio = 0.5 * (second - (first**2).sum(axis=1) / total)
    known = np.flatnonzero(ratio > LOG_ODDS)
    times = {int(frame["frame"]): float(frame["time_s"]) for frame in made.frames}
    return max(times[frames[known[0]]] - times[seen[0]], 0.0) if len(known) else math.nan
