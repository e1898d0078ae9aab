"""A run whose every figure can be worked out by hand: one launch in one band of forty frames of 100 x 100 px."""

import numpy as np

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

SHAPE = (40, 1, 100, 100)
PERIOD_S = 0.5


def filled(dtype, **columns):
    out = empty(dtype, len(next(iter(columns.values()))))
    for name, value in columns.items():
        out[name] = value
    return out


def truth():
    """Ignition at 5 s, in frame 10; snr 1, 2 ... 10 in frames 10 to 19, then 10; it moves by 0.1 px a frame."""
    frames = np.arange(10, 40)
    snr = np.minimum(frames - 9.0, 10.0)
    objects = filled(TRUTH_OBJECT, object_id=[7], kind=[b"launch"], onset_s=[5.0], end_s=[100.0], latitude_deg=[10.0],
                     longitude_deg=[20.0], heading_deg=[90.0], burnout_s=[19.0], name=[b"L"])  # fmt: skip
    samples = filled(
        TRUTH_SAMPLE, object_id=np.full(30, 7), frame=frames, band=np.zeros(30), x=50 + 0.1 * (frames - 10),
        y=np.full(30, 30.0), radiant_intensity_w_sr=1e4 * snr, irradiance_w_m2=1e-12 * snr, signal_e=1000 * snr,
        snr=snr,
    )  # fmt: skip
    return objects, samples


def tables(*, detected=range(14, 40), false=4):
    """Detected from frame 14 (7 s), confirmed at 8 s, declared at 12 s; four false detections in frame 30."""
    _, samples = truth()
    detected = list(detected)
    mine = samples[np.isin(samples["frame"], detected)]
    n = len(mine)
    detections = filled(
        DETECTION, frame=[*mine["frame"], *[30] * false], band=[0] * (n + false),
        time_s=[*(PERIOD_S * mine["frame"]), *[15.0] * false],
        x=[*(mine["x"] + 0.1), *(5 + 10 * k for k in range(false))],
        y=[*mine["y"], *[80.0] * false], sigma_x=np.full(n + false, 0.1), sigma_y=np.full(n + false, 0.1),
        signal_e=np.full(n + false, 1000.0), signal_sigma_e=np.full(n + false, 100.0),
        snr=[*mine["snr"], *(4.1 + k for k in range(false))], track_id=[*[0] * n, *[-1] * false],
        frames=[1] * (n + false),
    )  # fmt: skip
    points = filled(
        TRACK_POINT, track_id=[0] * n, frame=mine["frame"], time_s=PERIOD_S * mine["frame"], x=mine["x"], y=mine["y"],
        snr=mine["snr"], confirmed=mine["frame"] >= 16,
    )  # fmt: skip
    tracks = filled(
        TRACK, track_id=[0], status=[b"ended"], kind=[b"launch"], first_time_s=[7.0], confirmed_time_s=[8.0],
        last_time_s=[19.5], hits=[n], start=[0], count=[n],
    )  # fmt: skip
    events = filled(
        EVENT, event_id=[3], track_id=[0], kind=[b"launch"], probability=[0.95], p_launch=[0.95], first_time_s=[7.0],
        declared_time_s=[12.0], launch_time_s=[7.0], launch_time_sigma_s=[1.0], burnout_time_s=[19.1],
        burnout_time_sigma_s=[0.2], latitude_deg=[10.0], longitude_deg=[20.01], ellipse_major_km=[2.0],
        ellipse_minor_km=[2.0], ellipse_angle_deg=[0.0], heading_deg=[85.0], heading_sigma_deg=[10.0],
        peak_intensity_w_sr=[9e4], peak_intensity_sigma_w_sr=[1e4], x0=[mine["x"][0] + 0.3], y0=[30.4], sigma_x0=[0.1],
        sigma_y0=[0.2],
    )  # fmt: skip
    frames, none = np.arange(40), np.zeros(40)
    shifts = filled(REGISTRATION, frame=frames, time_s=PERIOD_S * frames, dx=none, dy=none, sigma=none, quality=none)
    return EventTables("2026-01-01T00:00:00Z", detections, tracks, points, events, shifts)


def nothing():
    """A run that saw nothing."""
    dtypes = (DETECTION, TRACK, TRACK_POINT, EVENT, REGISTRATION)
    return EventTables("2026-01-01T00:00:00Z", *(empty(dtype, 0) for dtype in dtypes))
