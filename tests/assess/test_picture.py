"""The picture: a map that points the right way, and a file that is whole or not there."""

import sys

import numpy as np
import pytest

from boostwatch.assess import picture
from boostwatch.assess.curves import draw_summary
from boostwatch.assess.style import kind_of_track
from boostwatch.assess.view import View, round_below
from boostwatch.colours import colour_of
from boostwatch.errors import BoostwatchError, CannotCreate, StorageError
from boostwatch.records import TRUTH_OBJECT, TRUTH_SAMPLE, empty
from boostwatch.sensor import Band, Sensor
from tests.assess import runs, synthetic
from tests.assess.synthetic import ATTITUDE, EPOCH, POSITION, SENSOR


@pytest.fixture(scope="module")
def case():
    return synthetic.scene()


VIEW = View(SENSOR, POSITION, ATTITUDE)


def draw(out, case, **more):
    given = {
        "frames": case.frames, "tables": case.tables, "objects": case.objects, "samples": case.samples,
        "sensor": SENSOR, "position_m": POSITION, "attitude": ATTITUDE, "epoch": EPOCH, "frame_index": 160,
    }  # fmt: skip
    picture.scene_picture(out, **{**given, **more})


def read(path):
    from matplotlib.image import imread

    return imread(path)


def test_picture_is_a_png_of_1600_by_1000_with_colour_on_it(tmp_path, case):
    draw(tmp_path / "scene.png", case)
    image = read(tmp_path / "scene.png")
    assert image.shape[:2] == (1000, 1600)
    orange = (image[..., 0] > 0.9) & (image[..., 1] > 0.25) & (image[..., 1] < 0.45) & (image[..., 2] < 0.25)
    assert orange.sum() > 200
    assert [p.name for p in tmp_path.iterdir()] == ["scene.png"]


def test_without_truth_pointing_or_findings_there_is_still_a_picture(tmp_path, case):
    foreign = Sensor("foreign", np.nan, np.nan, np.nan, 1.0, np.nan, (Band("b0"),))
    tables = case.tables
    tables = type(tables)(
        "", *(getattr(tables, name)[:0] for name in ("detections", "tracks", "track_points", "events", "registration"))
    )
    draw(
        tmp_path / "bare.png", case, frames={"b0": np.full((64, 80), 7, np.uint8)}, tables=tables, sensor=foreign,
        objects=empty(TRUTH_OBJECT, 0), samples=empty(TRUTH_SAMPLE, 0), position_m=None, attitude=None, epoch="",
        frame_index=None,
    )  # fmt: skip
    assert read(tmp_path / "bare.png").shape[:2] == (1000, 1600)


def test_frames_that_look_into_space_or_hold_nothing(tmp_path, case):
    away = synthetic.g.look_at(POSITION, 3 * POSITION + [0, 1e6, 0])
    draw(tmp_path / "away.png", case, attitude=away, frames={"swir": np.full((256, 256), np.nan, np.float32)})
    assert (tmp_path / "away.png").exists()


def test_truth_without_events_or_a_launch_never_in_view(tmp_path, case):
    tables = case.tables
    tables = type(tables)(
        "", tables.detections, tables.tracks[:0], tables.track_points[:0], tables.events[:0], tables.registration[:0]
    )
    draw(tmp_path / "a.png", case, tables=tables, samples=case.samples[case.samples["object_id"] != 0])
    assert (tmp_path / "a.png").exists()


def test_radiance_of_an_even_scene(case):
    band = SENSOR.bands[0]
    value, unit = picture.radiance(np.full((2, 2), 1100.0), SENSOR, band)
    electrons = 1000 * 10.0 - 1e4 * 0.1
    np.testing.assert_allclose(value, electrons * band.irradiance_per_e / SENSOR.ifov_rad**2)
    assert "sr" in unit
    assert picture.radiance(np.ones((2, 2)), SENSOR, None)[1] == "DN"
    assert picture.radiance(np.ones((2, 2)), SENSOR, Band("x"))[1] == "DN"


def test_view_there_and_back():
    lat, lon = VIEW.ground([10.0, 200.0], [30.0, 240.0])
    x, y = VIEW.pixel(lat, lon)
    np.testing.assert_allclose(x, [10, 200], atol=1e-5)
    np.testing.assert_allclose(y, [30, 240], atol=1e-5)
    assert VIEW.pixel(35.0, 10.0, 10e3)[1] < VIEW.pixel(35.0, 10.0)[1]  # height leans away from the sub-satellite point


def test_offset_is_metres_on_the_ground():
    x, y = VIEW.offset(35.0, 10.0, np.array([0.0, 9000.0]), np.array([0.0, 0.0]))
    lat, lon = VIEW.ground(x, y)
    assert synthetic.g.ground_range_m(lat[0], lon[0], lat[1], lon[1]) == pytest.approx(9000, rel=2e-3)
    assert lon[1] > lon[0]


def test_ellipse_has_its_axes_where_they_should_be():
    rim = VIEW.ellipse(35.0, 10.0, 20.0, 5.0, 0.0)
    lat, lon = VIEW.ground(*rim)
    ranges = synthetic.g.ground_range_m(35.0, 10.0, lat, lon) / 1e3
    assert ranges.max() == pytest.approx(20.0, rel=0.01)
    assert ranges.min() == pytest.approx(5.0, rel=0.01)
    assert lat[ranges.argmax()] - 35.0 == pytest.approx(20 / 110.9, rel=0.01)
    lat, lon = VIEW.ground(*VIEW.ellipse(35.0, 10.0, 20.0, 5.0, 90.0))
    assert (lon - 10.0).max() == pytest.approx(20 / 91.3, rel=0.01)


@pytest.mark.parametrize(
    ("value", "rounded"), [(1, 1), (1.99, 1), (2, 2), (49, 20), (0.05, 0.05), (730, 500), (999, 500)]
)
def test_round_below(value, rounded):
    assert round_below(value) == pytest.approx(rounded)


def test_tracks_move_to_the_frame_shown(case):
    moved = picture._Shifts(case.tables, 5)
    points = case.samples[case.samples["object_id"] == 2]
    x, _ = moved(points)
    shift = case.tables.registration["dx"]
    assert x.std() < 1e-5
    assert x[0] == pytest.approx(150.0 + points["x"][points["frame"] == 5][0] - 150.0, abs=1e-5)
    assert picture._Shifts(case.tables, None)(points)[0][0] == pytest.approx(points["x"][0] - shift[0], abs=1e-5)


def test_a_kind_has_its_colour_and_a_track_its_kind(case):
    assert colour_of("launch") != colour_of("fire")
    assert colour_of("dragon") == colour_of("unknown")
    track = case.tables.tracks[0].copy()
    assert kind_of_track(case.tables, track) == "launch"
    track["track_id"], track["kind"] = 99, b""
    assert kind_of_track(case.tables, track) == "unknown"
    track["kind"] = b"launch"  # never declared
    assert kind_of_track(case.tables, track) == "unknown"
    track["kind"] = b"fire"
    assert kind_of_track(case.tables, track) == "fire"


def test_without_matplotlib_the_error_names_the_extra(tmp_path, case, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(BoostwatchError, match=r"needs matplotlib; allowed: .*boostwatch\[plot\]"):
        draw(tmp_path / "scene.png", case)


def test_no_such_folder_cannot_be_created(tmp_path, case):
    with pytest.raises(CannotCreate, match="No such file or directory"):
        draw(tmp_path / "none" / "scene.png", case)


def test_a_full_disk_leaves_the_old_picture(tmp_path, monkeypatch):
    path = tmp_path / "scene.png"
    path.write_bytes(b"old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(picture.os, "fsync", full)
    with pytest.raises(StorageError, match="No space left on device"):
        picture._write(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["scene.png"]


def test_the_bar_of_radiance_needs_no_power_of_ten():
    value, unit = picture.readable(np.array([0.005, 0.035]), "W")
    np.testing.assert_allclose(value, [5.0, 35.0])
    assert unit == "mW"
    assert picture.readable(np.array([3e4]), "W")[1] == "kW"
    assert picture.readable(np.array([3e4]), "DN")[1] == "DN"
    assert picture.readable(np.array([np.nan]), "W")[1] == "W"


def test_names_do_not_lie_on_each_other_or_across_the_edge(tmp_path):
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    axes.imshow(np.zeros((100, 100)))
    taken: list[tuple[float, float]] = []
    for at in ((50.0, 50.0), (52.0, 50.0), (99.0, 50.0)):
        picture._name(axes, "T1 launch", at, "white", taken)
    assert [text.get_ha() for text in axes.texts] == ["left", "right"]


@pytest.mark.parametrize(("early_s", "arrow"), [(5.0, False), (1e4, True)])
def test_an_estimated_launch_is_told_inside_the_axes(case, early_s, arrow):
    from matplotlib.figure import Figure

    from boostwatch.assess import curves

    thing = case.objects[case.objects["kind"] == b"launch"][0]
    tables = case.tables
    events = tables.events.copy()
    events["kind"], events["launch_time_s"] = b"launch", thing["onset_s"] - early_s
    tables = type(tables)(
        "", tables.detections, tables.tracks, tables.track_points, events, tables.registration
    )  # fmt: skip
    axes = Figure().add_subplot()
    curves.draw_curve(axes, thing, case.samples, tables, SENSOR, VIEW)
    (tag,) = [text for text in axes.texts if "launch estimated" in text.get_text()]
    low, high = axes.get_xlim()
    assert low <= tag.xy[0] <= high
    assert ("\u2190" in tag.get_text()) == arrow


def test_an_interrupted_picture_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def interrupt(_fd: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(picture.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        picture._write(path, b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]
    assert path.read_bytes() == b"old"


def test_the_list_begins_with_launches_and_says_how_many_there_are():
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    draw_summary(axes, runs.many(20, wide=False).events, "2026-03-01T12:00:00Z")
    heads = [text.get_text() for text in axes.texts if text.get_fontweight() == "bold"]
    assert axes.get_title("left") == f"Events: {len(heads)} of 20"
    assert "launch" in heads[0]
    sure = [float(head.rpartition(", ")[2]) for head in heads if "launch" not in head]
    assert sure == sorted(sure, reverse=True)
