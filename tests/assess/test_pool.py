"""Several scenes as one: sums, means and intervals that do not depend on the order."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from boostwatch.assess import intervals
from boostwatch.assess.pool import pool
from boostwatch.assess.score import score
from boostwatch.records import EVENT, empty
from tests.assess import handmade, synthetic
from tests.assess.test_handmade import camera


def made(detected=range(14, 40), false=4, *, p_launch=0.95, shift_km=1.0, with_camera=True):
    tables = handmade.tables(detected=detected, false=false)
    tables.events["p_launch"] = p_launch
    tables.events["longitude_deg"] = 20.0 + shift_km / 109.6
    objects, samples = handmade.truth()
    return score(tables, objects=objects, samples=samples, shape=handmade.SHAPE, frame_period_s=0.5,
                 camera=camera() if with_camera else None)  # fmt: skip


SCENES = [
    made(), made(range(18, 40), 0), made(range(12, 30), 9, p_launch=0.3), made(false=1, shift_km=5.0),
    made(range(25, 40), 2, p_launch=1.0),
]  # fmt: skip


def whole(result):
    """Everything that does not say in which order the scenes came."""
    out = result.as_dict()
    del out["scenes"], out["objects"], out["launches"]
    return json.dumps(out, sort_keys=True)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=6), st.randoms())
@settings(max_examples=8)
def test_the_order_of_scenes_does_not_matter(chosen, random):
    named = [(f"scene {n}", SCENES[k]) for n, k in enumerate(chosen)]
    first = whole(pool(dict(named)))
    random.shuffle(named)
    assert whole(pool(dict(named))) == first


@given(st.lists(st.integers(0, 4), min_size=1, max_size=6))
@settings(max_examples=8)
def test_counts_are_sums(chosen):
    scenes = [SCENES[k] for k in chosen]
    both = pool({str(n): scene for n, scene in enumerate(scenes)})
    for name in ("false_detections", "false_tracks", "false_launches", "band_frames"):
        assert both.false_alarms[name] == sum(s.false_alarms[name] for s in scenes)
    assert both.false_alarms["megapixels"] == pytest.approx(0.4 * len(scenes))
    rates = [both.false_alarms[f"false_detections_per_mpx{end}"] for end in ("", "_low_95", "_high_95")]
    low, high = intervals.poisson_interval(both.false_alarms["false_detections"])
    assert rates == pytest.approx([v / (0.4 * len(scenes)) for v in (both.false_alarms["false_detections"], low, high)])
    for key in ("samples", "detected"):
        assert sum(r[key] for r in both.detection) == sum(r[key] for s in scenes for r in s.detection)
    assert [sum(at) for at in zip(*(s.roc["false_detections"] for s in scenes), strict=True)] == (
        both.roc["false_detections"]
    )
    assert len(both.objects) == len(both.launches) == len(scenes)
    assert {row["scene"] for row in both.objects} == {str(n) for n in range(len(scenes))}
    assert both.reliability["events"] == sum(s.reliability["events"] for s in scenes)
    assert sum(r["detections"] for r in both.position) == sum(r["detections"] for s in scenes for r in s.position)
    counts = {row["quantity"]: row["count"] for row in both.calibration}
    assert counts["launch_time"] == len(scenes)
    assert both.confusion == {"launch": {"launch": len(scenes)}}
    assert both.latency[0]["due"] == len(scenes)


def test_one_scene_is_what_it_was():
    alone, both = SCENES[0].as_dict(), pool({"a": SCENES[0]}).as_dict()
    assert both["scenes"][0] == {"scene": "a", **alone}
    for key in ("false_alarms", "gospa", "confusion", "roc", "position", "latency", "calibration", "reliability"):
        assert near(both[key], alone[key]), key
    assert [{k: v for k, v in row.items() if k != "scene"} for row in both["launches"]] == alone["launches"]
    assert near(both["detection"], alone["detection"])
    assert near(both["figures"], alone["figures"])


def near(a, b):
    if isinstance(a, dict):
        return set(a) == set(b) and all(near(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(near(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, float) and isinstance(b, float):
        return a == pytest.approx(b, rel=1e-12)
    return a == b


def test_metrics_of_the_whole():
    both = pool({str(n): scene for n, scene in enumerate(SCENES)})
    found = {row["metric"]: row for row in both.figures()}
    errors = [scene.launches[0]["ground_error_km"] for scene in SCENES]
    assert found["ground_error_km"]["value"] == pytest.approx(np.median(errors))
    assert found["ground_error_km"]["of"] == 5
    assert min(errors) <= found["ground_error_km"]["low_95"] <= found["ground_error_km"]["high_95"] <= max(errors)
    declared = found["launches_declared"]
    assert (declared["value"], declared["of"]) == (1.0, 5)
    assert (declared["low_95"], declared["high_95"]) == intervals.binomial_interval(5, 5)
    frames = [(scene.gospa["frames"], scene.gospa["mean_px"]) for scene in SCENES]
    assert found["gospa_px"]["value"] == pytest.approx(sum(n * v for n, v in frames) / sum(n for n, _ in frames))
    assert both.metrics() == {name: row["value"] for name, row in found.items()}


def test_launches_of_the_same_number_in_other_scenes_are_others():
    objects, samples = handmade.truth()
    unseen = score(handmade.nothing(), objects=objects, samples=samples[:0], shape=handmade.SHAPE, frame_period_s=0.5)
    both = pool({"seen": SCENES[0], "unseen": unseen})
    assert both.metrics()["launches_declared"] == 1.0
    assert both.out_of_view == {"launch": 1}


def test_bands_go_by_their_names_and_limits_by_samples():
    case = synthetic.scene()
    two = score(case.tables, objects=case.objects, samples=case.samples, shape=synthetic.SHAPE, frame_period_s=0.5)
    both = pool({"one": SCENES[0], "two": two, "three": made(false=0, with_camera=False)})
    assert list(dict.fromkeys(row["band_name"] for row in both.detection)) == ["all", "0", "1", "SWIR"]
    assert [row["band"] for row in both.detection] == sorted(row["band"] for row in both.detection)
    rows = [row for s in both.scenes.values() for row in s.detection if (row["band"], row["snr_from"]) == (-1, 4.0)]
    (mine,) = [row for row in both.detection if (row["band"], row["snr_from"]) == (-1, 4.0)]
    limit = sum(r["samples"] * r["clairvoyant_probability"] for r in rows) / sum(r["samples"] for r in rows)
    assert mine["clairvoyant_probability"] == pytest.approx(limit)


def test_scenes_without_frames_or_events_do_no_harm():
    none = {"objects": handmade.truth()[0][:0], "samples": handmade.truth()[1][:0]}
    blank = score(handmade.nothing(), **none, shape=(0, 1, 8, 8), frame_period_s=0.5)
    both = pool({"blank": blank, "seen": SCENES[0]})
    assert near(both.as_dict()["false_alarms"], SCENES[0].as_dict()["false_alarms"])
    assert both.gospa["mean_px"] == SCENES[0].gospa["mean_px"]
    nothing = pool({"blank": blank})
    json.dumps(nothing.as_dict(), allow_nan=False)
    assert all(len(row) == len(section.columns) for section in nothing.table() for row in section.rows)


def test_table_of_scenes():
    both = pool({"one": SCENES[0], "two": SCENES[1]})
    titles = {section.title: section for section in both.table()}
    assert [row[0] for row in titles["Scenes"].rows] == ["one", "two"]
    assert len(titles["Figures"].rows) == len(both.metrics())
    assert "Launches" not in titles
    for section in titles.values():
        assert section.note
        assert all(len(row) == len(section.columns) for row in section.rows)


def test_intervals_over_scenes_hold_the_mean_of_a_population():
    """95 % intervals of means of 40 scenes, drawn 150 times: 95 % hold the truth, within what 150 can tell."""
    rng, held = np.random.default_rng(9), 0
    for _ in range(150):
        pieces = [rng.normal(rng.normal(), 1.0, rng.integers(1, 4)).tolist() for _ in range(40)]
        low, high = intervals.over_scenes(pieces, lambda v: float(v.mean()))
        held += low < 0.0 < high
    assert stats.binom.cdf(held, 150, 0.93) > 1e-4  # the percentile interval is somewhat short for 40
    assert stats.binom.sf(held - 1, 150, 0.97) > 1e-4


def test_intervals_over_few_scenes_are_not_known():
    assert all(map(math.isnan, intervals.over_scenes([[1.0], [2.0], []], np.median)))
    assert all(map(math.isnan, intervals.ratio_over_scenes([(1.0, 2.0), (0.0, 0.0)])))
    low, high = intervals.over_scenes([[1.0], [math.inf], [2.0], [3.0]], lambda v: float(v.max()))
    assert (low, high) == (3.0, math.inf) or low < high


@pytest.mark.parametrize(("chi2", "freedom"), [(10.0, 10), (400.0, 100), (3.0, 1)])
def test_interval_of_a_scale(chi2, freedom):
    row = intervals.scale("s", chi2, freedom)
    assert stats.chi2.sf(chi2 / row["s_high_95"] ** 2, freedom) == pytest.approx(0.975)
    assert stats.chi2.sf(chi2 / row["s_low_95"] ** 2, freedom) == pytest.approx(0.025)
    assert row["s_low_95"] < row["s"]


def test_events_without_a_probability_are_not_weighed():
    tables = handmade.tables()
    tables.events = np.concatenate([tables.events, empty(EVENT, 1)])
    objects, samples = handmade.truth()
    result = score(tables, objects=objects, samples=samples, shape=handmade.SHAPE, frame_period_s=0.5)
    assert result.reliability["events"] == 1
