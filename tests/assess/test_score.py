"""The score of made-up runs whose truth is known."""

import copy
import json
import math

import numpy as np
import pytest
from scipy import stats

from boostwatch.assess.launches import ellipse_distance, ground_error_km
from boostwatch.assess.metrics import BETTER_HIGH, BETTER_LOW
from boostwatch.assess.score import Score, binomial_interval, poisson_interval, score
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
)
from tests.assess import synthetic


@pytest.fixture(scope="module")
def case():
    return synthetic.scene()


def run(case, tables=None):
    return score(
        tables or case.tables, objects=case.objects, samples=case.samples, shape=synthetic.SHAPE, frame_period_s=0.5
    )


@pytest.fixture(scope="module")
def result(case):
    return run(case)


def test_intervals_hold_their_level():
    assert binomial_interval(0, 0) == (0.0, 1.0)
    for hits, trials in [(0, 10), (3, 10), (10, 10), (40, 400)]:
        exact = stats.binomtest(hits, trials).proportion_ci(0.95, "exact")
        assert binomial_interval(hits, trials) == pytest.approx((exact.low, exact.high))
    for count in (0, 1, 9, 250):
        low, high = poisson_interval(count)
        assert stats.poisson.sf(count - 1, low) == pytest.approx(0.025 if count else 1.0)
        assert stats.poisson.cdf(count, high) == pytest.approx(0.025)


def test_all_is_found(result):
    assert [(r["name"], r["outcome"], r["event_kind"]) for r in result.objects] == [
        ("large", "found", "launch"), ("small", "found", "launch"), ("fire", "found", "fire"),
        ("aircraft", "found", "aircraft"),
    ]  # fmt: skip
    assert result.confusion == {"launch": {"launch": 2}, "fire": {"fire": 1}, "aircraft": {"aircraft": 1}}
    assert all(r["completeness"] > 0.9 and r["purity"] == 1.0 and r["fragments"] == 1 for r in result.objects)


def test_launch_rows_measure_what_was_planted(result):
    for row, peak in zip(result.launches, (40, 12), strict=True):
        assert row["declared"]
        assert row["launch_events"] == 1
        assert row["launch_time_error_s"] == pytest.approx(1.5)
        assert row["launch_time_error_sigmas"] == pytest.approx(0.75)
        assert row["heading_error_deg"] == pytest.approx(4.0)
        assert row["ground_error_km"] == pytest.approx(math.hypot(1.11, 0.91), abs=0.02)
        assert row["inside_ellipse"] is True
        assert 0 < row["ellipse_distance"] < 1
        assert row["peak_intensity_w_sr"] == pytest.approx(peak * 9e3)
        assert row["burnout_time_error_s"] == 0


def test_latency_counts_from_the_first_visible_frame(case, result):
    for row in result.objects[:2]:
        mine = case.samples[(case.samples["object_id"] == row["object_id"]) & (case.samples["snr"] >= 6)]
        assert row["visible_time_s"] == 0.5 * mine["frame"].min()
        event = case.tables.events[case.tables.events["event_id"] == row["event_id"]][0]
        assert row["declared_after_s"] == pytest.approx(event["declared_time_s"] - row["visible_time_s"])
        assert row["confirmed_after_s"] == pytest.approx(row["declared_after_s"] - 4)


def test_false_detections_are_those_planted(case, result):
    alarms = result.false_alarms
    planted = int((case.tables.detections["snr"] == np.float32(5.1)).sum())
    assert planted - 8 <= alarms["false_detections"] <= planted  # a few fall on a target by chance
    assert alarms["megapixels"] == pytest.approx(232 * 2 * 65536 / 1e6)
    assert alarms["false_detections_per_mpx"] == pytest.approx(alarms["false_detections"] / alarms["megapixels"])
    assert alarms["false_detections_per_hour"] == pytest.approx(30 * alarms["false_detections"])
    assert alarms["false_tracks"] == alarms["false_launches"] == 0
    assert alarms["false_launches_per_hour_high_95"] == pytest.approx(3.689 * 30, rel=1e-3)


def test_detection_probability_follows_the_threshold_of_the_chain(case, result):
    rows = [r for r in result.detection if r["band"] == -1]
    fair = ~np.isin(case.samples["object_id"], [2, 3])  # fire and aircraft are there from the first frame
    assert sum(r["samples"] for r in rows) == fair.sum()
    assert sum(r["samples"] for r in result.detection) == 2 * fair.sum()
    high = [r for r in rows if r["snr_from"] >= 8]
    assert all(r["probability"] == 1 for r in high)
    for r in rows:
        assert r["probability_low_95"] <= r["probability"] <= r["probability_high_95"]
        mine = fair & (case.samples["snr"] >= r["snr_from"]) & (case.samples["snr"] < r["snr_to"])
        expected = stats.norm.sf(5 - case.samples["snr"][mine]).mean()  # the made-up chain cuts at 5
        sigma = math.sqrt(expected * (1 - expected) / r["samples"]) + 1e-9
        assert abs(r["probability"] - expected) < 4.5 * sigma + 1 / r["samples"]


def test_gospa_is_small_where_tracks_lie_on_their_objects(result):
    assert result.gospa["frames"] == 232
    assert result.gospa["mean_px"] < 1.0
    assert result.gospa["false_per_frame"] == 0


def test_dictionary_is_json_and_says_none_for_the_unknown(result):
    text = json.dumps(result.as_dict(), allow_nan=False)
    back = json.loads(text)
    assert back["detection"][-1]["snr_to"] is None
    assert set(back) == {
        "detection", "false_alarms", "objects", "launches", "gospa", "confusion", "out_of_view", "roc", "position",
        "latency", "calibration", "reliability", "figures", "notes",
    }  # fmt: skip


def test_a_missed_launch_is_missed_and_a_learnt_fire_is_background(case):
    tables = copy.deepcopy(case.tables)
    keep = ~np.isin(tables.tracks["track_id"], [0, 2])
    tables.tracks = tables.tracks[keep]
    tables.events = tables.events[~np.isin(tables.events["track_id"], [0, 2])]
    tables.track_points = tables.track_points[~np.isin(tables.track_points["track_id"], [0, 2])]
    bad = run(case, tables)
    assert [r["outcome"] for r in bad.objects] == ["missed", "found", "background", "found"]
    assert bad.confusion["launch"] == {"missed": 1, "launch": 1}
    assert bad.confusion["fire"] == {"background": 1}
    assert bad.launches[0]["declared"] is False
    assert math.isnan(bad.launches[0]["ground_error_km"])
    assert bad.gospa["missed_per_frame"] > 0.5
    assert bad.gospa["mean_px"] > run(case).gospa["mean_px"] + 3


def test_tracked_but_not_declared_counts_as_missed(case):
    tables = copy.deepcopy(case.tables)
    tables.events = tables.events[:0]
    bad = run(case, tables)
    assert {r["outcome"] for r in bad.objects} == {"tracked"}
    assert bad.confusion["launch"] == {"missed": 2}


def test_false_and_double_launches_are_counted_apart(case):
    tables = copy.deepcopy(case.tables)
    extra = tables.events[[0, 0, 2]].copy()
    extra["event_id"] = [90, 91, 92]
    extra["track_id"] = [0, -1, 2]  # the same launch again; nowhere; the fire called a launch
    extra["x0"][1] = 250.0
    extra["kind"] = b"launch"
    extra["declared_time_s"] += 9
    tables.events = np.concatenate([tables.events, extra])
    bad = run(case, tables)
    assert bad.false_alarms["false_launches"] == 2
    assert bad.launches[0]["launch_events"] == 2
    assert bad.objects[0]["extra_events"] == 1
    assert bad.objects[0]["event_id"] == 10
    assert bad.objects[2]["event_kind"] == "fire"  # an object is known by its own kind if any event says so
    assert bad.confusion["none"] == {"launch": 1}


def test_a_wrong_name_is_a_confusion(case):
    tables = copy.deepcopy(case.tables)
    tables.events["kind"][0] = b"unknown"
    bad = run(case, tables)
    assert bad.confusion["launch"] == {"unknown": 1, "launch": 1}
    assert not bad.launches[0]["declared"]
    assert bad.launches[0]["kind"] == "unknown"


def test_object_out_of_view_is_in_no_count(case):
    objects = empty(TRUTH_OBJECT, 1)
    objects["object_id"], objects["kind"] = 77, b"launch"
    result = score(case.tables, objects=objects, samples=case.samples[:0], shape=synthetic.SHAPE, frame_period_s=0.5)
    assert result.objects[0]["outcome"] == "out of view"
    assert "launch" not in result.confusion


def test_nothing_at_all():
    tables = EventTables("", *(empty(d, 0) for d in (DETECTION, TRACK, TRACK_POINT, EVENT, REGISTRATION)))
    nothing = {"objects": empty(TRUTH_OBJECT, 0), "samples": empty(TRUTH_SAMPLE, 0)}
    result = score(tables, **nothing, shape=(5, 1, 8, 8), frame_period_s=1.0)
    assert result.gospa == {"frames": 5, "cut_px": 10.0, "power": 2.0, "mean_px": 0.0, "missed_per_frame": 0.0,
                            "ospa_mean_px": 0.0,
                            "false_per_frame": 0.0}  # fmt: skip
    assert result.detection == result.objects == result.launches == []
    json.dumps(result.as_dict(), allow_nan=False)
    assert all(section.columns for section in result.table())
    empty_stack = score(tables, **nothing, shape=(0, 1, 8, 8), frame_period_s=1.0)
    assert math.isnan(empty_stack.false_alarms["false_detections_per_mpx"])
    assert empty_stack.gospa["frames"] == 0
    json.dumps(empty_stack.as_dict(), allow_nan=False)
    empty_stack.table()


def test_table_shows_values_with_units(result):
    titles = {section.title: section for section in result.table()}
    launches = titles["Launches"]
    assert launches.columns[2] == "after visible (s)"
    assert launches.rows[0][:2] == ("large", "yes")
    assert launches.rows[0][3] == "+1.5 ± 2.0"
    for section in titles.values():
        assert all(len(row) == len(section.columns) for row in section.rows)
        assert all(isinstance(cell, str) for row in section.rows for cell in row)


def test_table_of_what_was_missed(case):
    tables = copy.deepcopy(case.tables)
    tables.events, tables.tracks = tables.events[:0], tables.tracks[:0]
    launches = run(case, tables).table()[0]
    assert launches.rows[0][1] == "no: missed"
    assert launches.rows[0][3:7] == ("-", "-", "-", "-")


def test_score_can_be_empty():
    assert Score().as_dict()["objects"] == []


@pytest.mark.parametrize(
    ("east", "north", "distance"),
    [(0, 0, 0), (0, 6, 1), (3, 0, 1), (0, 12, 2)],
)
def test_ellipse_distance_on_its_axes(east, north, distance):
    assert ellipse_distance(east, north, 6, 3, 0) == pytest.approx(distance)
    assert ellipse_distance(north, -east, 6, 3, 90) == pytest.approx(distance)
    turned = math.radians(30)
    x, y = east * math.cos(turned) + north * math.sin(turned), north * math.cos(turned) - east * math.sin(turned)
    assert ellipse_distance(x, y, 6, 3, 30) == pytest.approx(distance)


def test_ellipse_distance_unknown():
    assert math.isnan(ellipse_distance(1, 1, math.nan, 2, 0))
    assert math.isnan(ellipse_distance(math.nan, 1, 3, 2, 0))


def test_ground_error_points_where_it_should(case):
    event, thing = empty(EVENT, 1), case.objects[:1]
    event["latitude_deg"], event["longitude_deg"] = thing["latitude_deg"] + 0.1, thing["longitude_deg"]
    east, north = ground_error_km(event[0], thing[0])
    assert east == pytest.approx(0, abs=1e-6)
    assert north == pytest.approx(11.1, abs=0.05)


def test_ellipse_of_claimed_errors_holds_95_percent():
    """Errors drawn from the covariance that a 95 % ellipse stands for fall inside as often as it says."""
    rng, count = np.random.default_rng(6), 4000
    k = math.sqrt(stats.chi2.ppf(0.95, 2))
    along, across = rng.normal(0, 6 / k, count), rng.normal(0, 3 / k, count)
    s, c = math.sin(0.4), math.cos(0.4)
    inside = [
        ellipse_distance(a * s + b * c, a * c - b * s, 6, 3, math.degrees(0.4)) <= 1
        for a, b in zip(along, across, strict=True)
    ]
    assert abs(np.mean(inside) - 0.95) < 4.5 * math.sqrt(0.95 * 0.05 / count)


def test_figures_for_thresholds(case, result):
    found = result.metrics()
    assert set(found) == {*BETTER_HIGH, *BETTER_LOW}
    assert found["launches_declared"] == 1.0
    assert 0.0 < found["gospa_px"] < 1.0
    assert 0.0 < found["ospa_px"] < 1.0
    assert found["purity"] > 0.9
    assert found["false_launches"] == 0.0
    nothing = EventTables("", *(empty(d, 0) for d in (DETECTION, TRACK, TRACK_POINT, EVENT, REGISTRATION)))
    blank = score(nothing, objects=empty(TRUTH_OBJECT, 0), samples=empty(TRUTH_SAMPLE, 0), shape=(5, 1, 8, 8),
                  frame_period_s=0.5).metrics()  # fmt: skip
    assert all(math.isnan(blank[name]) for name in BETTER_HIGH)
