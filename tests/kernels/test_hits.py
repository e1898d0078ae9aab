"""Hits as records and as columns, and that giving them to tracks is the sum of its parts."""

import copy

import numpy as np

from boostwatch.track.history import hit_dtype
from boostwatch_kernels import tracks
from boostwatch_kernels.hits import read_hits, receive, write_hits
from boostwatch_kernels.regimes import fits
from boostwatch_kernels.sources import Measurements

from .test_regimes import random_regimes
from .test_tracks import BANDS, tracks_begun


def some_measurements(rng, count):
    def one(*shape):
        return rng.uniform(1.0, 9.0, (count, *shape))

    flux = one(BANDS)
    flux[rng.random((count, BANDS)) < 0.3] = np.nan
    return Measurements(
        one(2), one(2), one(2), one(), one(), one(), flux, one(BANDS), one(), np.ones(count, np.int64), one(),
        np.arange(count),
    )  # fmt: skip


def hits_of(seen, which):
    out = np.empty(len(which), hit_dtype(BANDS))
    write_hits(out, which, seen, 7, 3.5, 0.2, np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0, 7.0]))
    return out


def test_a_hit_is_its_measurement_and_its_frame():
    rng = np.random.default_rng(1)
    seen, which = some_measurements(rng, 20), rng.permutation(20)[:8]
    records = hits_of(seen, which)
    for name in ("scene", "focal", "var", "snr", "strongest", "frames", "unrest", "flux", "flux_sigma"):
        np.testing.assert_array_equal(records[name], getattr(seen, name)[which])
    np.testing.assert_array_equal(records["seen_s"], seen.time_s[which])
    assert set(records[["frame", "time_s", "shift_sigma"]].tolist()) == {(7, 3.5, 0.2)}
    assert (records["position_m"] == [1, 2, 3]).all()
    assert (records["attitude"] == [4, 5, 6, 7]).all()
    hits = read_hits(records)
    for plane, name in enumerate(("scene", "focal")):
        np.testing.assert_array_equal(hits.at[:, plane], records[name])
    np.testing.assert_allclose(hits.var[:, 0], records["var"] + 0.2**2, rtol=1e-15)
    np.testing.assert_array_equal(hits.var[:, 1], records["var"])
    for name in ("strongest", "frames", "unrest", "flux", "flux_sigma"):
        np.testing.assert_array_equal(getattr(hits, name), records[name])
    assert len(read_hits(records[:0]).at) == 0


def test_tracks_receive_what_their_parts_take():
    rng = np.random.default_rng(2)
    course, looks = tracks_begun(rng, 6)
    want_course, want_looks = copy.deepcopy(course), copy.deepcopy(looks)
    filters, row = random_regimes(3, 6), np.array([4, 0, 3])
    records = hits_of(some_measurements(rng, 9), np.array([8, 1, 2]))
    receive(filters, course, looks, row, records, -4.0, 1)
    hits = read_hits(records)
    fit, loose = fits(filters, row, hits.at, hits.var)
    wander = tracks.take(want_course, row, hits, 3.5, fit, -4.0)
    tracks.look(want_looks, row, hits, 3.5, loose, wander, 1)
    want_course.seen_s[row], want_course.last_snr[row] = records["seen_s"], records["snr"]
    for ours, theirs in zip((*course, *looks), (*want_course, *want_looks), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    receive(filters, course, looks, row[:0], records[:0], -4.0, 1)
    np.testing.assert_array_equal(course.hits, want_course.hits)
