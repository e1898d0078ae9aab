"""`track` on lists of detections: with the frames they were found in, with shifts, and within its limits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from boostwatch import cli, pipeline, records, store
from boostwatch.errors import BadData
from boostwatch.geometry import look_at
from boostwatch.pipeline import sightings
from boostwatch.pipeline.common import row_times
from boostwatch.pipeline.sightings import Said, in_order
from boostwatch.sensor import Band, Sensor
from boostwatch.settings import ChainSettings
from boostwatch.store import detections
from boostwatch.track import Follower

Captured = pytest.CaptureFixture[str]
TABLES = ("detections", "tracks", "track_points", "events", "registration")


def track(path: Path, *options: object, code: int = 0) -> records.EventTables:
    out = path.with_name("out.h5")
    assert cli.run(["track", str(path), "-o", str(out), *map(str, options)]) == code
    return store.read_events(out)


def csv(path: Path, rows: records.Records, *names: str) -> Path:
    np.savetxt(path, np.column_stack([rows[n] for n in names]), "%.9g", ",", header=",".join(names), comments="")
    return path


def test_with_its_stack_an_events_file_comes_out_as_it_was(
    events_file: Path, stack_file: Path, tmp_path: Path, capsys: Captured
) -> None:
    was = store.read_events(events_file)
    (tmp_path / "e.h5").write_bytes(events_file.read_bytes())
    again = track(tmp_path / "e.h5", "--stack", stack_file)
    assert again.epoch == was.epoch
    for name in TABLES:
        assert getattr(again, name).tobytes() == getattr(was, name).tobytes()
    assert "shifts of /registration, pointing of the stack" in capsys.readouterr().err
    assert again.provenance["frames_flagged"] == was.provenance["frames_flagged"]
    assert cli.run(["score", str(tmp_path / "out.h5"), "--truth", str(stack_file)]) == 0
    alone = track(tmp_path / "e.h5")
    assert alone.registration.tobytes() == was.registration.tobytes()
    assert alone.provenance["stack_sha256"] == was.provenance["input_sha256"]
    assert len(alone.tracks) == len(was.tracks)


def test_pixels_and_the_stack_suffice_for_a_place_on_earth(
    events_file: Path, stack_file: Path, tmp_path: Path, capsys: Captured
) -> None:
    was = store.read_events(events_file)
    tables = track(
        csv(tmp_path / "a.csv", was.detections, "frame", "band", "x", "y", "snr"), "--stack", stack_file,
        "--false-tracks-per-hour", 0.1,
    )  # fmt: skip
    assert tables.epoch == was.epoch
    np.testing.assert_allclose(tables.detections["time_s"], was.detections["time_s"])
    launch, expected = (t.events[t.events["kind"] == b"launch"][0] for t in (tables, was))
    assert launch["latitude_deg"] == pytest.approx(expected["latitude_deg"], abs=0.05)
    assert launch["launch_time_s"] == pytest.approx(expected["launch_time_s"], abs=3)
    assert "false_tracks_per_hour = 0.1" in str(tables.provenance["settings"])
    assert "pointing of the stack" in capsys.readouterr().err


def test_times_and_numbers_must_be_those_of_the_stack(stack_file: Path, tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "a.csv"
    for text, message in (
        ("frame,x,y\n0,1,2\n120,1,2\n", "line 3, column frame: is not allowed; found 120; allowed: 0 to 119"),
        ("frame,x,y,band\n0,1,2,2\n", "line 2, column band: is not allowed; found 2; allowed: 0 to 1"),
        ("frame,x,y\n0,1,64.5\n", "line 2, column y: is not allowed; found 64.5; allowed: -1 to 64"),
        ("frame,time_s,x,y\n0,40,1,2\n", "line 2, column time_s: is not allowed; found 40.0; allowed: within 0.5 s"),
    ):
        path.write_text(text)
        assert cli.run(["track", str(path), "-o", str(tmp_path / "e.h5"), "--stack", str(stack_file)]) == 65
        assert message in capsys.readouterr().err
        assert not (tmp_path / "e.h5").exists()
    path.write_text("time_s,x,y\n0.1,1,2\n1.6,1,2\n")
    assert track(path, "--stack", stack_file).detections["frame"].tolist() == [0, 3]


def test_another_stack_is_refused(events_file: Path, stack_file: Path, tmp_path: Path, capsys: Captured) -> None:
    import h5py

    other = tmp_path / "s.h5"
    other.write_bytes(stack_file.read_bytes())
    with h5py.File(other, "a") as file:
        file.attrs["remark"] = "another"
    assert cli.run(["track", str(events_file), "-o", str(tmp_path / "e.h5"), "--stack", str(other)]) == 2
    assert "came from another stack" in capsys.readouterr().err


def test_what_the_user_says(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "a.csv"
    path.write_text("frame,x,y\n0,1,2\n3,1,2\n")
    tables = track(path, "--frame-period", "0.5", "--epoch", "2026-01-01T00:00:00Z", "--size", 8, 8)
    assert tables.detections["time_s"].tolist() == [0, 1.5]
    assert tables.epoch == "2026-01-01T00:00:00Z"
    path.write_text("# epoch: 2027-01-01T00:00:00Z\ntime_s,x,y\n0,1,2\n1.5,1,2\n")
    tables = track(path, "--frame-period", "0.5", "--epoch", "2026-01-01T00:00:00Z")
    assert tables.detections["frame"].tolist() == [0, 3]
    assert tables.epoch == "2027-01-01T00:00:00Z"  # the list's own comes first
    capsys.readouterr()
    path.write_text("frame,x,y\n0,1,2\n0,9,2\n")
    for options, code in (
        (["--frame-period", "nan"], 2), (["--frame-period", "0"], 2), (["--frame-period", "inf"], 2),
        (["--false-tracks-per-hour", "nan"], 2), (["--false-tracks-per-hour", "0"], 2),
        (["--false-tracks-per-hour", "1e5"], 2), (["--epoch", "tomorrow"], 2), (["--size", "0", "8"], 2),
        (["--stack", "s.h5", "--epoch", "2026-01-01"], 2), (["--stack", "gone.h5"], 66), (["--size", "8", "8"], 65),
    ):  # fmt: skip
        assert cli.run(["track", str(path), "-o", str(tmp_path / "e.h5"), *options]) == code, options
        assert "Traceback" not in capsys.readouterr().err
    assert not (tmp_path / "e.h5").exists()


def test_no_more_than_can_be_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    path = tmp_path / "a.npz"
    many = sightings.MOST_IN_CROWD + 1
    np.savez(path, frame=np.full(many, 3), x=rng.uniform(0, 8, many), y=rng.uniform(0, 8, many))
    with pytest.raises(
        BadData, match=r"frame 3: holds too many detections in one place; found 257; allowed: at most 256"
    ):
        in_order(store.read_detections(path), Said())
    np.savez(path, frame=np.full(many, 3), x=rng.uniform(0, 800, many), y=rng.uniform(0, 800, many))
    assert len(in_order(store.read_detections(path), Said()).rows) == many
    monkeypatch.setattr(sightings, "MOST_IN_FRAME", 256)
    with pytest.raises(BadData, match="frame 3: holds too many detections in a frame; found 257; allowed: at most 256"):
        in_order(store.read_detections(path), Said())
    monkeypatch.setattr(detections, "MOST_ROWS", 256)
    with pytest.raises(BadData, match=r"(x|frame): holds too many"):
        store.read_detections(path)


def shifted(**columns: object) -> store.DetectionList:
    """Return a list of frames 5 to 24 without times, with shifts of frames 0 to 29 that come every half second."""
    shifts = records.empty(records.REGISTRATION, 30)
    shifts["frame"], shifts["time_s"], shifts["quality"] = np.arange(30), 0.5 * np.arange(30), 0
    shifts["dx"] = shifts["dy"] = shifts["sigma"] = 0.0
    time_s = columns.pop("time", None)
    for name, values in columns.items():
        shifts[name] = values
    t = np.arange(5, 25)
    table = {"frame": t, "x": 20.0 + t, "y": 9.0 + 0 * t, "snr": 20.0 + 0 * t}
    return store.take_detections(table | ({} if time_s is None else {"time_s": time_s}), registration=shifts)


def test_shifts_tell_times_and_are_checked() -> None:
    steps = in_order(shifted(), Said())
    assert steps.period_s == 0.5
    assert steps.rows["time_s"].tolist() == (0.5 * np.arange(5, 25)).tolist()
    steps = in_order(
        shifted(time_s=np.nan), Said(frame_period_s=0.25)
    )  # before the first detection, and after the last
    assert steps.time_s.tolist() == (0.25 * np.arange(30)).tolist()
    late = 0.5 * np.where(np.arange(30) == 12, 3, np.arange(30))
    with pytest.raises(BadData, match=r"/registration.time_s, frame 12: does not grow with frame; found 1.5; allowed"):
        in_order(shifted(time_s=late), Said())
    flag = np.where(np.arange(30) == 12, records.QUALITY_BITS["out_of_order"], 0)
    assert in_order(shifted(time_s=late, quality=flag), Said()).period_s == 0.5
    with pytest.raises(BadData, match=r"time_s.*: is not allowed; found 5.0; allowed: within 0.5 s of its frame"):
        in_order(shifted(time=np.arange(5.0, 25.0)), Said())
    for column, value, allowed in (("dx", np.inf, "-1000000"), ("dy", 1e30, "-1000000"), ("sigma", -1, "0")):
        with pytest.raises(BadData, match=rf"/registration.{column}, frame 0: is not allowed.*from {allowed} to"):
            pipeline.chain.follow(shifted(**{column: value}), Said())


def test_gaps_are_passed_over_as_if_each_frame_were_stepped() -> None:
    rng = np.random.default_rng(3)
    noise = rng.choice(20_000, 200, replace=False)
    frames = np.concatenate([noise, *(np.arange(start, start + 25) for start in (4000, 4060, 15_000))])
    rows = records.empty(records.DETECTION, len(frames))
    rows["frame"], rows["snr"] = frames, rng.uniform(4.5, 7, len(frames))
    rows["x"], rows["y"] = rng.uniform(0, 256, (2, len(frames)))
    moving = np.arange(len(frames)) >= 200
    rows["x"][moving], rows["y"][moving] = 30 + 0.3 * (frames[moving] % 100), 99
    seen = in_order(store.take_detections({n: rows[n] for n in ("frame", "x", "y", "snr")}), Said(shape=(256, 256)))
    quick = pipeline.chain.follow(
        store.take_detections({n: rows[n] for n in ("frame", "x", "y", "snr")}), Said(shape=(256, 256))
    )
    follower = Follower(ChainSettings(), shape=(256, 256), frame_period_s=1.0)
    for k, (frame, time_s, here) in enumerate(seen.of_frame()):
        for empty in seen.between(k):
            follower.step(frame=empty, time_s=float(empty), detections=here[:0])
        follower.step(frame=frame, time_s=time_s, detections=here)
    slow = follower.finish()
    assert len(slow.tracks) > 2
    assert quick.detections["track_id"].tolist() == slow.track_ids.tolist()
    for name in ("tracks", "track_points", "events"):
        assert getattr(quick, name).tobytes() == getattr(slow, name).tobytes()


def test_repeated_detections_count_once() -> None:
    rows = records.empty(records.DETECTION, 1000)
    rng = np.random.default_rng(2)
    rows["frame"], rows["band"] = np.arange(1000) // 10, 0
    rows["x"], rows["y"] = rng.uniform(0, 50, 1000), rng.uniform(0, 50, 1000)
    assert not sightings._repeated(rows).any()
    rows["x"][13], rows["y"][13] = rows["x"][12], rows["y"][12]
    rows["x"][55], rows["y"][55] = rows["x"][12], rows["y"][12]  # in another frame
    rows["x"][14], rows["y"][14], rows["band"][14] = rows["x"][12], rows["y"][12], 1
    assert np.flatnonzero(sightings._repeated(rows)).tolist() == [13]
    rows["snr"][12:14] = 5.0, 6.0
    assert np.flatnonzero(sightings._repeated(rows)).tolist() == [12]  # whichever comes first, the stronger one counts
    rows["snr"][13] = np.nan
    assert np.flatnonzero(sightings._repeated(rows)).tolist() == [13]


def test_detections_take_the_time_of_their_row() -> None:
    rows = records.empty(records.DETECTION, 3)
    rows["time_s"], rows["y"] = 10.0, [-0.4, 2.6, 9.0]
    assert row_times(rows, None) is rows
    later = row_times(rows, np.array([-0.2, -0.1, np.nan, 0.1]))
    assert later["time_s"] == pytest.approx([9.8, 10.1, 10.1])
    assert rows["time_s"].tolist() == [10.0] * 3


SENSOR = Sensor("still", 50e-6, 31.5, 31.5, 1.0, 0.1, (Band("A"),))


def scanned(path: Path, row_period_s: float) -> Path:
    """Write a stack of empty frames from a geostationary place, of a scanner or not."""
    place = np.array([42164172.0, 0.0, 0.0])
    attitude = look_at(place, np.zeros(3))
    rows = (np.arange(64) - 31.5) * row_period_s
    with store.StackWriter(
        path, sensor=SENSOR, shape=(40, 1, 64, 64), epoch="2026-01-01T00:00:00Z", has_pointing=True
    ) as writer:
        for t in range(40):
            writer.append(
                np.zeros((1, 64, 64), np.uint16), time_s=float(t), frame_index=t, position_m=place, attitude=attitude,
                row_time=rows,
            )  # fmt: skip
    return path


def test_a_scanner_shifts_launch_times_by_the_time_of_the_row(tmp_path: Path) -> None:
    t = np.arange(5, 40)
    rows = records.empty(records.DETECTION, len(t))
    rows["frame"], rows["x"], rows["snr"] = t, 30 + 0.002 * (t - 5.0) ** 2, 30
    rows["y"] = 8 - 0.001 * (t - 5.0) ** 2
    path = csv(tmp_path / "a.csv", rows, "frame", "x", "y", "snr")
    still = track(path, "--stack", scanned(tmp_path / "s.h5", 0.0))
    scan = track(path, "--stack", scanned(tmp_path / "r.h5", 0.01))
    delay = -0.235  # of row 8
    assert scan.detections["time_s"][0] - still.detections["time_s"][0] == pytest.approx(delay)
    assert scan.tracks["first_time_s"][0] - still.tracks["first_time_s"][0] == pytest.approx(delay)
    assert scan.track_points["time_s"][0] - still.track_points["time_s"][0] == pytest.approx(delay)
    assert scan.track_points["x"].tolist() == still.track_points["x"].tolist()
