"""What the store's tests share: a small stack, small tables, a fresh guard."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np

from boostwatch.records import (
    DETECTION,
    EVENT,
    REGISTRATION,
    TRACK,
    TRACK_POINT,
    TRUTH_OBJECT,
    TRUTH_SAMPLE,
    EventTables,
    empty,
)  # fmt: skip
from boostwatch.sensor import Band, Sensor
from boostwatch.store import StackWriter

EPOCH = "2026-01-01T00:00:00Z"
SENSOR = Sensor(
    "notional", 30e-6, 11.5, 7.5, 0.5, 0.1,
    (Band("SWIR", 2.69, 2.95, 0.7, 25.0, 100.0, 30.0, 500.0, 1.5e6, 1e-15), Band("MWIR", 4.2, 4.45, 0.8)),
)  # fmt: skip
SHAPE = (6, 2, 16, 24)


def frames(shape=SHAPE, dtype=np.uint16, seed=1):
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return rng.normal(100, 10, shape).astype(dtype)
    return rng.integers(0, 65535, shape, dtype=dtype)


def write_stack(path, *, shape=SHAPE, dtype=np.uint16, seed=1, truth=True, created=EPOCH, **more):
    """Write a stack with everything in it and return its frames."""
    data = frames(shape, dtype, seed)
    bands, height, width = shape[1:]
    options = {
        "sensor": SENSOR, "shape": shape, "epoch": EPOCH, "dtype": dtype, "has_pointing": True,
        "attitude_sigma_rad": 3e-6, "attitude_bias_sigma_rad": 2e-6, "attitude_noise_sigma_rad": 1e-6,
        "bad_pixels": np.eye(height, width, dtype=np.uint8)[None].repeat(bands, 0),
        "gain": np.ones((bands, height, width), np.float32), "offset": np.zeros((bands, height, width), np.float32),
        "scenario_toml": "kind = 'test'\n", "seed": 7, "created": created,
    }  # fmt: skip
    with StackWriter(path, **{**options, **more}) as writer:
        for t in range(shape[0]):
            samples = empty(TRUTH_SAMPLE, 2)
            samples["object_id"], samples["frame"], samples["band"] = 1, t, [0, 1]
            samples["x"], samples["y"] = 3.25, 4.5
            writer.append(
                data[t], time_s=0.5 * t, frame_index=t + 100, position_m=(42164172.0, 0, 0), attitude=(1, 0, 0, 0),
                samples=samples if truth else None, row_time=np.arange(height) * 1e-3,
            )  # fmt: skip
        if truth:
            objects = empty(TRUTH_OBJECT, 1)
            objects["object_id"], objects["kind"], objects["onset_s"] = 1, b"launch", 1.0
            writer.set_truth(objects, np.arange(2.0 * shape[0]).reshape(-1, 2))
    return data


def event_tables(count=4, seed=3):
    """Tables that agree with each other."""
    rng = np.random.default_rng(seed)
    detections, points = empty(DETECTION, count), empty(TRACK_POINT, count)
    for rows in (detections, points):
        rows["frame"], rows["time_s"] = np.arange(count), 0.5 * np.arange(count)
        rows["x"], rows["y"], rows["track_id"] = rng.uniform(0, 100, count), rng.uniform(0, 100, count), 1
    detections["band"], detections["snr"], detections["frames"] = 0, rng.uniform(5, 20, count), 1
    tracks, events, registration = empty(TRACK, 1), empty(EVENT, 2), empty(REGISTRATION, count)
    tracks["track_id"], tracks["status"], tracks["kind"] = 1, b"confirmed", b"launch"
    tracks["start"], tracks["count"], tracks["hits"], tracks["misses"] = 0, count, count, 0
    events["event_id"], events["track_id"], events["kind"] = [1, 2], [1, -1], [b"launch", b"fire"]
    events["probability"], events["p_launch"] = [0.99, 0.9], [0.99, 0.01]
    events["launch_time_s"][0], events["latitude_deg"][0], events["longitude_deg"][0] = 1.5, 41.5, 69.25
    events["ellipse_major_km"][0], events["ellipse_minor_km"][0], events["ellipse_angle_deg"][0] = 5.0, 2.0, 30.0
    registration["frame"], registration["time_s"] = np.arange(count), 0.5 * np.arange(count)
    registration["dx"], registration["dy"] = rng.normal(0, 0.1, (2, count))
    return EventTables(EPOCH, detections, tracks, points, events, registration, {"input": "a.h5", "frames_read": count})


def run_python(code, *arguments, timeout=60):
    """Run a script in a fresh interpreter that can also import these helpers."""
    root = Path(__file__).resolve().parents[2]
    script = f"import sys; sys.path.insert(0, {str(root)!r})\n" + textwrap.dedent(code)
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
