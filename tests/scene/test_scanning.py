"""Scanners: each row has its own time, on a moving platform its own geometry too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from boostwatch import geometry
from boostwatch.scene.render import Renderer
from boostwatch.scene.scenario import Scenario

STILL = {"jitter": "0 px", "drift": "0 px/s", "smear": "0 px", "attitude_bias": "0 rad", "attitude_noise": "0 rad"}
SENSOR = {
    "width": 64, "height": 48, "frame_rate": "1 Hz", "integration": "5 ms", "prnu": 0.0, "psf_sigma": "1.5 px",
    "bad_pixels": {"fraction": 0.0},
}  # fmt: skip
ROWS = {"kind": "scanning", "row_period": "20 ms"}
DARK = {"kind": "uniform", "radiance": ["0 W/m2/sr/um"]}


def make(**more: Any) -> Renderer:
    settings = {"frames": 4, "sensor": SENSOR, "line_of_sight": STILL, "background": DARK, **more}
    return Renderer(Scenario.model_validate(settings))


def test_rows_have_their_times_and_drift_shears_the_picture() -> None:
    r = make(
        scan=ROWS, line_of_sight={**STILL, "drift": "2 px/s", "drift_direction": "0 deg"}, background={"kind": "earth"}
    )
    assert r.row_time_s is not None
    assert np.diff(r.row_time_s) == pytest.approx(0.02)
    assert r.row_time_s.mean() == pytest.approx(0, abs=1e-12)
    still = make(scan=ROWS, background={"kind": "earth"})
    sheared, plain = r.scene(0)[0], still.scene(0)[0]
    for row in (3, 24, 44):
        shift = 2 * (r.time_s[0] + r.row_time_s[row])
        x = np.arange(4, 60)
        expected = np.interp(x - shift, np.arange(64), plain[row])
        assert np.corrcoef(sheared[row, 4:60], expected)[0, 1] > 0.98


def test_a_source_is_seen_when_its_row_comes() -> None:
    plane = {
        "kind": "aircraft", "latitude": "28.4 deg", "longitude": "-80.6 deg", "heading": "90 deg", "speed": "1200 m/s",
        "intensity": "1e5 W/sr",
    }  # fmt: skip
    scan, stare = make(scan=ROWS, objects=[plane]), make(objects=[plane])
    one, two = scan.frame(2).samples[0], stare.frame(2).samples[0]
    after = np.interp(one["y"], np.arange(48), scan.row_time_s)
    before_and_after = [stare.frame(k).samples[0]["x"] for k in (1, 3)]
    speed = (before_and_after[1] - before_and_after[0]) / 2
    assert abs(after) > 0.1
    assert one["x"] - two["x"] == pytest.approx(speed * after, abs=1e-3)


def test_a_moving_scanner_sees_a_ground_point_where_its_own_geometry_puts_it() -> None:
    platform = {"kind": "orbit", "preset": "leo", "boresight_latitude": "20 deg", "pointing": "fixed"}
    lamp = {
        "kind": "aircraft", "latitude": "20.02 deg", "longitude": "-80.6 deg", "speed": "1 um/s", "altitude": "0 m",
        "intensity": "1e5 W/sr",
    }  # fmt: skip
    sensor = {**SENSOR, "ifov": "300 urad", "frame_rate": "2 Hz"}
    scan = {"kind": "scanning", "row_period": "8 ms"}
    earth = {"kind": "earth"}
    r = make(platform=platform, sensor=sensor, scan=scan, objects=[lamp], frames=3, background=earth)
    sample = next(s for i in range(3) for s in r.frame(i).samples)
    time = r.time_s[sample["frame"]] + np.interp(sample["y"], np.arange(48), r.row_time_s)
    position, attitude = r._platform.state(float(time), 0)
    ray = geometry.geodetic_to_itrs(20.02, -80.6) - position
    x, y = r.sensor.project(ray @ geometry.quaternion_to_matrix(attitude))
    assert (sample["x"], sample["y"]) == (pytest.approx(float(x), abs=0.05), pytest.approx(float(y), abs=0.05))
    # The ground of the canvas agrees: rows read later look further on.
    canvas = r._keyframes(0)._canvas
    assert canvas.rolling
    view = canvas._view(float(r.time_s[1]), 0.0, canvas.grid)
    for k in (0, len(view.node_y) // 2, -1):
        at, turned = r._platform.state(float(r.time_s[1] + r._platform.row_time_at(view.node_y[k])), 0)
        ground = geometry.geodetic_to_itrs(view.latitude_deg[k, 3], view.longitude_deg[k, 3])
        x, y = r.sensor.project((ground - at) @ geometry.quaternion_to_matrix(turned))
        assert (float(x), float(y)) == (
            pytest.approx(view.node_x[3], abs=1e-3),
            pytest.approx(view.node_y[k], abs=1e-3),
        )


def test_step_stare_looks_at_its_fields_in_turn() -> None:
    scan = {"kind": "step_stare", "columns": 2, "rows": 1, "overlap": "8 px"}
    r = make(scan=scan, background={"kind": "earth"})
    left, right, again = (r.scene(i)[0] for i in (0, 1, 2))
    np.testing.assert_allclose(left, again, rtol=2e-3)
    np.testing.assert_allclose(left[:, -7:], right[:, 1:8], rtol=0.02)  # 56 px further on
    assert np.abs(np.diff(geometry.quaternion_to_matrix(r.attitude)[:, 0, 2])).max() > 1e-5
