"""A band's state on another reference."""

import numpy as np
import pytest

from boostwatch.detect import _carry
from boostwatch.detect._bands import band_figures, band_maps, brought
from boostwatch.detect._memory import widened
from boostwatch.detect._state import BandState
from boostwatch.sensor import Band, Sensor, gaussian_psf
from boostwatch.settings import DetectSettings

SHAPE, STEP = (96, 80), 32


def band_after(frames, seed=0, source=True):
    """A band that has seen waves that drift, and a source at (40, 50)."""
    camera = Sensor("t", 3e-5, 40.0, 48.0, 0.5, 0.01, (Band("b", psf_sigma_px=0.7, gain_e_per_dn=2.0, offset_dn=0.0),))
    settings = DetectSettings(guard_frames=8)
    figures = brought(band_figures(camera, settings, [])[0])
    maps = band_maps((1, *SHAPE), camera, None, None, None)[0]
    band = BandState(figures, maps, SHAPE, settings, 1, on_focal_plane=False)
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
    for i in range(frames):
        plane = 1000.0 + 50.0 * np.sin(0.3 * x + 0.02 * i) * np.cos(0.25 * y) + 5.0 * rng.standard_normal(SHAPE)
        if source and i >= 30:
            plane[47:54, 37:44] += 300.0 * gaussian_psf(0.7, 0.0, 0.0)
        band.take(plane.astype(np.float32))
        for job in band.sweep((0.0, 0.0), 0.0):
            job()
        found = band.single()
        band.hold(found)
        for job in band.settle():
            job()
        band.finish(found)
    return band


def nodes(move_x=0.0, move_y=0.0):
    y, x = (STEP * (np.arange(-(-n // STEP) + 3) - 1.0) for n in SHAPE)
    x, y = np.meshgrid(x, y)
    return x + move_x, y + move_y


@pytest.mark.parametrize("frames", [3, 13, 18, 41, 42, 43, 44])
def test_strips_come_to_the_same_frame_and_foretell_as_before(frames):
    band, other = band_after(frames), band_after(frames)
    band.even()
    assert len(np.unique(band._origin)) == len(np.unique(band._absorbed)) == 1
    assert band._absorbed[0] == frames - band._held(frames - 1)
    level = band.background.level.copy()
    band.even()  # nothing is left to do
    np.testing.assert_array_equal(band.background.level, level)
    ripe = other.background.age > 4
    if ripe.any():
        off = (band.forecast() - other.forecast())[ripe]
        assert np.sqrt(np.mean(off**2)) < 2.0  # of a noise of 5
    if frames > 40:  # the gates hold all the same
        assert abs(band.forecast()[50, 40] - other.forecast()[50, 40]) < 5.0


def test_where_the_map_is_none_nothing_moves():
    band, other = band_after(45), band_after(45)
    other.even()
    _carry.carry(band, nodes(), STEP, lambda x, y: (x, y))
    inner = np.s_[4:-6, 4:-6]
    for name in ("level", "variance", "weight", "age"):
        np.testing.assert_allclose(
            getattr(band.background, name)[inner], getattr(other.background, name)[inner], rtol=1e-6
        )
    np.testing.assert_allclose(widened(band.background.slope)[inner], widened(other.background.slope)[inner], rtol=4e-3)
    np.testing.assert_array_equal(band._places._known, other._places._known)
    for frame, kept in band._kept.items():
        np.testing.assert_array_equal(kept.gates, other._kept[frame].gates)
        slot = frame % band._slots
        np.testing.assert_allclose(band.ring.frames[slot][4:-6, 4:-6], other.ring.frames[slot][4:-6, 4:-6], rtol=1e-6)


def test_by_whole_pixels_it_is_the_move_of_the_reference():
    band, other = band_after(45), band_after(45)
    band._integration._watched = np.array([[20.0, 30.0, 0.1, -0.2]])
    band.even()
    other.even()
    other.rebase(-3, 2)  # what lay at (x, y) lies at (x - 3, y + 2)
    band.rebase(1, 0)
    _carry.carry(band, nodes(4.0, -2.0), STEP, lambda x, y: (x - 4.0, y + 2.0))
    inner = np.s_[8:-8, 8:-8]
    np.testing.assert_allclose(band.background.level[inner], other.background.level[inner], rtol=1e-6)
    assert (band.background.age[inner] == other.background.age[inner]).mean() > 0.99
    np.testing.assert_allclose(band._places._known, other._places._known)
    np.testing.assert_allclose(band._integration._watched, [[17.0, 32.0, 0.1, -0.2]], atol=1e-9)
    for frame, kept in band._kept.items():
        assert kept.base == band._base
        want = other._kept[frame]
        back = other._base[0] - want.base[0], other._base[1] - want.base[1]
        moved = want.gates + np.array([*back, 0, 0])
        np.testing.assert_array_equal(kept.gates, moved)
        value, truth = (b.ring.frames[frame % b._slots] for b in (band, other))
        np.testing.assert_allclose(value[20:60, 20:60], np.roll(truth, back[::-1], (0, 1))[20:60, 20:60], rtol=1e-6)
    assert any(len(k.gates) for k in band._kept.values())


def test_what_is_out_of_sight_is_given_up():
    band = band_after(45)
    band._integration._watched = np.array([[20.0, 30.0, 0.1, -0.2]])
    band._integration._ground.rough[:] = 3.0
    _carry.carry(band, nodes(200.0), STEP, lambda x, y: (np.full_like(x, np.nan), y))
    assert not np.isfinite(band.background.level).any()
    for plane in band.background[1:]:
        assert not plane.any()
    assert (band._integration._ground.rough == 1.0).all()
    assert not len(band._places._known)
    assert not len(band._integration._watched)
    assert not any(len(k.gates) for k in band._kept.values())
    fresh = band_after(0)
    _carry.carry(fresh, nodes(), STEP, lambda x, y: (x, y))  # nothing seen, nothing to do


def test_frames_on_a_grid_teach_no_pattern():
    band = band_after(20)
    for i in range(30):
        band.rebase(1, 0)
        plane = np.full(SHAPE, 1000.0, np.float32) + np.float32(i % 3)
        band.take(plane)
        for jobs in (band.sweep((0.0, 0.0), 0.0), band.settle()):
            for job in jobs:
                job()
        band.finish(band.single())
    assert band._pattern.size == 0
