"""The single-frame mode."""

import numpy as np
import pytest
from scipy import ndimage

from boostwatch.detect import SingleFrameDetector, make_detector
from boostwatch.records import QUALITY_BITS
from boostwatch.settings import DetectSettings

from .test_temporal import Sky, near, sensor, step

SETTINGS = DetectSettings(mode="single", false_alarms_per_mpx=20.0)


@pytest.mark.parametrize("threads", [1, 2])
def test_sources_stand_out_of_noise(threads):
    sky = Sky(20, texture=20.0, size=128)
    detector = make_detector(sensor(2), (2, 128, 128), SETTINGS, threads=threads)
    assert isinstance(detector, SingleFrameDetector)
    sources = [(30.2, 40.7, 25.0), (90.0, 100.4, 40.0), (64.0, 20.0, 400.0)]
    plane = sky.frame(0, sources)
    result = step(detector, np.stack([plane, plane]), 0)
    assert np.isnan(result.registration["dx"][0])
    for band in (0, 1):
        found = result.detections[result.detections["band"] == band]
        for x, y, _ in sources:
            hit = near(found, x, y)
            assert len(hit) == 1
            assert abs(hit["x"][0] - x) < 0.3
        assert len(found) <= 3 + 6


def test_false_alarms_in_noise_are_of_the_order_asked_for():
    sky = Sky(21, texture=0.0, size=256)
    detector = SingleFrameDetector(sensor(), (1, 256, 256), SETTINGS)
    count = sum(len(step(detector, sky.frame(i), i).detections) for i in range(8))
    want = 20.0 * 8 * 256**2 / 1e6
    assert count < 3.0 * want + 3.0 * np.sqrt(want)


def test_false_alarms_in_cloud_are_of_the_order_asked_for():
    # Sharp edges under the PSF: a band-pass has a tail far from normal, five times too many before it was allowed for.
    rng, count, clouds = np.random.default_rng(23), 0, 6
    for _ in range(clouds):
        soft = ndimage.gaussian_filter(rng.normal(size=(256, 256)), 4.0, mode="wrap")
        hard = ndimage.gaussian_filter(np.where(soft > 0.6 * soft.std(), 400.0, 0.0), 0.7)
        plane = np.rint(2000.0 + hard + rng.normal(0.0, 8.0, hard.shape)).astype(np.uint16)
        detector = SingleFrameDetector(sensor(), (1, 256, 256), SETTINGS)
        count += len(step(detector, plane, 0).detections)
    want = 20.0 * clouds * 256**2 / 1e6
    assert count < 3.0 * want + 3.0 * np.sqrt(want)


def test_faults_bad_pixels_and_flat_frames():
    sky = Sky(22, size=64)
    bad = np.zeros((1, 64, 64))
    bad[0, 30, 30] = 1
    detector = SingleFrameDetector(sensor(), (1, 64, 64), SETTINGS, bad_pixels=bad)
    plane = sky.frame(0).astype(np.float32)
    plane[30, 30] = 60000.0
    plane[10, 12] = np.nan
    found = step(detector, plane, 0).detections
    assert not len(near(found, 30, 30, 3.0))
    assert step(detector, plane, 1).quality == QUALITY_BITS["repeated"]
    assert step(detector, plane + 1, 2, good=np.array([False])).quality & QUALITY_BITS["corrupt"]
    assert len(step(detector, np.full((64, 64), 7, np.uint16), 3).detections) == 0
