"""Made-up runs for the report: none of anything, very many events, names that try to be markup."""

import numpy as np

from boostwatch import records
from boostwatch.records import EventTables, empty

EPOCH = "2026-03-01T12:00:00Z"
HOSTILE = "</script><img src=x onerror=alert(1)>&amp;<!--\u2028"
PROVENANCE = {"input": "some.stack.h5", "input_sha256": "0" * 64, "frames_read": 400, "frames_flagged": "none"}


def nothing() -> EventTables:
    """A run that saw nothing."""
    tables = [empty(dtype, 0) for dtype in (records.DETECTION, records.TRACK, records.TRACK_POINT, records.EVENT)]
    return EventTables(EPOCH, *tables, empty(records.REGISTRATION, 0), dict(PROVENANCE))


def many(count: int = 500, *, wide: bool = True, points: int = 40, seed: int = 3) -> EventTables:
    """``count`` events of every kind, all over the Earth or within some degrees, each with a track and two bands."""
    rng = np.random.default_rng(seed)
    frames, period = 400, 0.5
    events, tracks = empty(records.EVENT, count), empty(records.TRACK, count)
    detections, track_points = [], []
    kinds = np.array([k.encode() for k in records.KINDS])
    for i in range(count):
        start = int(rng.integers(0, frames - points))
        seen = np.arange(start, start + points)
        time = seen * period
        kind = kinds[min(i // max(count // 40, 1), len(kinds) - 1)] if i < count // 2 else kinds[1 + i % 9]
        x, y = rng.uniform(5, 250, 2)
        path = np.stack([x + 0.05 * (seen - start), y - 0.03 * (seen - start)], -1)
        point = empty(records.TRACK_POINT, points)
        point["track_id"], point["frame"], point["time_s"] = i, seen, time
        point["x"], point["y"], point["snr"], point["confirmed"] = path[:, 0], path[:, 1], 8, 1
        track_points.append(point)
        for band in (0, 1):
            found = empty(records.DETECTION, points)
            found["frame"], found["band"], found["time_s"], found["frames"] = seen, band, time, 1
            found["x"], found["y"], found["track_id"] = path[:, 0], path[:, 1], i
            found["signal_e"] = 1e4 * (1 + band) * np.exp(0.05 * (seen - start)) * rng.uniform(0.9, 1.1, points)
            found["signal_sigma_e"], found["snr"] = 900.0, found["signal_e"] / 900
            detections.append(found)
        tracks[i] = (
            i,
            b"ended",
            kind,
            time[0],
            time[3],
            time[-1],
            points,
            2,
            40.0,
            i * points,
            points,
            time[5],
            *path[0],
            0.1,
            0.1,
        )
        event = events[i : i + 1]
        event["event_id"], event["track_id"], event["kind"] = i, i, kind
        event["probability"] = rng.uniform(0.4, 1)
        event["p_launch"] = event["probability"] if kind == b"launch" else 0.01
        event["first_time_s"], event["declared_time_s"] = time[0], time[8]
        event["x0"], event["y0"] = path[0]
        event["latitude_deg"] = np.degrees(np.arcsin(rng.uniform(-0.95, 0.95))) if wide else rng.uniform(30, 40)
        event["longitude_deg"] = rng.uniform(-180, 180) if wide else rng.uniform(170, 190)
        event["ellipse_major_km"], event["ellipse_minor_km"], event["ellipse_angle_deg"] = 30.0, 8.0, 40.0
        if kind == b"launch":
            event["launch_time_s"], event["launch_time_sigma_s"] = time[0] - 10, 3.0
            event["heading_deg"], event["heading_sigma_deg"] = rng.uniform(0, 360), 15.0
            event["peak_intensity_w_sr"], event["burnout_time_s"] = 2.5e5, time[-1]
            event["peak_intensity_sigma_w_sr"], event["burnout_time_sigma_s"] = 2e4, 0.4
    registration = empty(records.REGISTRATION, frames)
    registration["frame"], registration["time_s"] = np.arange(frames), np.arange(frames) * period
    registration["dx"] = registration["dy"] = 0.0
    registration["quality"] = 0
    found = np.concatenate(detections)
    return EventTables(
        EPOCH, found[np.argsort(found["frame"], kind="stable")], tracks, np.concatenate(track_points), events,
        registration, dict(PROVENANCE),
    )  # fmt: skip


def hostile() -> EventTables:
    """A few events whose every text is an attempt to be markup, with numbers that no chain would write."""
    tables = many(6, wide=False)
    tables.events["kind"][:2] = [b"<script>alert(1", b"\xff\xfe\"'><b>"]
    tables.tracks["status"] = b"<i>&amp;</i>"
    tables.events["latitude_deg"][2:5] = [np.inf, 1e300, -95.0]
    tables.events["longitude_deg"][5] = 1e9
    tables.events["launch_time_s"][3] = 1e300
    tables.tracks["start"][:3] = [-50, 2**62, 10]
    tables.tracks["count"][2] = 2**62
    tables.detections["frame"][:3] = [2**31 - 1, -5, 12]
    tables.detections["signal_e"][:2] = [np.inf, -1e30]
    tables.detections["x"][4] = 1e15
    tables.provenance = dict.fromkeys(("input", "settings", "command", "notes", "versions", HOSTILE), HOSTILE)
    tables.provenance["settings"] = HOSTILE * 100_000
    return tables
