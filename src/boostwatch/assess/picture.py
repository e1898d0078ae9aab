"""A picture of a scene with what was found on it: frames, tracks, launch points, light curves."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from boostwatch.assess.curves import draw_curve, draw_summary
from boostwatch.assess.style import kind_of_track, outlined
from boostwatch.assess.view import View, round_below
from boostwatch.colours import COLOURS, colour_of
from boostwatch.errors import BoostwatchError, CannotCreate, StorageError
from boostwatch.records import EventTables, Records
from boostwatch.sensor import Band, Sensor
from boostwatch.wording import counted

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

SIZE_INCH, DPI = (16.0, 10.0), 100


def scene_picture(
    out_png: str | os.PathLike[str],
    *,
    frames: dict[str, NDArray[Any]],
    tables: EventTables,
    objects: Records,
    samples: Records,
    sensor: Sensor,
    position_m: ArrayLike | None = None,
    attitude: ArrayLike | None = None,
    epoch: str = "",
    frame_index: int | None = None,
    title: str = "",
) -> None:
    """Write a 1600 x 1000 PNG of one frame a band with the run's findings and the truth on it.

    Parameters
    ----------
    out_png : path
        Written beside its place and renamed when whole.
    frames : dict of str to array (H, W)
        One frame of each band, DN; shown as radiance where the sensor tells gain and irradiance an electron.
    tables : EventTables
        The run.
    objects, samples : structured arrays
        ``TRUTH_OBJECT`` and ``TRUTH_SAMPLE``; empty where there is no truth.
    sensor : Sensor
        Its bands are found by name.
    position_m, attitude : array_like (3,), (4,), optional
        Of the frame shown; without them the picture has no map on it.
    epoch : str
        ISO 8601 UTC of time 0.
    frame_index : int, optional
        The frame shown: tracks are moved to where the scene was then. Without it to where it was in the first.
    title : str
        Headline.

    Raises
    ------
    BoostwatchError
        matplotlib is not installed.
    CannotCreate, StorageError
        The file cannot be made or written.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise BoostwatchError(
            "a picture needs matplotlib", allowed="install the extra: pip install 'boostwatch[plot]'"
        ) from None
    figure = Figure(figsize=SIZE_INCH, dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    view = None
    if position_m is not None and attitude is not None and np.isfinite(sensor.ifov_rad):
        view = View(sensor, np.asarray(position_m, np.float64), np.asarray(attitude, np.float64))
    headline = title or f"{sensor.name}: {counted(len(tables.events), 'event')}, {counted(len(tables.tracks), 'track')}"
    figure.suptitle(headline, x=0.02, y=0.985, ha="left", fontsize=15, fontweight="bold")
    figure.text(0.98, 0.978, f"epoch {epoch}" if epoch else "", ha="right", va="top", fontsize=10, color="0.35")
    shown = [o for o in objects if o["kind"] == b"launch"][:2]
    upper = figure.add_gridspec(
        2, len(frames) + bool(shown), left=0.04, right=0.985, top=0.93, bottom=0.405, wspace=0.14, hspace=0.16,
        width_ratios=[1.0] * len(frames) + [0.4] * bool(shown),
    )  # fmt: skip
    moved = _Shifts(tables, frame_index)
    bands = {band.name: band for band in sensor.bands}
    for i, (name, frame) in enumerate(frames.items()):
        axes = figure.add_subplot(upper[:, i])
        _draw_frame(figure, axes, name, frame, sensor, bands.get(name))
        if view is not None:
            _draw_map(axes, view, frame.shape)
        _draw_found(axes, tables, objects, samples, moved, view)
        axes.set_ylabel("" if i else "y (px)", fontsize=9)
        axes.set(xlim=(-0.5, frame.shape[1] - 0.5), ylim=(frame.shape[0] - 0.5, -0.5))
    for i, thing in enumerate(shown):
        name, frame = next(iter(frames.items()))
        axes = figure.add_subplot(upper[i, len(frames)])
        axes.imshow(frame, cmap="gray", interpolation="nearest")
        _draw_found(axes, tables, objects, samples, moved, view, named=False)
        _zoom(axes, thing, samples, moved, name, frame)
    _legend(figure, tables)
    lower = figure.add_gridspec(
        1, max(len(shown), 1) + 1, left=0.05, right=0.985, top=0.295, bottom=0.06, wspace=0.16,
        width_ratios=[*[1.0] * max(len(shown), 1), 1.05],
    )  # fmt: skip
    for i, thing in enumerate(shown):
        draw_curve(figure.add_subplot(lower[0, i]), thing, samples, tables, sensor, view)
    draw_summary(figure.add_subplot(lower[0, -1]), tables.events, epoch)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    _write(Path(out_png), buffer.getvalue())


class _Shifts:
    """Moves positions from their own frame to the frame shown, by the run's own registration."""

    def __init__(self, tables: EventTables, frame_index: int | None) -> None:
        table, self.frame = tables.registration, frame_index
        count = int(table["frame"].max()) + 1 if len(table) else 0
        self._shift = np.zeros((max(count, 1), 2))
        if count:
            self._shift[table["frame"]] = np.nan_to_num(np.stack([table["dx"], table["dy"]], -1))
        if frame_index is not None:
            self._shift = self._shift - self._shift[min(frame_index, len(self._shift) - 1)]

    def __call__(self, points: Records) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        shift = self._shift[np.clip(points["frame"], 0, len(self._shift) - 1)]
        return points["x"] - shift[:, 0], points["y"] - shift[:, 1]


def radiance(frame: NDArray[Any], sensor: Sensor, band: Band | None) -> tuple[NDArray[np.float64], str]:
    """Return a frame of DN as in-band radiance and its unit; as DN where the sensor does not tell enough.

    ``L = ((DN - offset) * gain - dark * t) * irradiance_per_e / ifov**2``: an even scene gives a pixel the irradiance
    of its radiance times the pixel's solid angle.
    """
    value = np.asarray(frame, np.float64)
    if band is None:
        return value, "DN"
    dark = np.nan_to_num(band.dark_e_per_s) * sensor.integration_s
    scaled = ((value - band.offset_dn) * band.gain_e_per_dn - dark) * band.irradiance_per_e / sensor.ifov_rad**2
    return (scaled, "W m$^{-2}$ sr$^{-1}$") if np.isfinite(scaled).any() else (value, "DN")


def readable(value: NDArray[Any], unit: str) -> tuple[NDArray[Any], str]:
    """Give radiance a prefix that brings it near 1, so that the colour bar needs no power of ten."""
    largest = float(np.nanmax(np.abs(value), initial=0.0, where=np.isfinite(value)))
    if unit == "DN" or not largest > 0:
        return value, unit
    power = int(np.clip(np.floor(np.log10(largest) / 3), -3, 2))
    prefix = {-3: "n", -2: "µ", -1: "m", 0: "", 1: "k", 2: "M"}[power]
    return value * 10.0 ** (-3 * power), prefix + unit


def stretch(value: NDArray[Any], upper: float) -> tuple[float, float]:
    """Return what is black, the 0.5th percentile, and white, the ``upper``; never equal. NaN is left out."""
    finite = value[np.isfinite(value)]
    if not finite.size:
        return 0.0, 1.0
    low, high = (float(v) for v in np.percentile(finite, [0.5, upper]))
    return low, high if high > low else low + max(abs(low), 1.0) * 1e-3


def _draw_frame(figure: Any, axes: Any, name: str, frame: NDArray[Any], sensor: Sensor, band: Band | None) -> None:
    value, unit = readable(*radiance(frame, sensor, band))
    low, high = stretch(value, 99.7)
    image = axes.imshow(value, cmap="gray", vmin=low, vmax=high, interpolation="nearest")
    bar = figure.colorbar(image, ax=axes, fraction=0.046, pad=0.015)
    axes.set_title(f"{'in-band radiance' if unit != 'DN' else 'signal'} ({unit})", fontsize=9, loc="right")
    bar.ax.tick_params(labelsize=8)
    bar.formatter.set_powerlimits((-4, 6))
    bar.formatter.set_useOffset(False)
    edges = f" {band.lower_um:.2f}-{band.upper_um:.2f} µm" if band and np.isfinite(band.lower_um) else ""
    axes.set_title(f"{name.upper()}{edges}", fontsize=11, loc="left")
    axes.set_xlabel("x (px)", fontsize=9)
    axes.tick_params(labelsize=8)


def _draw_map(axes: Any, view: View, shape: tuple[int, ...]) -> None:
    """Draw graticule, north arrow and scale bar."""
    height, width = shape
    gx, gy = np.meshgrid(np.linspace(-0.5, width - 0.5, 49), np.linspace(-0.5, height - 0.5, 49))
    lat, lon = view.ground(gx, gy)
    if not np.isfinite(lat).any():
        return
    middle = np.nanmedian(lon)
    lon = (lon - middle + 180) % 360 - 180 + middle
    for value, name in ((lat, "NS"), (lon, "EW")):
        step = round_below(max(float(np.nanmax(value) - np.nanmin(value)) / 3, 1e-3))
        levels = np.arange(np.ceil(np.nanmin(value) / step), np.nanmax(value) / step) * step
        if not len(levels):
            continue
        lines = axes.contour(gx, gy, value, levels=levels, colors="white", linewidths=0.6, alpha=0.35)
        labels = axes.clabel(lines, fontsize=8, colors="white", fmt=lambda v, n=name: _degrees(v, n))
        for text in labels:
            text.set(path_effects=outlined(2), alpha=0.9)
    clat, clon = view.ground(0.5 * (width - 1), 0.5 * (height - 1))
    if not np.isfinite(clat):
        return
    x, y = view.offset(float(clat), float(clon), np.array([0.0, 0.0, 1e3]), np.array([0.0, 1e3, 0.0]))
    km_px = float(np.hypot(x[2] - x[0], y[2] - y[0]))
    length_km = round_below(0.25 * width / km_px)
    x0, y0 = 0.04 * width, 0.955 * height
    axes.plot(
        [x0, x0 + length_km * km_px], [y0, y0], color="white", lw=3, solid_capstyle="butt", path_effects=outlined(2)
    )
    axes.text(
        x0 + 0.5 * length_km * km_px, y0 - 0.015 * height, f"{length_km:g} km", color="white", fontsize=9, ha="center",
        va="bottom", path_effects=outlined(2),
    )  # fmt: skip
    north = np.array([x[1] - x[0], y[1] - y[0]])
    north *= 0.09 * height / np.hypot(*north)
    tail = np.array([0.93 * width, 0.955 * height])
    axes.annotate(
        "N", xy=tuple(tail + north), xytext=tuple(tail), color="white", fontsize=11, fontweight="bold", ha="center",
        va="center", path_effects=outlined(2), arrowprops={"arrowstyle": "-|>", "color": "white", "lw": 2},
    )  # fmt: skip


def _degrees(value: float, letters: str) -> str:
    turned = (value + 180) % 360 - 180
    return f"{abs(turned):.4g}°{letters[0] if turned >= 0 else letters[1]}"


def _draw_found(
    axes: Any, tables: EventTables, objects: Records, samples: Records, moved: _Shifts, view: View | None,
    *, named: bool = True,
) -> None:  # fmt: skip
    _draw_tracks(axes, tables, moved, named=named)
    _draw_truth(axes, objects, samples, moved, view)
    if view is not None:
        _draw_events(axes, tables.events, view)


def _zoom(axes: Any, thing: Any, samples: Records, moved: _Shifts, name: str, frame: NDArray[Any]) -> None:
    """Frame a launch: its whole true path within the frame, no closer than 24 px."""
    x, y = moved(samples[samples["object_id"] == thing["object_id"]])
    inside = (x >= 0) & (x < frame.shape[1]) & (y >= 0) & (y < frame.shape[0])
    if not inside.any():
        axes.set_axis_off()
        return
    x, y = x[inside], y[inside]
    height, width = frame.shape
    half = min(max(0.6 * max(np.ptp(x), np.ptp(y)), 12.0), 0.5 * height, 0.5 * width)
    cx = np.clip(0.5 * (x.min() + x.max()), half - 0.5, width - half - 0.5)
    cy = np.clip(0.5 * (y.min() + y.max()), half - 0.5, height - half - 0.5)
    axes.set(xlim=(cx - half, cx + half), ylim=(cy + half, cy - half))
    patch = frame[max(int(cy - half), 0) : int(cy + half) + 2, max(int(cx - half), 0) : int(cx + half) + 2]
    axes.images[0].set_clim(*stretch(patch, 99.9))
    axes.set_title(f"{thing['name'].decode()} in {name.upper()}", fontsize=9, loc="left")
    axes.tick_params(labelsize=7)


def _draw_truth(axes: Any, objects: Records, samples: Records, moved: _Shifts, view: View | None) -> None:
    for thing in objects:
        mine = samples[samples["object_id"] == thing["object_id"]]
        if not len(mine):
            continue
        order = np.argsort(mine["frame"], kind="stable")
        x, y = moved(mine[order])
        axes.plot(x, y, color="white", lw=1.1, ls=(0, (1, 2.2)))
        if thing["kind"] == b"launch" and view is not None:
            px, py = view.pixel(float(thing["latitude_deg"]), float(thing["longitude_deg"]))
            axes.plot(px, py, "*", ms=15, mfc="none", mec="white", mew=1.4)
        elif thing["kind"] != b"launch":
            axes.plot(x[0], y[0], "s", ms=9, mfc="none", mec="white", mew=1.0, alpha=0.9)


def _draw_tracks(axes: Any, tables: EventTables, moved: _Shifts, *, named: bool) -> None:
    """Draw the path of every confirmed track; ring and name those seen at this frame, launches always named."""
    tracks = tables.tracks[np.isfinite(tables.tracks["confirmed_time_s"])]
    kinds = [kind_of_track(tables, track) for track in tracks]
    taken: list[tuple[float, float]] = []
    for n in sorted(range(len(tracks)), key=lambda n: (kinds[n] != "launch", kinds[n] == "unknown", n)):
        track, colour = tracks[n], colour_of(kinds[n])
        points = tables.track_points[int(track["start"]) : int(track["start"] + track["count"])]
        if not len(points):
            continue
        x, y = moved(points)
        axes.plot(x, y, color=colour, lw=1.8, path_effects=outlined(3.0), solid_capstyle="round")
        now, here = len(points) - 1, True
        if moved.frame is not None:
            away = np.abs(points["frame"].astype(np.int64) - moved.frame)
            now, here = int(np.argmin(away)), bool(away.min() <= 1)
        if here:
            for rim, width in (("black", 3.0), (colour, 1.6)):  # path effects would fill the ring
                axes.plot(x[now], y[now], "o", ms=11, mfc="none", mec=rim, mew=width)
        if named and (here or kinds[n] == "launch"):
            _name(axes, f"T{int(track['track_id'])} {kinds[n]}", (float(x[now]), float(y[now])), colour, taken)


def _name(axes: Any, text: str, at: tuple[float, float], colour: str, taken: list[tuple[float, float]]) -> None:
    """Write a name beside a point, inwards of the picture's edge, unless another stands there already."""
    right, left = axes.get_images()[0].get_extent()[1::-1]
    height = abs(np.subtract(*axes.get_images()[0].get_extent()[2:]))
    leftwards = at[0] > left + 0.82 * (right - left)
    wide, high = 0.24 * (right - left), 0.035 * height  # of a name of 13 letters
    corner = (at[0] - wide if leftwards else at[0], at[1])
    if any(abs(corner[0] - x) < wide and abs(corner[1] - y) < high for x, y in taken):
        return
    taken.append(corner)
    axes.annotate(
        text, at, xytext=(-9 if leftwards else 9, -9), textcoords="offset points", ha="right" if leftwards else "left",
        color=colour, fontsize=9, fontweight="bold", path_effects=outlined(2.5), annotation_clip=True, clip_on=True,
    )  # fmt: skip


def _draw_events(axes: Any, events: Records, view: View) -> None:
    for event in events[(events["kind"] == b"launch") & np.isfinite(events["latitude_deg"])]:
        lat, lon = float(event["latitude_deg"]), float(event["longitude_deg"])
        x, y = view.pixel(lat, lon)
        axes.plot(x, y, "+", ms=11, color=COLOURS["launch"], mew=2, path_effects=outlined(3.2))
        if np.isfinite(event["ellipse_major_km"]):
            rim = view.ellipse(
                lat, lon, float(event["ellipse_major_km"]), float(event["ellipse_minor_km"]),
                float(event["ellipse_angle_deg"]),
            )  # fmt: skip
            axes.plot(*rim, color=COLOURS["launch"], lw=1.4, path_effects=outlined(2.2))


def _legend(figure: Any, tables: EventTables) -> None:
    from matplotlib.lines import Line2D

    confirmed = tables.tracks[np.isfinite(tables.tracks["confirmed_time_s"])]
    kinds = sorted({kind_of_track(tables, track) for track in confirmed}, key=lambda k: (k not in COLOURS, k))
    truth: dict[str, Any] = {"color": "0.25", "ls": "none", "mfc": "none"}
    handles = [Line2D([], [], color=colour_of(k), lw=3, label=f"track: {k}", path_effects=outlined(4)) for k in kinds]
    handles += [
        Line2D([], [], color=COLOURS["launch"], marker="+", mew=2, ms=10, lw=1.4, label="launch point, 95 % ellipse"),
        Line2D([], [], color="0.25", marker="o", ms=9, ls="none", mfc="none", label="at this frame"),
        Line2D([], [], marker="*", ms=13, label="true launch point", **truth),
        Line2D([], [], marker="s", ms=8, label="other true source", **truth),
        Line2D([], [], color="0.25", lw=1.2, ls=(0, (1, 2)), label="true path"),
    ]
    figure.legend(
        handles=handles, loc="center", bbox_to_anchor=(0.5, 0.345), ncols=len(handles), fontsize=9, frameon=False
    )


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(path.name + ".part")
    try:
        stream = part.open("wb")
    except OSError as error:
        raise CannotCreate(error.strerror or "cannot be created", path=path) from None
    try:
        with stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, path)
    except OSError as error:
        raise StorageError(error.strerror or "cannot be written", path=path) from None
    finally:
        part.unlink(missing_ok=True)  # gone already if it was renamed; left by a failure or Ctrl-C
