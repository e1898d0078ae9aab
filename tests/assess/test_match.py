"""Pairing of findings and truth, against brute force where it is small."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from boostwatch.assess import match
from boostwatch.records import DETECTION, EVENT, REGISTRATION, TRACK, TRACK_POINT, TRUTH_SAMPLE, EventTables, empty

COSTS = st.tuples(st.integers(0, 4), st.integers(0, 4)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.floats(0, 10))
)


def brute(cost, gate):
    """Most pairs first, then least distance, over all pairings."""
    n, m = cost.shape
    best = (0, 0.0)
    for k in range(1, min(n, m) + 1):
        for rows in itertools.combinations(range(n), k):
            for columns in itertools.permutations(range(m), k):
                values = [cost[r, c] for r, c in zip(rows, columns, strict=True)]
                if max(values) <= gate:
                    best = min(best, (-k, sum(values)))
    return best


@given(COSTS)
def test_assignment_is_the_best_of_all(cost):
    rows, columns = match.assign(cost, 4.0)
    count, total = brute(cost, 4.0)
    assert len(rows) == -count
    assert cost[rows, columns].sum() == pytest.approx(total)
    assert len(set(rows)) == len(rows)
    assert len(set(columns)) == len(columns)


def test_groups():
    a, b = np.array([2, 1, 2, 1]), np.array([0, 5, 0, 3])
    assert [(key, list(rows)) for key, rows in match.groups(a, b)] == [((1, 3), [3]), ((1, 5), [1]), ((2, 0), [0, 2])]
    assert list(match.groups(np.empty(0, int))) == []


def records(dtype, **columns):
    out = empty(dtype, len(next(iter(columns.values()))))
    for name, value in columns.items():
        out[name] = value
    return out


def test_detections_are_paired_one_to_one_and_satellites_are_not_false():
    samples = records(
        TRUTH_SAMPLE, object_id=[7, 8, 7], frame=[0, 0, 1], band=[0, 0, 0], x=[10.0, 14.0, 10.0], y=[10.0] * 3
    )
    found = records(
        DETECTION,
        frame=[0, 0, 0, 0, 1, 2],
        band=[0, 0, 0, 1, 0, 0],
        x=[10.5, 12.6, 40.0, 10.0, 13.1, 10.0],
        y=[10.0] * 6,
    )
    matched = match.match_detections(found, samples, 3.0)
    np.testing.assert_array_equal(matched.sample_detection, [0, 1, -1])
    np.testing.assert_array_equal(matched.detection_object, [7, 8, -1, -1, -1, -1])


def test_nan_positions_match_nothing():
    samples = records(TRUTH_SAMPLE, object_id=[1], frame=[0], band=[0], x=[np.nan], y=[3.0])
    found = records(DETECTION, frame=[0], band=[0], x=[3.0], y=[3.0])
    assert match.match_detections(found, samples, 3.0).sample_detection[0] == -1


def test_places_take_the_band_with_the_highest_snr_and_drop_what_does_not_shine():
    samples = records(
        TRUTH_SAMPLE, object_id=[1, 1, 2, 1], frame=[3, 3, 3, 2], band=[0, 1, 0, 0], x=[1.0, 2.0, 3.0, 4.0],
        y=[0.0] * 4, signal_e=[5.0, 9.0, 0.0, 2.0], snr=[1.0, 2.0, 0.0, 3.0],
    )  # fmt: skip
    place = match.places(samples)
    assert [(int(p["object_id"]), int(p["frame"]), float(p["x"])) for p in place] == [(1, 2, 4.0), (1, 3, 2.0)]


def tables(points, confirmed):
    """Points as (track, frame, x, snr); ``confirmed`` by track id."""
    table = records(
        TRACK_POINT, track_id=[p[0] for p in points], frame=[p[1] for p in points], x=[p[2] for p in points],
        y=[0.0] * len(points), snr=[p[3] for p in points],
    )  # fmt: skip
    tracks = records(TRACK, track_id=list(confirmed), confirmed_time_s=list(confirmed.values()))
    return EventTables("", empty(DETECTION, 0), tracks, table, empty(EVENT, 0), empty(REGISTRATION, 0))


def test_tracks_get_the_object_of_at_least_half_their_measured_points():
    truth = np.array([(5, f, 10.0, 0.0, 9.0) for f in range(4)], match.PLACE)
    points = [(1, f, 10.2, 8.0) for f in range(2)] + [(1, 2, 30.0, 8.0), (1, 3, 30.0, np.nan), (1, 9, 30.0, np.nan)]
    points += [(2, 0, 10.1, 8.0), (2, 1, 50.0, 8.0), (2, 2, 50.0, 8.0)]  # one of three
    points += [(3, 0, 10.0, 8.0)]  # never confirmed
    points += [(4, 0, 12.0, np.nan), (4, 1, 12.0, np.nan)]  # nothing but predictions: all count
    matched = match.match_tracks(tables(points, {1: 1.0, 2: 1.0, 3: np.nan, 4: 1.0}), truth, 3.0)
    assert matched.track_object == {1: 5, 2: -1, 4: 5}
    assert matched.purity == {1: pytest.approx(2 / 3), 2: 0.0, 4: 1.0}


def test_events_without_a_track_are_matched_by_where_they_were_first_seen():
    truth = np.array([(5, 2, 10.0, 0.0, 9.0)], match.PLACE)
    run = tables([(1, 2, 10.0, 5.0)], {1: 1.0})
    run.events = records(
        EVENT, track_id=[1, -1, -1, -1], first_time_s=[0.0, 1.1, 0.2, np.nan], x0=[99.0, 10.5, 10.5, 10.5], y0=[0.0] * 4
    )
    matched = match.match_tracks(run, truth, 3.0)
    times = np.arange(4) * 0.5
    np.testing.assert_array_equal(match.match_events(run, matched, truth, times, 3.0), [5, 5, -1, -1])
    assert match.match_events(run, matched, truth, times[:0], 3.0)[1] == -1


POINTS = st.integers(0, 4).flatmap(lambda n: arrays(np.float64, (n, 2), elements=st.floats(-20, 20)))


@given(POINTS, POINTS)
def test_gospa_against_brute_force_and_its_symmetry(a, b):
    value, missed, false = match.gospa(a, b)
    n, m = len(a), len(b)
    best = min(
        sum(min(np.hypot(*(a[r] - b[c])), 10) ** 2 for r, c in zip(rows, columns, strict=True)) + 50 * (n + m - 2 * k)
        for k in range(min(n, m) + 1)
        for rows in itertools.combinations(range(n), k)
        for columns in itertools.permutations(range(m), k)
    )
    assert value == pytest.approx(np.sqrt(best), abs=1e-9)
    assert match.gospa(b, a) == (pytest.approx(value), false, missed)


def test_gospa_known_values():
    none = np.empty((0, 2))
    assert match.gospa(none, none) == (0.0, 0, 0)
    assert match.gospa(np.zeros((1, 2)), none) == (pytest.approx(np.sqrt(50)), 1, 0)
    assert match.gospa(np.zeros((1, 2)), np.array([[3.0, 4.0]])) == (5.0, 0, 0)


def test_ospa_known_values_and_its_symmetry():
    none, one, two = np.empty((0, 2)), np.zeros((1, 2)), np.array([[0.0, 0.0], [50.0, 0.0]])
    assert match.ospa(none, none) == 0.0
    assert match.ospa(one, none) == match.ospa(none, two) == 10.0
    assert match.ospa(one, np.array([[3.0, 4.0]])) == 5.0
    assert match.ospa(one, two) == match.ospa(two, one) == pytest.approx(np.sqrt(50.0))
    assert match.ospa(one, one + 100.0) == 10.0
