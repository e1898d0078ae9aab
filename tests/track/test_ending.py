"""The end of the light and its peak, and their errors."""

import math

import numpy as np
import pytest

from boostwatch.track.ending import burnout, left, peak, relit
from boostwatch.track.history import hit_dtype

PERIOD = 0.5


def plume(rng, burnout_s=41.3, decay_s=0.35, snr=30.0, fall=0.04, glow=0.0, start_s=10.0):
    """Hits of a plume that thins out and ends; what is below 4.3 is not seen."""
    t = np.arange(start_s, burnout_s + 8.0, PERIOD)
    after = np.maximum(t - burnout_s, 0.0)
    light = snr * np.exp(-fall * (t - burnout_s)) * np.where(after > 0, np.exp(-after / decay_s), 1.0)
    seen = light * (1 + 0.03 * rng.standard_normal(len(t))) + rng.standard_normal(len(t)) + glow * (after > 0)
    hits = np.zeros(len(t), hit_dtype(1))
    hits["time_s"] = hits["seen_s"] = t
    hits["snr"], hits["frames"] = seen, 1
    hits["focal"] = hits["scene"] = 50.0 + 0.1 * t[:, None]
    return hits[seen > 4.3]


@pytest.mark.parametrize("snr", [12.0, 60.0])
def test_burnout_is_where_it_says(snr):
    errors = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        true = rng.uniform(40.0, 41.0)
        found, sigma = burnout(plume(rng, true, rng.uniform(0.2, 0.5), snr), PERIOD)
        errors.append((found - true) / sigma)
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(1.0, abs=0.35)
    assert abs(np.mean(errors)) < 0.6


def test_a_trail_that_glows_on_is_no_light_of_the_motor():
    found, sigma = burnout(plume(np.random.default_rng(1), glow=9.0), PERIOD)
    assert found == pytest.approx(41.3, abs=3 * sigma)


def test_no_burnout_is_told_of_what_faded():
    hits = plume(np.random.default_rng(2), snr=6.0)
    assert all(map(math.isnan, burnout(hits, PERIOD)))
    assert all(map(math.isnan, burnout(hits[:3], PERIOD)))
    late = np.concatenate([plume(np.random.default_rng(3)), hits[-1:]])
    late["time_s"][-1], late["frames"][-1] = 60.0, 8  # still there in sums of frames
    assert all(map(math.isnan, burnout(late, PERIOD)))


def test_what_leaves_the_frame_has_not_burnt_out():
    hits = plume(np.random.default_rng(4))
    assert not left(hits, (200, 200), PERIOD)
    assert left(hits, (56, 200), PERIOD)  # it ends at 54.2
    fast = hits.copy()
    fast["focal"][:, 0] += 6.0 * (hits["time_s"] - hits["time_s"][-1])
    assert left(fast, (200, 62), PERIOD)


def test_the_next_stage_goes_on_where_the_track_ended():
    hits = plume(np.random.default_rng(5))
    first = hits[-1].copy()
    first["time_s"] += 20.0
    first["scene"] += 2.0
    assert relit(hits, [first])
    first["scene"] += 10.0
    assert not relit(hits, [first])
    assert not relit(hits, [hits[0]])


def test_peak_holds_noise_flicker_and_scale():
    rng = np.random.default_rng(6)
    light = 100.0 - 0.05 * (np.arange(60.0) - 30.0) ** 2
    quiet = peak(light, np.full(60, 0.01))
    assert quiet == pytest.approx((100.0, 2.0), abs=0.2)
    found = [peak(light + rng.normal(0, 8.0, 60), np.full(60, 8.0)) for _ in range(100)]
    z = [(value - 100.0) / sigma for value, sigma in found]
    assert np.sqrt(np.mean(np.square(z))) == pytest.approx(1.0, abs=0.4)
    assert peak(np.array([1.0, np.nan, 3.0]), np.array([0.1, np.nan, np.nan]))[0] == 3.0
    assert all(map(math.isnan, peak(np.array([np.nan]), np.array([np.nan]))))
