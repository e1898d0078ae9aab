"""Marks lie where the light lies, grey does not flicker, and what is not known has a colour of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from boostwatch import geometry as g
from boostwatch.assess.blocks import mean_of_blocks, peak_of_blocks
from boostwatch.assess.film import NO_DATA, Film, Look
from boostwatch.assess.film.cast import Cast
from boostwatch.assess.film.labels import Labels
from boostwatch.assess.film.marks import DETECTION
from boostwatch.assess.report.footage import Footage
from boostwatch.colours import rgb_of
from boostwatch.records import DETECTION as DETECTION_ROW
from boostwatch.records import EVENT, REGISTRATION, TRACK, TRACK_POINT, EventTables, empty
from boostwatch.sensor import Band, Sensor
from tests.assess.runs import hostile, many, nothing

COUNT, HEIGHT, WIDTH = 30, 48, 64
PLUME = (20.0, 11.0)
CONFIRMED, DECLARED, LAST = 5, 10, 22


def run(at=PLUME, *, shift=(0.0, 0.0)):
    """One launch that stands still in a scene that moves by ``shift`` px a frame, seen in each frame up to LAST."""
    frames = np.arange(LAST + 1)
    xy = np.asarray(at) + np.outer(frames, shift)
    detections, points = empty(DETECTION_ROW, len(frames)), empty(TRACK_POINT, len(frames))
    for rows in (detections, points):
        rows["frame"], rows["time_s"], rows["track_id"] = frames, 0.5 * frames, 4
        rows["x"], rows["y"], rows["snr"] = xy[:, 0], xy[:, 1], 9
    detections["band"] = 1
    tracks, events, registration = empty(TRACK, 1), empty(EVENT, 1), empty(REGISTRATION, COUNT)
    tracks["track_id"], tracks["kind"], tracks["start"], tracks["count"] = 4, b"launch", 0, len(frames)
    tracks["confirmed_time_s"] = 0.5 * CONFIRMED
    events["event_id"], events["track_id"], events["kind"], events["probability"] = 3, 4, b"launch", 0.875
    events["declared_time_s"], events["p_launch"] = 0.5 * DECLARED, 0.875
    registration["frame"], registration["time_s"] = np.arange(COUNT), 0.5 * np.arange(COUNT)
    registration["dx"], registration["dy"] = np.arange(COUNT) * shift[0], np.arange(COUNT) * shift[1]
    return EventTables("2026-01-01T00:00:00Z", detections, tracks, points, events, registration)


def footage(*, pointing=False, damaged=(), level=1000.0, at=PLUME, bad=None):
    """A grey ramp with a plume of one pixel in the second band, some NaN in the corner."""

    def read(t):
        data = np.full((2, HEIGHT, WIDTH), level, np.float32)
        data += np.arange(WIDTH)
        data[1, int(at[1]), int(at[0])] = 5000.0
        data[1, :2, :3] = np.nan
        return data, np.array([True, t not in damaged])

    sensor = Sensor("x", 30e-6, (WIDTH - 1) / 2, (HEIGHT - 1) / 2, 0.5, 0.1, (Band("A"), Band("B", 4.2, 4.45)))
    position = np.tile([g.GEO_RADIUS_M, 0.0, 0.0], (COUNT, 1))
    attitude = np.tile(g.look_at(position[0], g.geodetic_to_itrs(0.0, 0.0)), (COUNT, 1))
    return Footage(
        "s.h5", (COUNT, 2, HEIGHT, WIDTH), sensor, 0.5 * np.arange(COUNT), position if pointing else None,
        attitude if pointing else None, None, None, "", read,
        None if bad is None else np.stack([bad, bad]),
    )  # fmt: skip


def film(tables, stack=None, *, enlarged=4, reduced=1, **more):
    look = Look(1, more.pop("view", "contrast"), enlarged, reduced, flash=4)
    return Film(tables, stack or footage(), look, frames=range(COUNT), **more)


def near(film, picture, at, half=16):
    """The square of the film about a place of the frame, by the rule that `Film.picture_at` gives."""
    zoom = film._look.enlarged / film._look.reduced
    x, y = (int(np.floor(o + (c + 0.5) * zoom + 0.5)) for o, c in zip(film.picture_at, at, strict=True))
    return picture[y - half : y + half, x - half : x + half].astype(int)


def of_colour(picture, colour):
    return (picture == colour).all(axis=-1)


@pytest.mark.parametrize("at", [(20.0, 11.0), (20.5, 10.5), (33.25, 30.75)])
@pytest.mark.parametrize("enlarged", [4, 6])
def test_a_detection_is_marked_to_the_pixel_of_the_film(at, enlarged):
    drawn = film(run(at), enlarged=enlarged)
    square = near(drawn, drawn.frame(CONFIRMED - 1), at, half=8)
    ticks = of_colour(square, DETECTION)
    want = np.zeros_like(ticks)
    want[7:9, [0, 1, 2, 3, 12, 13, 14, 15]] = True
    want |= want.T
    if all((c + 0.5) * enlarged % 1 == 0 for c in at):
        np.testing.assert_array_equal(ticks, want)
    rows, columns = np.nonzero(ticks)
    assert abs(rows.mean() - 7.5) <= 0.5
    assert abs(columns.mean() - 7.5) <= 0.5


@pytest.mark.parametrize("enlarged", [3, 4])
def test_the_plume_itself_is_left_free_and_white(enlarged):
    drawn = film(run(), enlarged=enlarged)
    picture = drawn.frame(15)
    x, y = (int(o + c * enlarged) for o, c in zip(drawn.picture_at, PLUME, strict=True))
    block = picture[y : y + enlarged, x : x + enlarged]
    assert (block == 255).all()
    assert not (picture[y, [x - 1, x + enlarged]] == 255).all(axis=-1).any()


def test_a_reduced_frame_keeps_its_marks_in_place():
    drawn = film(run((21.0, 31.0)), enlarged=1, reduced=2)
    ticks = of_colour(near(drawn, drawn.frame(2), (21.0, 31.0), half=8), DETECTION)
    rows, columns = np.nonzero(ticks)
    assert abs(rows.mean() - 7.5) <= 0.5
    assert abs(columns.mean() - 7.5) <= 0.5


@pytest.mark.parametrize(
    ("frame", "ring", "loud"),
    [(CONFIRMED - 1, None, False), (CONFIRMED, "unknown", False), (DECLARED, "launch", True),
     (DECLARED + 3, "launch", True), (DECLARED + 4, "launch", False), (LAST, "launch", False)],
)  # fmt: skip
def test_a_track_is_shown_as_what_it_was_by_then(frame, ring, loud):
    drawn = film(run())
    square = near(drawn, drawn.frame(frame), PLUME)
    assert of_colour(square[:, :16], rgb_of("launch")).any() == (ring == "launch")
    assert of_colour(square[6:8, 15:17], rgb_of(ring or "aircraft")).any() == (ring is not None and not loud)
    assert of_colour(square[1:4, 15:17], rgb_of("launch")).any() == loud


def test_a_launch_that_has_ended_stays_faintly():
    drawn = film(run())
    square = near(drawn, drawn.frame(LAST + 3), PLUME)
    assert not of_colour(square, rgb_of("launch")).any()
    assert of_colour(square[6:8, 15:17], [round(0.6 * c) for c in rgb_of("launch")]).any()


def test_trails_move_with_the_scene():
    drawn = Cast(run(shift=(0.5, -0.25)), 0.5 * np.arange(COUNT), 1)
    (role,) = drawn.roles(16)
    np.testing.assert_allclose(role.path, np.tile(PLUME + 16 * np.array([0.5, -0.25]), (17, 1)), atol=1e-4)
    assert (role.name, role.since_declared, role.ended) == ("#3 launch 0.88", 6, False)


def test_grey_is_that_of_the_whole_film_in_every_frame():
    drawn = film(nothing())
    first, other = drawn.frame(0), drawn.frame(20)
    x, y = drawn.picture_at
    np.testing.assert_array_equal(first[y : y + 4 * HEIGHT, x:], other[y : y + 4 * HEIGHT, x:])


def test_what_is_not_known_has_its_own_colour():
    bad = np.zeros((HEIGHT, WIDTH), bool)
    bad[30, 40] = True
    drawn = film(nothing(), footage(damaged=(7,), bad=bad))
    x, y = drawn.picture_at
    plane = drawn.frame(3)[y : y + 4 * HEIGHT : 4, x : x + 4 * WIDTH : 4]
    unknown = of_colour(plane, NO_DATA)
    want = bad.copy()
    want[:2, :3] = True
    np.testing.assert_array_equal(unknown, want)
    assert of_colour(drawn.frame(7)[y : y + 4 * HEIGHT, x : x + 4 * WIDTH], NO_DATA).all()


def test_the_whitened_view_shows_what_is_new():
    def read(t):
        data = np.random.default_rng(t).normal(1000 + 300 * np.sin(np.arange(WIDTH)), 5, (2, HEIGHT, WIDTH))
        data[1, 11, 20] += 100.0 * (t > 20)
        return data.astype(np.float32), np.ones(2, bool)

    stack = replace(footage(), read=read)
    drawn = film(nothing(), stack, view="whitened")
    x, y = drawn.picture_at
    plane = drawn.frame(25)[y : y + 4 * HEIGHT : 4, x : x + 4 * WIDTH : 4, 0]
    assert plane[11, 20] == 255
    assert (plane > 128).mean() < 0.01


def bar_of(drawn, t=0):
    """The scale bar as drawn: its length in film px."""
    foot = drawn.frame(t)[-drawn._strips.bottom :]
    row = of_colour(foot[13], (230, 230, 230))
    return int(np.flatnonzero(~row[8:])[0])


def test_the_scale_bar_is_as_long_as_the_ground_says():
    km, px = film(nothing(), footage(pointing=True)), film(nothing())
    below = (g.GEO_RADIUS_M - g.WGS84_A_M) * 30e-6 / 1e3  # km a pixel, straight down
    length, text = km._bar(0)
    assert text == "10 km"
    assert length == pytest.approx(10 / below * 4, rel=1e-3)
    assert abs(bar_of(km) - length) <= 1
    assert px._bar(0) == (40, "10 px")
    assert bar_of(px) == 40


@pytest.mark.parametrize(("epoch", "want"), [("2026-01-01T00:00:00Z", "2026-01-01 00:00:01.500 UTC"), ("", "t = 1.5")])
def test_the_time_is_utc_where_the_epoch_is_known(epoch, want):
    assert film(nothing(), epoch=epoch)._stamp(3).startswith(want)


def test_a_time_that_is_not_known_or_in_no_calendar():
    stack = footage()
    stack.time_s[3:5] = [np.nan, 1e15]
    drawn = film(run(), stack, epoch="2026-01-01T00:00:00Z")
    assert drawn._stamp(3) == "time not known   frame 3"
    assert drawn._stamp(4).startswith("t = 1000000000000000.000 s")
    drawn.frame(3)


def test_names_never_lie_on_each_other():
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (400, 300))
    labels, draw = Labels((400, 300)), ImageDraw.Draw(image)
    for _ in range(3):
        labels.start()
        for key in range(40):
            labels.put(draw, key, f"#{key} launch 0.98", (200.0 + key, 150.0), (255, 0, 0), loud=key == 0)
        boxes = labels._taken
        assert len(boxes) > 8
        for i, (x0, y0, x1, y1) in enumerate(boxes):
            assert 0 <= x0 < x1 <= 400
            assert 0 <= y0 < y1 <= 300
            assert not any(x0 < b[2] and b[0] < x1 and y0 < b[3] and b[1] < y1 for b in boxes[:i])


@pytest.mark.parametrize("tables", [nothing(), hostile(), many(80)], ids=["nothing", "hostile", "many"])
@pytest.mark.parametrize("size", [(48, 64), (16, 300), (300, 16)])
def test_any_run_and_any_shape_is_drawn(tables, size):
    def read(t):
        return np.full((2, *size), np.nan, np.float32), np.ones(2, bool)

    stack = replace(footage(), shape=(COUNT, 2, *size), read=read)
    drawn = film(tables, stack, enlarged=3)
    shapes = {drawn.frame(t).shape for t in (0, 12, COUNT - 1)}
    assert shapes == {(drawn.size[1], drawn.size[0], 3)}
    assert all(side % 2 == 0 for side in drawn.size)


def test_blocks_leave_out_what_is_not_known():
    image = np.array([[1.0, np.nan, 4.0], [3.0, 2.0, np.nan]])
    np.testing.assert_array_equal(mean_of_blocks(image, 2), [[2.0, 4.0]])
    np.testing.assert_array_equal(peak_of_blocks(image, 2), [[3.0, 4.0]])
    nothing = np.full((2, 2), np.nan)
    assert np.isnan(mean_of_blocks(nothing, 2)).all()
    assert np.isnan(peak_of_blocks(nothing, 2)).all()


def test_bad_pixels_leave_no_trace_beside_them_in_the_whitened_view():
    """A dead pixel, taken away with a shift of a part of a pixel, would make its neighbours bright."""
    bad = np.zeros((HEIGHT, WIDTH), bool)
    bad[10::9, 10::9] = True

    def read(t):
        data = np.random.default_rng(t).normal(1000, 5, (2, HEIGHT, WIDTH)).astype(np.float32)
        data[:, bad] = np.nan if t % 2 else 100.0
        return data, np.ones(2, bool)

    stack = replace(footage(bad=bad), read=read)
    tables = nothing()
    tables.registration = run(shift=(0.3, -0.2)).registration
    drawn = film(tables, stack, view="whitened")
    x, y = drawn.picture_at
    plane = drawn.frame(25)[y : y + 4 * HEIGHT : 4, x : x + 4 * WIDTH : 4, 0]
    assert plane[~bad].max() < 255 * (6 - 1) / (8 - 1)
