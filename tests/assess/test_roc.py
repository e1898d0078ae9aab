"""A matched filter that is told everything, simulated, against the limit that the score gives for it."""

import math

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from boostwatch.assess.pool import pool
from boostwatch.assess.score import score
from boostwatch.records import DETECTION, TRUTH_OBJECT, TRUTH_SAMPLE, empty
from tests.assess import handmade

SIZE, FRAMES, THRESHOLD = 400, 60, 3.5


def simulated(seed):
    """200 points in each frame, snr 2 to 8; the filter's value is normal about it; all other pixels are noise."""
    rng, count = np.random.default_rng(seed), 200
    shape = (FRAMES, 1, SIZE, SIZE)
    x, y = (10.0 + 20.0 * v.ravel() for v in np.mgrid[0:20, 0:10])
    samples = empty(TRUTH_SAMPLE, FRAMES * count)
    samples["object_id"] = np.tile(np.arange(count), FRAMES)
    samples["frame"], samples["band"] = np.repeat(np.arange(FRAMES), count), 0
    samples["x"], samples["y"] = np.tile(x, FRAMES), np.tile(y, FRAMES)
    samples["snr"] = rng.uniform(2.0, 8.0, len(samples))
    samples["signal_e"] = 1000.0
    samples = samples[samples["frame"] >= 5]  # so that none is of the background
    value = samples["snr"] + rng.normal(size=len(samples))
    hit = value > THRESHOLD
    false = rng.poisson(FRAMES * SIZE**2 * ndtr(-THRESHOLD))
    tables = handmade.nothing()
    tables.detections = empty(DETECTION, int(hit.sum()) + false)
    for name in ("frame", "band", "x", "y"):
        tables.detections[name][: hit.sum()] = samples[name][hit]
    tables.detections["frame"][hit.sum() :] = rng.integers(0, FRAMES, false)
    tables.detections["band"] = 0
    tables.detections["x"][hit.sum() :] = 20.0 * rng.integers(0, 20, false)  # halfway between the points
    tables.detections["y"][hit.sum() :] = rng.uniform(210.0, SIZE, false)
    tables.detections["snr"][: hit.sum()] = value[hit]
    tables.detections["snr"][hit.sum() :] = -ndtri(ndtr(-THRESHOLD) * rng.uniform(1e-9, 1.0, false))
    tables.detections["frames"] = 1
    objects = empty(TRUTH_OBJECT, count)
    objects["object_id"], objects["kind"] = np.arange(count), b"fire"
    return score(tables, objects=objects, samples=samples, shape=shape, frame_period_s=0.5)


@pytest.fixture(scope="module")
def result():
    return simulated(1)


def close(found, expected, trials):
    return abs(found - expected) < 4.5 * math.sqrt(max(expected * (1 - expected), 1 / trials) / trials)


def test_what_is_simulated_reaches_the_limit_in_every_bin(result):
    rows = [row for row in result.detection if row["band"] == -1]
    assert sum(row["samples"] for row in rows) == 55 * 200
    for row in rows:
        assert close(row["probability"], row["clairvoyant_probability"], row["samples"])


def test_the_whole_curve_is_the_limit(result):
    roc = result.roc
    told = 0
    for group in roc["groups"]:
        for k, t in enumerate(roc["thresholds"]):
            if roc["false_detections"][k] < 100:  # the limit needs the rate
                continue
            slack = 4.5 / math.sqrt(roc["false_detections"][k]) / t  # of the threshold that the rate tells
            slopes = abs(slack) * 0.4
            trials, limit = group["samples"], group["clairvoyant_probability"][k]
            bound = 4.5 * math.sqrt(max(limit * (1 - limit), 1 / trials) / trials) + slopes
            assert abs(group["detected"][k] / trials - limit) < bound
            told += 1
    assert told > 8
    assert [group["snr_from"] for group in roc["groups"]] == [3.0, 4.0, 5.0, 6.0]


def test_nobody_beats_the_limit_by_more_than_chance_when_pooled(result):
    both = pool({"one": result, "two": simulated(2)})
    for row in both.detection:
        assert close(row["probability"], row["clairvoyant_probability"], row["samples"])
    rate = both.false_alarms["false_detections_per_mpx"]
    assert close(rate / 1e6, float(ndtr(-THRESHOLD)), 2 * FRAMES * SIZE**2)
