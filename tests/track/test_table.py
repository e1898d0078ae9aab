"""Looks at a track: each tells of its own stretch of hits, and of what came before by its evidence alone."""

import numpy as np
import pytest

from boostwatch.track.history import hit_dtype
from boostwatch.track.laws import KINDS
from boostwatch.track.table import Table
from boostwatch_kernels.assignment import Association
from boostwatch_kernels.tracks import LIFE_S, MOST_ODDS, N_LIGHT, N_MOMENTS, WINDOW_S, Course, add_light, add_moments

ONE = np.array([0])


def test_columns_are_the_tables_own_also_after_tracks_came_and_went():
    table = fed(course(np.arange(4.0)))
    for change in (lambda: table.extend(fed(course(np.arange(5.0)))), lambda: table.keep(np.array([False, True]))):
        change()
        columns = table.columns(Course)
        assert all(mine is getattr(table, name) for name, mine in zip(Course._fields, columns, strict=True))
        table.predict(1.0, 0.05)
        assert np.shares_memory(table._filters.state, table.regime_state)
    assert table.hits.tolist() == [5.0]


def test_points_tell_of_hits_in_their_own_frame_only():
    hits = course(np.arange(6.0))
    hits["seen_s"], hits["snr"] = hits["time_s"] + 0.25, 7.0
    table = fed(hits)
    table.track_id[:] = 3
    focal = np.array([[11.0, 12.0]])
    now, later = table.points(focal, 5, 5.0)[0], table.points(focal, 6, 6.0)[0]
    assert (now["track_id"], now["frame"], now["time_s"], now["snr"]) == (3, 5, 5.25, 7.0)
    assert (later["frame"], later["time_s"], later["confirmed"]) == (6, 6.0, 1)
    assert np.isnan(later["snr"])
    for axis, name in enumerate("xy"):
        assert now[name] == focal[0, axis]
        assert now["v" + name] == pytest.approx(table.state[0, axis, 1])
        assert now["sigma_" + name] == pytest.approx(np.sqrt(table.cov[0, axis, 0, 0]))
    assert all(np.isnan(now[f"los_{axis}"]) for axis in "xyz")


def course(times, seed=0):
    """Hits of one track at some times."""
    rng = np.random.default_rng(seed)
    hits = np.zeros(len(times), hit_dtype(1))
    hits["time_s"] = times
    hits["scene"] = rng.normal(0, 0.3, (len(times), 2)) + np.array([[50, 60]])
    hits["focal"] = hits["scene"] + rng.normal(0, 1, (len(times), 2))
    hits["var"], hits["shift_sigma"], hits["frames"], hits["strongest"] = 0.01, 0.02, 1, 9
    hits["flux"], hits["flux_sigma"] = rng.uniform(5000, 9000, (len(times), 1)), 700
    hits["unrest"] = rng.uniform(0.9, 1.1, len(times))
    return hits


def fed(hits, evidence=None, kept_s=np.inf):
    table = Table.begin(hits[:1], 1.0, 0.1, 0)
    for hit in hits[1:]:
        if evidence is not None:
            table.evidence[0] = evidence(float(table.last_s[0]))
        table.kept[0] = hit["time_s"] > kept_s
        table.predict(float(hit["time_s"] - table.last_s[0]), 0.05)
        table.take(ONE, hit[None], -3.0, 0)
    return table


@pytest.mark.parametrize("until", [5.0, 19.5, 20.0, 25.0, 44.0])
def test_a_look_holds_the_hits_of_its_own_window(until):
    hits = course(np.arange(0.0, until + 0.1, 0.5))
    table = fed(hits)
    for look in (0, 1):
        began = table.since_s[0, look]
        if np.isnan(began):
            assert look == 1
            assert until <= WINDOW_S / 2
            assert table.look_hits[0, 1] == 0
            continue
        mine = hits[(hits["time_s"] >= began) & (hits["time_s"] <= began + WINDOW_S)]
        sums, light = np.zeros((2, N_MOMENTS)), np.zeros(N_LIGHT)
        for hit in mine:
            age = float(hit["time_s"] - began)
            scene, focal = hit["scene"] - mine["scene"][0], hit["focal"] - mine["focal"][0]
            for axis in range(2):
                var = hit["var"][axis]
                add_moments(sums[axis], age, scene[axis], focal[axis], var + hit["shift_sigma"] ** 2, var)
            add_light(light, age, hit["flux"][0], hit["flux_sigma"][0])
        assert table.look_hits[0, look] == len(mine)
        np.testing.assert_allclose(table.sums[0, look], sums, rtol=1e-12)
        np.testing.assert_allclose(table.light[0, look], light, rtol=1e-12)
        assert table.unrest[0, look] == pytest.approx(mine["unrest"].mean())
    assert table.last_s[0] - table.since_s[0, 0] <= WINDOW_S


def test_what_was_seen_before_a_look_is_known_by_its_evidence():
    def said(time_s):
        return -time_s * np.arange(float(len(KINDS)))

    table = fed(course(np.arange(0.0, 25.1, 0.5)), said)
    assert table.since_s[0].tolist() == [10.5, 21.0]
    np.testing.assert_array_equal(table.past[0], [said(10.0), said(20.5)])


def test_after_a_long_gap_it_is_looked_at_anew():
    table = fed(course([0.0, 0.5, 1.0, 40.0, 40.5]), lambda time_s: np.full(len(KINDS), -time_s))
    assert table.since_s[0, 0] == 40.0
    assert np.isnan(table.since_s[0, 1])
    assert table.look_hits[0, 0] == 2
    np.testing.assert_array_equal(table.past[0, 0], np.full(len(KINDS), -1.0))


def test_a_declared_launch_keeps_the_look_that_had_begun():
    table = fed(course(np.arange(0.0, 60.1, 0.5)), kept_s=12.0)
    assert table.since_s[0, 0] == 10.5
    assert np.isnan(table.since_s[0, 1])
    assert table.look_hits[0, 0] == 41
    early = fed(course(np.arange(0.0, 60.1, 0.5)), kept_s=8.0)
    assert early.since_s[0, 0] == 0.0
    assert early.look_hits[0, 0] == 41


def test_a_launch_is_declared_on_all_that_was_seen_and_has_one_more_look():
    def said(time_s):
        return np.r_[time_s, np.zeros(len(KINDS) - 1)]

    hits = course(np.arange(0.0, 80.1, 0.5))
    table = Table.begin(hits[:1], 1.0, 0.1, 0)
    for hit in hits[1:]:
        table.evidence[0] = said(float(table.last_s[0]))
        table.predict(0.5, 0.05)
        table.take(ONE, hit[None], -3.0, 0)
        if hit["time_s"] == 14.0:
            table.keep_as_launch(0)
            assert np.isnan(table.since_s).all()
    # Neither of the looks that were under way (from 0 and 10.5 s) goes on, and none begins after the new one.
    assert table.since_s[0, 0] == 14.5
    assert np.isnan(table.since_s[0, 1])
    assert table.look_hits[0, 0] == 41
    np.testing.assert_array_equal(table.past[0, 0], said(14.0))
    assert table.hits[0] == len(hits)


def test_misses_count_for_the_looks_they_fall_into():
    table = fed(course(np.arange(0.0, 15.1, 0.5)))
    score, odds = table.score[0], table.odds[0]
    for time_s, given, gain in ((16.0, -1, -0.5), (16.5, 0, 3.0), (17.0, 0, 30.0), (25.0, -1, -0.7)):
        table.tally(Association(np.array([given]), np.array([gain]), ONE, ONE, ONE), time_s)
        score, odds = score + gain, min(odds + gain, MOST_ODDS)
    assert table.look_misses[0].tolist() == [1, 2]
    assert table.misses[0] == 2
    assert table.score[0] == pytest.approx(score)
    assert table.odds[0] == pytest.approx(odds)


def test_a_track_that_began_where_something_stood_needs_more_to_move():
    tables = [fed(course(np.arange(10.0))) for _ in range(4)]
    table = tables[0]
    for other in tables[1:]:
        table.extend(other)
    table.moves[:] = 5.0, 5.0, -2.5, -2.5
    table.familiar[:] = False, True, False, True
    table.hits[:] = 9, 9, 9, 3
    count, news = table.settle_motion(4.0, 10.0)
    assert (count, news.tolist()) == (2, [1, 0, -1, 0])
    assert table.moving.tolist() == [True, False, False, False]
    assert table.rested.tolist() == [False, False, True, False]
    assert table.settle_motion(4.0, 10.0)[0] == 0
    table.moves[:] = 11.0
    assert table.settle_motion(4.0, 10.0)[1].tolist() == [0, 1, 1, 1]


@pytest.mark.parametrize("gap_s", [1.0, 1e5, 1e6, 1e11])
def test_what_was_seen_before_any_gap_is_as_likely_gone_as_its_length_tells(gap_s):
    table = fed(course(np.arange(10.0)))
    table.odds[:] = 3.0
    table.predict(gap_s, 0.05)
    lives = np.exp(-gap_s / LIFE_S) / (1 + np.exp(-3.0))
    expected = np.log(lives) - np.log1p(-lives) if lives > 0 else 3.0 - gap_s / LIFE_S - np.log1p(np.exp(3.0))
    np.testing.assert_allclose(table.odds, expected)
    assert np.isfinite(table.cov).all()
