from __future__ import annotations

import numpy as np
import pytest

from boostwatch.detect.ground import MOVES_PX, ReportedGround
from boostwatch.geometry import geodetic_to_itrs, look_at, quaternion_to_matrix
from boostwatch.sensor import Band, Sensor

SENSOR = Sensor("low", 300e-6, 31.5, 31.5, 1.0, 0.1, (Band("A"),))


def passing(seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the pose of a camera that passes at 600 km with 7 km/s and keeps its eyes on a place."""
    here = geodetic_to_itrs(20.0 + 7e-2 * seconds * 0.9, -80.6, 600e3)
    return here, look_at(here, geodetic_to_itrs(20.0, -80.6))


def seen(pose: tuple[np.ndarray, np.ndarray], point: np.ndarray) -> np.ndarray:
    return np.array([SENSOR.project((point - pose[0]) @ quaternion_to_matrix(pose[1]))])


def test_what_stands_on_the_ground_stands_still_in_the_scene() -> None:
    ground = ReportedGround(SENSOR, (64, 64))
    poses = [passing(t) for t in range(0, 60, 10)]
    point = geodetic_to_itrs(20.01, -80.58)
    assert ground.departs(poses) > MOVES_PX
    assert ground.drifts(poses) == pytest.approx(0, abs=1e-6)
    scene = []
    for pose in poses:
        shift, scene_map = ground.look(*pose, None)
        assert shift == pytest.approx([0, 0], abs=0.05)
        assert scene_map is not None
        scene.append(scene_map.to_scene(seen(pose, point))[0])
        assert scene_map.to_focal(scene[-1][None])[0] == pytest.approx(seen(pose, point)[0], abs=1e-6)
    assert np.ptp(np.array(scene), axis=0).max() < 1e-3
    assert np.ptp([seen(p, point)[0] for p in poses], axis=0).max() > 0.5


def test_a_shift_that_was_found_corrects_the_pose() -> None:
    ground = ReportedGround(SENSOR, (64, 64))
    ground.look(*passing(0), np.zeros(2))
    shift, scene_map = ground.look(*passing(0), np.array([0.7, -0.3]))
    assert shift == pytest.approx([0.7, -0.3])
    assert scene_map is not None
    assert scene_map.to_scene(np.array([[30.7, 30.7]]))[0] == pytest.approx([30, 31], abs=1e-6)
    nothing, no_map = ground.look(np.full(3, np.nan), passing(0)[1], None)
    assert np.isnan(nothing).all()
    assert no_map is None


def test_a_still_camera_has_neither() -> None:
    assert ReportedGround(SENSOR, (64, 64)).departs([passing(0)] * 3) < 1e-9
    assert ReportedGround(SENSOR, (64, 64)).drifts([]) == 0
