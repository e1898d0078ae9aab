"""Light curves of launches and the list of events, for the picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from boostwatch.assess.match import groups
from boostwatch.assess.style import BAND_COLOURS
from boostwatch.assess.view import View
from boostwatch.colours import colour_of
from boostwatch.geometry import geodetic_to_itrs, utc_after
from boostwatch.records import EventTables, Records
from boostwatch.sensor import Sensor

GATE_PX = 3.0


def draw_curve(axes: Any, thing: Any, samples: Records, tables: EventTables, sensor: Sensor, view: View | None) -> None:
    """Draw a launch's apparent intensity against time, true and found, with ignition, launch and declaration times.

    Apparent: irradiance at the aperture times range squared, so the atmosphere's loss is in it and truth and finding
    compare. Without a position in space the curve is in electrons.
    """
    mine = samples[samples["object_id"] == thing["object_id"]]
    track_ids = _tracks_on(tables, mine)
    detections = tables.detections[np.isin(tables.detections["track_id"], track_ids)]
    times = dict(zip(tables.registration["frame"].tolist(), tables.registration["time_s"].tolist(), strict=True))
    range_m = np.nan
    if view is not None:
        place = geodetic_to_itrs(float(thing["latitude_deg"]), float(thing["longitude_deg"]))
        range_m = float(np.linalg.norm(place - view.position_m))
    per_e = [range_m**2 * band.irradiance_per_e for band in sensor.bands]
    absolute = bool(np.isfinite(per_e).all())
    top = 0.0
    for (band,), rows in groups(mine["band"]):
        colour, factor = BAND_COLOURS[band % len(BAND_COLOURS)], per_e[band] if absolute else 1.0
        true = mine[rows[np.argsort(mine["frame"][rows], kind="stable")]]
        t = np.array([times.get(int(f), f * sensor.frame_period_s) for f in true["frame"]])
        axes.plot(t, true["signal_e"] * factor, color=colour, lw=1.3, label=f"{sensor.bands[band].name} truth")
        seen = detections[detections["band"] == band]
        axes.plot(
            seen["time_s"], seen["signal_e"] * factor, ".", ms=5, color=colour, alpha=0.55,
            label=f"{sensor.bands[band].name} detected",
        )  # fmt: skip
        top = max(top, float(np.nanmax(true["signal_e"], initial=0.0)) * factor)
    axes.set_yscale("log")
    if top > 0:
        axes.set_ylim(top * 10**-3.5, top * 4)
    events = tables.events[np.isin(tables.events["track_id"], track_ids)]
    _show_times(axes, thing, events)
    _mark_times(axes, thing, events)
    name = thing["name"].decode() or f"object {int(thing['object_id'])}"
    axes.set_title(f"{name}: {'apparent intensity' if absolute else 'signal'}", fontsize=10, loc="left")
    axes.set_xlabel("time after epoch (s)", fontsize=9)
    axes.set_ylabel("W/sr at the aperture" if absolute else "signal (e-)", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.grid(alpha=0.25)
    if len(mine):
        axes.legend(fontsize=7.5, ncols=2, loc="lower right", framealpha=0.85)


def _show_times(axes: Any, thing: Any, events: Records) -> None:
    """Show the time that the object shone, and an estimated launch not too far from it."""
    onset, end = float(thing["onset_s"]), float(thing["end_s"])
    span = max(end - onset, 20.0)
    if not np.isfinite(span):
        return
    low, high = onset - 0.08 * span, end + 0.08 * span
    for event in events[events["kind"] == b"launch"][:1]:
        launch, reach = float(event["launch_time_s"]), np.nan_to_num(float(event["launch_time_sigma_s"]))
        if abs(launch - onset) < 0.5 * span:
            low, high = min(low, launch - min(1.5 * reach, 0.1 * span) - 0.04 * span), max(high, launch + 0.04 * span)
    axes.set_xlim(low, high)


def _mark_times(axes: Any, thing: Any, events: Records) -> None:
    onset = float(thing["onset_s"])
    before = bool(np.any(events["launch_time_s"][events["kind"] == b"launch"][:1] < onset))
    axes.axvline(onset, color="0.2", lw=1.2, ls=":")
    _tag(axes, onset, "ignition", "0.2", left=not before)
    for event in events[events["kind"] == b"launch"][:1]:
        colour = "#c8400a"
        launch, sigma = float(event["launch_time_s"]), float(event["launch_time_sigma_s"])
        if np.isfinite(launch):
            if np.isfinite(sigma):
                axes.axvspan(launch - sigma, launch + sigma, color=colour, alpha=0.15, lw=0)
            axes.axvline(launch, color=colour, lw=1.3, ls="--")
            _tag(axes, launch, "launch estimated", colour, left=launch < onset)
        declared = float(event["declared_time_s"])
        if np.isfinite(declared):
            axes.axvline(declared, color=colour, lw=1.8)
            _tag(axes, declared, f"declared +{declared - onset:.1f} s", colour)


def _tag(axes: Any, time_s: float, text: str, colour: str, *, left: bool = False) -> None:
    """Write along a time's line, at the top; where the time is off the picture, at its edge with an arrow."""
    from matplotlib.patheffects import withStroke

    low, high = axes.get_xlim()
    if not low <= time_s <= high:
        left = time_s > high
        text = f"{text} \u2192" if left else f"\u2190 {text}"
    axes.annotate(
        text, (min(max(time_s, low), high), 0.97), xycoords=("data", "axes fraction"), xytext=(-3 if left else 3, 0),
        textcoords="offset points", rotation=90, fontsize=8, color=colour, va="top", ha="right" if left else "left",
        path_effects=[withStroke(linewidth=2.5, foreground="white")],
    )  # fmt: skip


def _tracks_on(tables: EventTables, mine: Records) -> list[int]:
    """Return the confirmed tracks of which at least half the points lie on these samples."""
    where = {int(s["frame"]): (float(s["x"]), float(s["y"])) for s in mine}
    found = []
    for track in tables.tracks[np.isfinite(tables.tracks["confirmed_time_s"])]:
        points = tables.track_points[int(track["start"]) : int(track["start"] + track["count"])]
        near = sum(
            np.hypot(p["x"] - where[int(p["frame"])][0], p["y"] - where[int(p["frame"])][1]) <= GATE_PX
            for p in points
            if int(p["frame"]) in where
        )
        if len(points) and 2 * near >= len(points):
            found.append(int(track["track_id"]))
    return found


def draw_summary(axes: Any, events: Records, epoch: str) -> None:
    """Write as many events as there is room for: launches first, then what is likeliest what it is called."""
    axes.set_axis_off()
    sure = np.nan_to_num(np.where(events["kind"] == b"launch", 1 + events["p_launch"], events["probability"]), nan=-1.0)
    order = np.argsort(-sure, kind="stable")[:6]
    y, shown = 0.98, 0
    for event in events[order]:
        shown += 1
        kind = event["kind"].decode("utf-8", "replace")
        axes.add_patch(_swatch(y, colour_of(kind)))
        axes.text(
            0.035,
            y,
            f"T{int(event['track_id'])} {kind}, {float(event['probability']):.2f}",
            fontsize=9,
            fontweight="bold",
            va="top",
        )
        for line in _lines(event, epoch):
            y -= 0.075
            axes.text(0.035, y, line, fontsize=8.5, va="top", color="0.2")
        y -= 0.105
        if y < 0.05:
            break
    axes.set_title(f"Events: {shown} of {len(events)}" if shown < len(events) else "Events", fontsize=10, loc="left")
    if not len(events):
        axes.text(0.0, y, "none", fontsize=9, va="top", color="0.4")
    axes.set(xlim=(0, 1), ylim=(0, 1))


def _swatch(y: float, colour: str) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((0.0, y - 0.06), 0.02, 0.055, facecolor=colour, edgecolor="black", lw=0.6)


def _lines(event: Any, epoch: str) -> list[str]:
    v = {name: float(event[name]) for name in event.dtype.names if event.dtype[name].kind == "f"}
    lines = []
    if np.isfinite(v["latitude_deg"]):
        place = f"{v['latitude_deg']:.3f}°, {v['longitude_deg']:.3f}°"
        if np.isfinite(v["ellipse_major_km"]):
            place += f"   95 %: {v['ellipse_major_km']:.1f} x {v['ellipse_minor_km']:.1f} km"
        lines.append(place)
    if event["kind"] == b"launch":
        when = utc_after(epoch, v["launch_time_s"])[11:21] if epoch and np.isfinite(v["launch_time_s"]) else ""
        parts = [f"launch {when or format(v['launch_time_s'], '.1f') + ' s'} ± {v['launch_time_sigma_s']:.1f} s"]
        parts += [f"heading {v['heading_deg']:.0f}° ± {v['heading_sigma_deg']:.0f}°"]
        parts += [f"peak {v['peak_intensity_w_sr'] / 1e3:.0f} kW/sr"]
        lines.append("   ".join(p for p in parts if "nan" not in p))
    return lines
