"""Figures that were worked out by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from boostwatch import geometry as g
from boostwatch.assess.intervals import binomial_interval
from boostwatch.assess.score import score
from boostwatch.assess.view import Camera
from boostwatch.records import EVENT, empty
from boostwatch.sensor import Band, Sensor
from tests.assess import handmade

BAND = Band("SWIR", 2.69, 2.95, psf_sigma_px=0.7, irradiance_per_e=1e-15)
SENSOR = Sensor("notional", 28e-6, 49.5, 49.5, handmade.PERIOD_S, 0.1, (BAND,))
POSITION = np.array([g.GEO_RADIUS_M, 0.0, 0.0])


def camera(bias_sigma_rad=10e-6):
    attitude = g.look_at(POSITION, g.geodetic_to_itrs(10.0, 20.0))
    return Camera(SENSOR, np.tile(POSITION, (40, 1)), np.tile(attitude, (40, 1)), bias_sigma_rad)


def run(tables=None, camera=None, **more):
    objects, samples = handmade.truth()
    given = {"objects": objects, "samples": samples, "shape": handmade.SHAPE, "frame_period_s": 0.5, **more}
    return score(handmade.tables() if tables is None else tables, camera=camera, **given)


@pytest.fixture(scope="module")
def result():
    return run(camera=camera())


def test_latency_counts_from_the_clairvoyants_first_call(result):
    # 4 false detections in 40 frames of 10 000 px: 1e-5 a look, called by chance half the time from snr 4.265 on,
    # which frame 14 (snr 5, 7 s) is the first to have.
    row = result.objects[0]
    assert result.false_alarms["per_pixel"] == pytest.approx(1e-5)
    assert row["clairvoyant_time_s"] == 7.0
    assert row["detected_after_clairvoyant_s"] == 0.0
    assert row["confirmed_after_clairvoyant_s"] == 1.0
    assert row["declared_after_clairvoyant_s"] == 5.0
    assert row["visible_time_s"] == 7.5  # snr 6
    assert row["declared_after_s"] == 4.5
    # Information adds up as 0.5, 2.5, 7, 15, 27.5: ln(1e5) = 11.5 is passed in frame 13; half a false track in
    # 400 000 looks is ln(8e5) = 13.6, in the same frame.
    assert row["cusum_detected_after_s"] == row["cusum_confirmed_after_s"] == row["cusum_declared_after_s"] == -0.5
    assert result.latency[2] == {
        "objects": "launches", "stage": "declared", "due": 1, "reached": 1, "share": 1.0,
        "share_low_95": pytest.approx(0.025), "share_high_95": 1.0, "median_s": 5.0, "median_s_low_95": math.nan,
        "median_s_high_95": math.nan, "p90_s": 5.0, "p95_s": 5.0, "limit_median_s": -0.5,
    } | {k: pytest.approx(math.nan, nan_ok=True) for k in ("median_s_low_95", "median_s_high_95")}  # fmt: skip


def test_detection_beside_its_limit(result):
    rows = {row["snr_from"]: row for row in result.detection if row["band"] == -1}
    assert [rows[k]["probability"] for k in (1.0, 4.0, 5.0, 10.0)] == [0.0, 0.0, 1.0, 1.0]
    assert (rows[10.0]["samples"], rows[10.0]["detected"]) == (21, 21)
    assert rows[4.0]["clairvoyant_probability"] == pytest.approx(stats.norm.sf(stats.norm.isf(1e-5) - 4.0))
    assert {row["band_name"] for row in result.detection} == {"all", "SWIR"}


def test_roc_counts_above_each_threshold(result):
    roc = result.roc
    at = roc["thresholds"].index
    assert roc["megapixels"] == pytest.approx(0.4)
    assert [roc["false_detections"][at(t)] for t in (3.5, 4.25, 5.25, 7.0, 8.0)] == [4, 3, 2, 1, 0]
    group = next(group for group in roc["groups"] if group["snr_from"] == 6.0)  # snr 6 and 7
    assert group["samples"] == 2
    assert [group["detected"][at(t)] for t in (5.0, 6.5, 7.5)] == [2, 1, 0]
    limit = stats.norm.sf(stats.norm.isf(2 / 400_000) - np.array([6.0, 7.0])).mean()
    assert group["clairvoyant_probability"][at(5.25)] == pytest.approx(limit)


def test_errors_in_their_own_sigmas(result):
    rows = {row["quantity"]: row for row in result.calibration}
    distance_km = 0.01 * math.pi / 180 * 6378.137 * math.cos(math.radians(10.0))
    assert rows["launch_time"]["rms"] == rows["launch_time"]["mean"] == pytest.approx(2.0)
    assert rows["heading"]["mean"] == pytest.approx(-0.5)
    assert rows["burnout"]["mean"] == pytest.approx(0.5)
    # 95 % of a normal error in the plane lie within 2.4477 sigma.
    assert rows["launch_point"]["chi2"] == pytest.approx((2.4477 * distance_km / 2.0) ** 2, rel=2e-3)
    assert rows["start"]["chi2"] == pytest.approx(3.0**2 + 2.0**2, rel=1e-3)
    assert rows["detection_position"]["count"] == 26
    assert rows["detection_position"]["rms"] == pytest.approx(math.sqrt(0.5), rel=1e-4)  # 0.1 px of x at 0.1 px sigma
    inside = {c["level"]: c["inside"] for c in rows["launch_time"]["coverage"]}
    assert inside == {0.5: 0, 0.68: 0, 0.95: 0, 0.99: 1}  # 2.0 is outside of 1.96
    assert rows["launch_time"]["pit"] == [0] * 9 + [1]


def test_peak_is_held_against_the_light_that_arrives(result):
    row = result.launches[0]
    distance = np.linalg.norm(g.geodetic_to_itrs(10.0, 20.0) - POSITION)
    assert row["true_apparent_peak_w_sr"] == pytest.approx(1e-11 * distance**2)
    assert row["true_peak_intensity_w_sr"] == 1e5
    expected = (9e4 - row["true_apparent_peak_w_sr"]) / 1e4
    assert row["peak_intensity_error_sigmas"] == pytest.approx(expected)


def test_the_bound_of_the_launch_point_is_the_pointing_error_seen_on_the_ground(result):
    """Positions of 0.1 px and better add nothing to 10 urad: along the line of sight it is stretched by the slant."""
    to = g.geodetic_to_itrs(10.0, 20.0) - POSITION
    distance_km = float(np.linalg.norm(to)) / 1000
    sine = -float(to @ g.enu_basis(10.0, 20.0)[2]) / np.linalg.norm(to)
    bias_km = 10e-6 * distance_km * math.hypot(1.0, 1.0 / sine)
    assert result.launches[0]["point_bound_km"] == pytest.approx(bias_km, rel=0.01)
    unbiased = run(camera=camera(math.nan)).launches[0]["point_bound_km"]
    assert 0.0 < unbiased < 0.1 * bias_km
    assert math.isnan(run().launches[0]["point_bound_km"])


def test_places_beside_their_bound(result):
    rows = result.position
    assert sum(row["detections"] for row in rows) == 26
    assert all(row["rms_px"] == pytest.approx(0.1 / math.sqrt(2), rel=1e-3) for row in rows)
    top = rows[-1]
    assert 1.1 * 0.7 / 10 < top["bound_px"] < 0.13  # a little above 1.11 sigma / snr, for its own 10 000 electrons
    assert top["bound_ratio"] == pytest.approx(top["rms_px"] / top["bound_px"], rel=0.05)
    assert run().position == []


def test_reliability_of_one_event(result):
    assert result.reliability["events"] == result.reliability["launches"] == 1
    assert result.reliability["brier_score"] == pytest.approx(0.05**2, rel=1e-4)
    assert result.reliability["calibration_error"] == pytest.approx(0.05, rel=1e-4)
    (only,) = result.reliability["bins"]
    assert (only["p_from"], only["found"], only["found_low_95"]) == (0.9, 1.0, pytest.approx(0.025))


def test_a_run_that_saw_nothing():
    result = run(handmade.nothing(), camera())
    row = result.objects[0]
    assert row["outcome"] == "missed"
    assert row["clairvoyant_time_s"] == 7.0  # half a false alarm in 400 000 looks: snr 4.71
    assert math.isnan(row["detected_after_clairvoyant_s"])
    assert result.latency[0]["median_s"] == math.inf
    assert result.as_dict()["latency"][0]["median_s"] is None
    assert all(row["count"] == 0 for row in result.calibration)
    assert result.reliability["bins"] == []
    found = {row["metric"]: row for row in result.figures()}
    assert found["launches_declared"]["value"] == 0.0
    assert (found["launches_declared"]["low_95"], found["launches_declared"]["high_95"]) == binomial_interval(0, 1)
    assert found["declared_after_clairvoyant_s"]["value"] == math.inf
    assert math.isnan(found["ground_error_km"]["value"])
    result.table()


def test_events_of_kinds_unknown_are_counted_by_their_names():
    tables = handmade.tables()
    more = empty(EVENT, 3)
    more["event_id"], more["kind"], more["track_id"] = [8, 9, 10], [b"", b"meteor", b"\xff\xfe"], -1
    tables.events = np.concatenate([tables.events, more])
    result = run(tables)
    assert result.confusion["none"] == {"unknown": 1, "meteor": 1, "\ufffd\ufffd": 1}
    tables.events["kind"][0] = b""
    assert run(tables).confusion["launch"] == {"unknown": 1}


def test_a_launch_called_something_else_was_never_declared():
    tables = handmade.tables()
    tables.events["kind"] = b"fire"
    result = run(tables)
    assert result.latency[2]["reached"] == 0
    assert result.latency[5]["reached"] == 1  # of all objects: it has an event
    assert result.metrics()["declared_after_clairvoyant_s"] == math.inf
    assert math.isnan(result.metrics()["launches_inside_ellipse"])


def test_sums_of_frames_are_left_out_where_single_frames_are_asked():
    tables = handmade.tables()
    tables.detections["frames"] = 8
    result = run(tables, camera())
    assert result.detection[-1]["probability"] == 1.0
    assert max(result.roc["false_detections"]) == 0
    assert max(max(group["detected"]) for group in result.roc["groups"]) == 0
    assert result.position == []


def test_an_object_of_the_first_frame_has_no_onset():
    objects, samples = handmade.truth()
    samples["frame"] -= 10
    row = run(objects=objects, samples=samples).objects[0]
    assert math.isnan(row["clairvoyant_time_s"])
    assert math.isnan(row["cusum_declared_after_s"])


def test_out_of_view_is_counted_apart():
    objects, samples = handmade.truth()
    result = run(handmade.nothing(), objects=objects, samples=samples[:0])
    assert result.confusion == {}
    assert result.out_of_view == {"launch": 1}
    section = next(s for s in result.table() if s.title.startswith("True kind"))
    assert section.columns == ("", "out of view")
    assert section.rows == [("launch", "1")]


def test_launch_points_over_their_bounds(result):
    row = result.launches[0]
    found = {r["metric"]: r for r in result.figures()}["ground_error_over_bound"]
    assert found["value"] == pytest.approx(row["ground_error_km"] / row["point_bound_km"])
    assert found["of"] == 1


def test_a_list_from_elsewhere_has_no_shifts_and_every_frame_counts():
    tables = handmade.tables()
    tables.registration = tables.registration[:0]
    assert run(tables).as_dict() == run().as_dict()


def test_frames_that_are_warming_up_are_in_no_count():
    tables = handmade.tables()
    tables.registration["quality"][:20] = 1
    result = run(tables)
    assert result.false_alarms["megapixels"] == pytest.approx(0.2)
    assert sum(r["samples"] for r in result.detection if r["band"] < 0) == 20


def test_lists_that_do_not_tell_frames_or_snr():
    tables, told = handmade.tables(), run(camera=camera())
    tables.detections["frames"] = -1
    assert run(tables, camera()).as_dict() == told.as_dict()
    tables.detections["snr"] = math.nan
    silent = run(tables, camera())
    assert max(silent.roc["false_detections"]) == 0
    assert silent.detection == told.detection
    tables.events["p_launch"] = 2.0
    assert run(tables).reliability["events"] == 0
