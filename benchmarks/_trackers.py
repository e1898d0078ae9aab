"""Trackers of others on the lists of `_plots.py`: each takes a run and tells, frame by frame, where targets are."""

from __future__ import annotations

import datetime
import importlib.util
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks._plots import PERIOD_S, SIGMA_PX, Run

Array = NDArray[np.float64]

JERK = 1e-4
"""Spectral density of the jerk that Stone Soup is told, px2/s5: about that of the targets."""


class Answer(NamedTuple):
    """What a tracker says of a run."""

    places: list[Array]
    """(N, 2) estimates in each frame."""
    ids: list[NDArray[np.int64]]
    """(N,) and the names of their tracks."""
    seconds: Array
    """(frames,) wall time of each frame; empty where a tracker takes all at once."""


Tracker = Callable[[Run], Answer]


class Variant(NamedTuple):
    """One setting of a peer's search."""

    name: str
    track: Tracker


def stone_soup(run: Run, *, hits: int, gate: float, gone: int) -> Answer:
    """Global nearest neighbour by 2-D assignment, Kalman filter of constant acceleration."""
    from stonesoup.dataassociator.neighbour import GNNWith2DAssignment
    from stonesoup.deleter.time import UpdateTimeStepsDeleter
    from stonesoup.hypothesiser.distance import DistanceHypothesiser
    from stonesoup.initiator.simple import MultiMeasurementInitiator
    from stonesoup.measures import Mahalanobis
    from stonesoup.models.measurement.linear import LinearGaussian
    from stonesoup.models.transition.linear import CombinedLinearGaussianTransitionModel, ConstantAcceleration
    from stonesoup.predictor.kalman import KalmanPredictor
    from stonesoup.types.detection import Detection
    from stonesoup.types.state import GaussianState
    from stonesoup.updater.kalman import KalmanUpdater

    start = datetime.datetime(2026, 1, 1)
    motion = CombinedLinearGaussianTransitionModel([ConstantAcceleration(JERK)] * 2)
    measured = LinearGaussian(6, (0, 3), np.diag([SIGMA_PX**2] * 2))
    predictor, updater = KalmanPredictor(motion), KalmanUpdater(measured)
    hypothesiser = DistanceHypothesiser(predictor, updater, Mahalanobis(), missed_distance=gate)
    associator = GNNWith2DAssignment(hypothesiser)
    prior = GaussianState(np.zeros((6, 1)), np.diag([1e6, 1.0, 1e-3] * 2), start)
    initiator = MultiMeasurementInitiator(
        prior, deleter=UpdateTimeStepsDeleter(2), data_associator=associator, updater=updater, min_points=hits,
        measurement_model=measured,
    )  # fmt: skip
    deleter = UpdateTimeStepsDeleter(gone)
    tracks: set[Any] = set()
    names: dict[str, int] = {}
    places, ids, seconds = [], [], []
    for k, rows in enumerate(run.detections):
        now = start + datetime.timedelta(seconds=PERIOD_S * k)
        seen = {
            Detection(np.array([[float(r["x"])], [float(r["y"])]]), timestamp=now, measurement_model=measured)
            for r in rows
        }
        begun = time.perf_counter()
        pairs = associator.associate(tracks, seen, now)
        used = set()
        for track, hypothesis in pairs.items():
            if hypothesis:
                track.append(updater.update(hypothesis))
                used.add(hypothesis.measurement)
            else:
                track.append(hypothesis.prediction)
        tracks -= deleter.delete_tracks(tracks)
        tracks |= initiator.initiate(seen - used, now)
        seconds.append(time.perf_counter() - begun)
        places.append(np.array([[float(t.state_vector[0]), float(t.state_vector[3])] for t in tracks]).reshape(-1, 2))
        ids.append(np.array([names.setdefault(t.id, len(names)) for t in tracks], np.int64))
    return Answer(places, ids, np.array(seconds))


def norfair(run: Run, *, distance: float, delay: int, patience: int) -> Answer:
    """Nearest neighbours under a Kalman filter of constant velocity."""
    from norfair import Detection, Tracker
    from norfair.filter import OptimizedKalmanFilterFactory

    tracker = Tracker(
        distance_function="euclidean", distance_threshold=distance, initialization_delay=delay,
        hit_counter_max=patience, filter_factory=OptimizedKalmanFilterFactory(R=SIGMA_PX**2, Q=0.02),
    )  # fmt: skip
    places, ids, seconds = [], [], []
    for rows in run.detections:
        seen = [Detection(np.array([[float(r["x"]), float(r["y"])]])) for r in rows]
        begun = time.perf_counter()
        tracks = tracker.update(detections=seen)
        seconds.append(time.perf_counter() - begun)
        places.append(np.array([t.estimate[0] for t in tracks], np.float64).reshape(-1, 2))
        ids.append(np.array([t.id for t in tracks], np.int64))
    return Answer(places, ids, np.array(seconds))


def trackpy(run: Run, *, reach: float, memory: int, least: int) -> Answer:
    """Crocker-Grier linking with predicted velocities, after the fact; stubs are left out."""
    import pandas as pd
    import trackpy as tp

    tp.quiet()
    rows = np.concatenate(run.detections)
    table = pd.DataFrame({"frame": rows["frame"], "x": rows["x"].astype(float), "y": rows["y"].astype(float)})
    begun = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        linker = tp.predict.NearestVelocityPredict(span=3)
        linked = tp.filter_stubs(linker.link_df(table, reach, memory=memory), least)
    seconds = time.perf_counter() - begun
    by_frame = dict(tuple(linked.reset_index(drop=True).groupby("frame")))
    places, ids = [], []
    for k in range(run.case.frames):
        here = by_frame.get(k)
        places.append(np.empty((0, 2)) if here is None else here[["x", "y"]].to_numpy(np.float64))
        ids.append(np.empty(0, np.int64) if here is None else here["particle"].to_numpy(np.int64))
    return Answer(places, ids, np.full(run.case.frames, seconds / run.case.frames))


def _variants(track: Callable[..., Answer], told: str, **choices: Sequence[float]) -> list[Variant]:
    """Return a tracker with every combination of some settings, named as ``told`` formats them."""
    combinations = [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]
    return [Variant(told.format(**chosen), partial(track, **chosen)) for chosen in combinations]


def absent() -> list[str]:
    """Return a line for each peer that is not installed."""
    names = ("stonesoup", "norfair", "trackpy")
    return [f"{name} is not installed: left out" for name in names if importlib.util.find_spec(name) is None]


def peers() -> Iterator[tuple[str, Sequence[Variant]]]:
    """Yield each peer that is installed with the settings that are searched."""
    searched = {
        "stonesoup": ("Stone Soup GNN", _variants(
            stone_soup, "{hits} hits, gate {gate:g}, {gone} frames", hits=(3, 4, 5), gate=(3.5, 4.5), gone=(4,)
        )),
        "norfair": ("norfair", _variants(
            norfair, "{distance:g} px, delay {delay}, {patience} frames", distance=(2.0, 3.0), delay=(2, 3, 5),
            patience=(6, 8),
        )),
        "trackpy": ("trackpy", _variants(
            trackpy, "{reach:g} px, memory {memory}, {least} points", reach=(2.0, 3.0), memory=(1, 3), least=(5, 10)
        )),
    }  # fmt: skip
    yield from (peer for module, peer in searched.items() if importlib.util.find_spec(module) is not None)
