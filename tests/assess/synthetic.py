"""A small made-up scene with its truth and what a warning chain would say of it, drawn without either wing."""

from dataclasses import dataclass

import numpy as np

from boostwatch import geometry as g
from boostwatch.records import (
    DETECTION,
    EVENT,
    REGISTRATION,
    TRACK,
    TRACK_POINT,
    TRUTH_OBJECT,
    TRUTH_SAMPLE,
    EventTables,
    empty,
)
from boostwatch.sensor import Band, Sensor, gaussian_psf

EPOCH = "2026-03-01T12:00:00Z"
SENSOR = Sensor(
    "notional GEO", 28e-6, 127.5, 127.5, 0.5, 0.1,
    (Band("swir", 2.69, 2.95, 0.7, 10.0, 100.0, 50.0, 1e4, 1e6, 4e-15),
     Band("mwir", 4.20, 4.45, 0.8, 20.0, 100.0, 50.0, 1e5, 2e6, 6e-15)),
)  # fmt: skip
POSITION = np.array([g.GEO_RADIUS_M, 0.0, 0.0])
ATTITUDE = g.look_at(POSITION, g.geodetic_to_itrs(35.0, 10.0))
SHAPE = (240, 2, 256, 256)


@dataclass
class Case:
    objects: np.ndarray
    samples: np.ndarray
    tables: EventTables
    frames: dict


def ground(x, y):
    rays = SENSOR.rays(x, y) @ g.quaternion_to_matrix(ATTITUDE).T
    lat, lon, _ = g.itrs_to_geodetic(g.intersect_earth(POSITION, rays))
    return float(lat), float(lon)


def scene(seed=0, false_per_frame=0.5):
    """Two launches, a fire from the first frame, an aircraft; the second launch is missed by half its frames."""
    rng = np.random.default_rng(seed)
    count, period = SHAPE[0], SENSOR.frame_period_s
    time = np.arange(count) * period
    jitter = rng.normal(0, 0.2, (count, 2))
    # object: kind, name, onset, end, start (x, y), velocity (px/s), acceleration (px/s2), snr
    plan = [
        (b"launch", b"large", 30.0, 110.0, (70.0, 180.0), (0.0, 0.0), (0.008, -0.006), 40.0),
        (b"launch", b"small", 50.0, 100.0, (190.0, 80.0), (0.0, 0.0), (-0.006, -0.010), 12.0),
        (b"fire", b"fire", -60.0, 1e3, (150.0, 200.0), (0.0, 0.0), (0.0, 0.0), 9.0),
        (b"aircraft", b"aircraft", -60.0, 1e3, (30.0, 40.0), (0.25, 0.05), (0.0, 0.0), 7.0),
    ]
    objects, samples, detections = empty(TRUTH_OBJECT, len(plan)), [], []
    tracks, points, events = [], [], []
    for number, (kind, name, onset, end, start, velocity, turn, snr) in enumerate(plan):
        lat, lon = ground(*start)
        heading = float(np.degrees(np.arctan2(turn[0], -turn[1])) % 360) if kind == b"launch" else np.nan
        objects[number] = (number, kind, onset, end, lat, lon, heading, end if kind == b"launch" else np.nan, name)
        age = np.maximum(time - max(onset, 0.0), 0)
        xy = np.array(start) + np.outer(age, velocity) + 0.5 * np.outer(age**2, turn)
        level = snr * np.clip((time - onset) / 20, 0.05, 1) * np.exp(0.1 * rng.normal(size=count))
        alive = np.flatnonzero((time >= onset) & (time <= end))
        mine = []
        for frame in alive:
            px, py = xy[frame] + jitter[frame]
            for band, fraction in ((0, 1.0), (1, 0.6)):
                s = float(level[frame] * fraction)
                samples.append((number, frame, band, px, py, s * 8e3, s * 4.4e-12, s * 1100, s))
                seen = s + rng.normal()
                if seen > 5:
                    fix = rng.normal(0, 1.1 / s, 2)
                    detections.append(
                        (
                            frame,
                            band,
                            time[frame],
                            px + fix[0],
                            py + fix[1],
                            1 / s,
                            1 / s,
                            seen * 1100,
                            1100,
                            seen,
                            -1,
                            1,
                            0,
                            1,
                        )
                    )
                    mine.append(len(detections) - 1)
        if len(mine) < 5:
            continue
        for i in mine:
            detections[i] = (*detections[i][:10], number, *detections[i][11:])
        first, start_row = detections[mine[0]], len(points)
        rows = {detections[i][0]: detections[i] for i in mine}
        confirmed_s = first[2] + 2.0
        for frame, d in sorted(rows.items()):
            points.append((number, frame, d[2], d[3], d[4], 0, 0, 0.2, 0.2, d[9], 0, 0, 0, d[2] >= confirmed_s))
        tracks.append(
            (
                number,
                b"confirmed",
                kind,
                first[2],
                confirmed_s,
                time[frame],
                len(rows),
                3,
                40.0,
                start_row,
                len(rows),
                confirmed_s,
                first[3],
                first[4],
                0.2,
                0.2,
            )
        )
        event = empty(EVENT, 1)
        event["event_id"], event["track_id"], event["kind"], event["probability"] = 10 + number, number, kind, 0.97
        event["p_launch"] = 0.97 if kind == b"launch" else 0.01
        event["first_time_s"], event["declared_time_s"] = first[2], confirmed_s + 4
        event["x0"], event["y0"] = first[3], first[4]
        event["latitude_deg"], event["longitude_deg"] = lat + 0.01, lon - 0.01
        if kind == b"launch":
            event["launch_time_s"], event["launch_time_sigma_s"] = onset + 1.5, 2.0
            event["ellipse_major_km"], event["ellipse_minor_km"], event["ellipse_angle_deg"] = 6.0, 4.0, 20.0
            event["heading_deg"], event["heading_sigma_deg"] = (heading + 4) % 360, 3.0
            event["peak_intensity_w_sr"], event["burnout_time_s"] = snr * 9e3, end
        events.append(event)
    for frame in range(8, count):
        for _ in range(rng.poisson(false_per_frame)):
            x, y = rng.uniform(0, 255, 2)
            detections.append((frame, rng.integers(2), time[frame], x, y, 0.2, 0.2, 5600, 1100, 5.1, -1, 1, 0, 1))
    registration = empty(REGISTRATION, count)
    registration["frame"], registration["time_s"] = np.arange(count), time
    registration["dx"], registration["dy"] = (jitter - jitter[0]).T
    registration["quality"] = np.where(np.arange(count) < 8, 1, 0)
    samples = np.array(samples, TRUTH_SAMPLE)
    tables = EventTables(
        EPOCH, np.array(detections, DETECTION), np.array(tracks, TRACK), np.array(points, TRACK_POINT),
        np.concatenate(events), registration,
    )  # fmt: skip
    return Case(objects, samples, tables, frames(samples, 160, rng))


def frames(samples, frame, rng):
    """One frame a band, DN: a cloudy field with the sources stamped on it."""
    out = {}
    fy, fx = np.meshgrid(np.fft.fftfreq(256), np.fft.rfftfreq(256), indexing="ij")
    filt = 1 / np.maximum(np.hypot(fx, fy), 1 / 256) ** 1.4
    for band, b in enumerate(SENSOR.bands):
        field = np.fft.irfft2(np.fft.rfft2(rng.normal(size=(256, 256))) * filt, s=(256, 256))
        field = 4e4 + 9e3 * (field - field.mean()) / field.std() + rng.normal(0, 200, (256, 256))
        for s in samples[(samples["frame"] == frame) & (samples["band"] == band)]:
            x, y = round(float(s["x"])), round(float(s["y"]))
            if 3 <= x < 253 and 3 <= y < 253:
                psf = gaussian_psf(b.psf_sigma_px, float(s["x"]) - x, float(s["y"]) - y)
                field[y - 3 : y + 4, x - 3 : x + 4] += s["signal_e"] * psf
        out[b.name] = np.clip(field / b.gain_e_per_dn + b.offset_dn, 0, 65535).astype(np.uint16)
    return out
