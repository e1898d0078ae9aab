"""Scenes rendered and searched once, so that what follows can be run on them again and again."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import boostwatch
from benchmarks._event_scenes import scene
from boostwatch import records
from boostwatch.assess.score import Score
from boostwatch.assess.score import score as assess
from boostwatch.detect import make_detector
from boostwatch.records import EventTables, Records
from boostwatch.sensor import Sensor
from boostwatch.settings import ChainSettings
from boostwatch.track import Follower


class Recording(NamedTuple):
    """What the detector found in a scene, and the truth."""

    sensor: Sensor
    epoch: str
    shape: tuple[int, int, int, int]
    frames: list[dict[str, Any]]  # arguments of Follower.step
    registration: Records
    bias_sigma_rad: float
    noise_sigma_rad: float
    objects: Records
    samples: Records


def record(seed: int, *, launches: int, duration_s: float = 120.0, jobs: int = 2) -> Recording:
    """Render a scene and search it with default settings."""
    sim = boostwatch.simulate(scene(seed, launches=launches, duration_s=duration_s), jobs=jobs)
    renderer = sim._renderer
    count, bands, height, width = sim.frames.shape
    detector = make_detector(
        sim.sensor,
        (bands, height, width),
        ChainSettings().detect,
        bad_pixels=renderer.bad_pixels,
        gain=renderer.gain,
        pointing_noise_rad=renderer.attitude_noise_sigma_rad,
        offset=renderer.offset,
    )
    frames, shifts = [], []
    for i in range(count):
        found = detector.process(
            sim.frames[i], frame=i, time_s=float(sim.time_s[i]), frame_index=i, position_m=sim.position_m[i],
            attitude=sim.attitude[i],
        )  # fmt: skip
        shift = found.registration[0]
        frames.append(
            {
                "frame": i, "time_s": float(sim.time_s[i]), "detections": found.detections,
                "shift": (float(shift["dx"]), float(shift["dy"])), "shift_sigma": float(shift["sigma"]),
                "position_m": sim.position_m[i], "attitude": sim.attitude[i],
                "warming_up": bool(found.quality & records.QUALITY_BITS["warming_up"]),
            }
        )  # fmt: skip
        shifts.append(found.registration)
    return Recording(
        sim.sensor, sim.epoch, (count, bands, height, width), frames, np.concatenate(shifts),
        renderer.attitude_bias_sigma_rad, renderer.attitude_noise_sigma_rad,
        sim.truth.objects, sim.truth.samples,
    )  # fmt: skip


def recording(folder: Path, seed: int, *, launches: int, duration_s: float = 120.0) -> Recording:
    """Return a scene's recording from a folder, made if it is not there."""
    path = folder / f"{launches}-{seed}.pickle"
    if path.exists():
        kept: Recording = pickle.loads(path.read_bytes())
        return kept
    made = record(seed, launches=launches, duration_s=duration_s)
    path.write_bytes(pickle.dumps(made))
    return made


def replay(made: Recording, settings: ChainSettings | None = None) -> tuple[EventTables, Score, int]:
    """Follow a recording and hold the events against the truth; return also how often a launch was declared."""
    _, bands, height, width = made.shape
    follower = Follower(
        settings or ChainSettings(), shape=(height, width), frame_period_s=made.sensor.frame_period_s,
        sensor=made.sensor, n_bands=bands, pointing_bias_sigma_rad=made.bias_sigma_rad,
        pointing_noise_sigma_rad=made.noise_sigma_rad,
    )  # fmt: skip
    declared = sum(len(follower.step(**frame)) for frame in made.frames)
    ids, tracks, points, events = follower.finish()
    detections = np.concatenate([records.empty(records.DETECTION, 0), *(f["detections"] for f in made.frames)])
    detections["track_id"] = ids
    tables = EventTables(made.epoch, detections, tracks, points, events, made.registration, {})
    result = assess(
        tables, objects=made.objects, samples=made.samples, shape=made.shape,
        frame_period_s=made.sensor.frame_period_s,
    )  # fmt: skip
    return tables, result, declared
