"""What do the scenes of the library look like? One picture a scene: a telling frame, a panel a band.

The frame is shown as radiance at the aperture: digital numbers less offset and dark charge, through the sensor's own
figures. Pixels on the sensor's list of bad ones are filled from their neighbours; the grey runs from the 0.5th to the
99.7th percentile. Truth is ringed in the colour of its kind. Run: ``python -m benchmarks.scene_pictures [NAME...]
[--out docs/images/scenes]``.
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.colors
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import median_filter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from boostwatch.assess.style import outlined
from boostwatch.colours import COLOURS, colour_of
from boostwatch.geometry import intersect_earth, itrs_to_geodetic, quaternion_to_matrix
from boostwatch.scene.library import load
from boostwatch.scene.render import RenderedFrame, Renderer
from boostwatch.scene.scenario import Scenario

TELLING_S = {
    "broken_cloud_day": 92.0, "clear_ocean_night": 72.0, "confuser_zoo": 102.0, "demo": 88.0, "desert_noon": 70.0,
    "full_disk": 78.0, "glint_field": 80.0, "heo_apogee": 92.0, "industrial_flares": 84.0, "leo_pass": 61.0,
    "limb": 153.5, "salvo_of_six": 86.0, "scanning_geo": 84.0, "step_stare": 77.3, "storm_front": 83.0,
    "terminator": 96.0,
}  # fmt: skip
"""Seconds after the epoch at which each scene shows most of what it is about."""
MAX_BYTES = 150_000
PANEL_PX, GAP_PX, TOP_PX, BOTTOM_PX, DPI = 340, 12, 40, 48, 100
GREYS = 40
LINE = "#9ecbff"
LEAST_SNR = 1.0
"""Truth below it in a band is not ringed there."""


def telling_frame(name: str, scenario: Scenario) -> int:
    """Return the number of the frame nearest to the telling moment."""
    return min(round(TELLING_S[name] * scenario.sensor.frame_rate), scenario.n_frames - 1)


def radiance(renderer: Renderer, frame: RenderedFrame, b: int) -> NDArray[np.float64]:
    """Return a band as spectral radiance at the aperture, W/m2/sr/um, float64 (H, W)."""
    band, figures = renderer.sensor.bands[b], renderer.scenario.sensor.figures(b)
    electrons = (frame.data[b] - band.offset_dn) * band.gain_e_per_dn - band.dark_e_per_s * figures.integration_s
    bad = renderer.bad_pixels[b] > 0
    electrons[bad] = median_filter(electrons, 3)[bad]
    out: NDArray[np.float64] = (
        electrons * band.irradiance_per_e / (renderer.sensor.ifov_rad**2 * (band.upper_um - band.lower_um))
    )
    return out


def places(renderer: Renderer, i: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return latitude and longitude of every fourth pixel's ground point, degrees, NaN in space."""
    height, width = renderer.shape[1:]
    y, x = np.mgrid[0:height:4, 0:width:4]
    rays = renderer.sensor.rays(x, y) @ quaternion_to_matrix(renderer.attitude[i]).T
    latitude, longitude, _ = itrs_to_geodetic(intersect_earth(renderer.position_m[i], rays))
    return latitude, longitude


def _graticule(axes: Any, values: NDArray[np.float64], mark: str) -> None:
    """Draw lines of equal latitude or longitude, three to eight of them."""
    seen = values[np.isfinite(values)]
    if not len(seen):
        return
    span = np.ptp(seen)
    step = next(s for s in (0.5, 1, 2, 5, 10, 15, 30, 45) if span / s < 6 or s == 45)
    levels = np.arange(np.ceil(seen.min() / step), np.floor(seen.max() / step) + 1) * step
    if not len(levels):
        return
    rows, columns = np.arange(values.shape[0]) * 4, np.arange(values.shape[1]) * 4
    lines = axes.contour(columns, rows, values, levels=levels, colors=LINE, linewidths=0.4, linestyles="-", alpha=0.55)
    axes.clabel(lines, fmt=lambda v: f"{abs(v):g}°{mark[0] if v >= 0 else mark[1]}", fontsize=5.5, inline=True)


def _truth(axes: Any, renderer: Renderer, frame: RenderedFrame, b: int) -> None:
    for sample in frame.samples:
        if sample["band"] != b or sample["snr"] < LEAST_SNR:
            continue
        truth = renderer.objects[sample["object_id"]]
        kind = truth["kind"].decode()
        colour = colour_of({"static_fire": "launch", "volcano": "fire"}.get(kind, kind))
        axes.plot(sample["x"], sample["y"], "o", ms=9, mfc="none", mec=colour, mew=0.8)
        text = truth["name"].decode() or kind
        right = sample["x"] < 0.7 * renderer.shape[2]
        axes.annotate(
            text, (sample["x"], sample["y"]), (6 if right else -6, 5), textcoords="offset points", fontsize=5.5,
            color=colour, ha="left" if right else "right", path_effects=outlined(1.2),
        )  # fmt: skip


def draw(name: str) -> tuple[Figure, Renderer]:
    """Return the picture of a scene."""
    scenario = load(name)
    renderer = Renderer(scenario)
    i = telling_frame(name, scenario)
    frame = renderer.frame(i)
    bands, height, width = renderer.shape
    tall = PANEL_PX * min(height / width, 1.4)
    size = bands * (PANEL_PX + GAP_PX) + GAP_PX, tall + TOP_PX + BOTTOM_PX
    figure = Figure(figsize=(size[0] / DPI, size[1] / DPI), dpi=DPI)
    latitude, longitude = places(renderer, i)
    for b in range(bands):
        left = (GAP_PX + b * (PANEL_PX + GAP_PX)) / size[0]
        axes = figure.add_axes((left, BOTTOM_PX / size[1], PANEL_PX / size[0], tall / size[1]))
        picture = radiance(renderer, frame, b)
        low, high = np.percentile(picture, [0.5, 99.7])
        shown = axes.imshow(
            picture, cmap="gray", vmin=low, vmax=max(high, low + 1e-6), interpolation="antialiased", aspect="auto"
        )
        _graticule(axes, latitude, "NS")
        _graticule(axes, longitude, "EW")
        _truth(axes, renderer, frame, b)
        axes.set(xticks=[], yticks=[], xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
        band = renderer.sensor.bands[b]
        axes.set_title(f"{band.name}  {band.lower_um:.2f} to {band.upper_um:.2f} µm", fontsize=8, pad=3)
        below = figure.add_axes((left, (BOTTOM_PX - 14) / size[1], PANEL_PX / size[0], 8 / size[1]))
        bar = figure.colorbar(shown, cax=below, orientation="horizontal", format="%.3g")
        bar.ax.tick_params(labelsize=6, length=2, pad=1)
        bar.locator = MaxNLocator(5)
        bar.set_label("W/m²/sr/µm", fontsize=6, labelpad=1)
    when = f"{scenario.epoch.replace('T', ' ').removesuffix('Z')} UTC + {renderer.time_s[i]:.1f} s"
    figure.text(GAP_PX / size[0], 1 - 4 / size[1], f"{name}, {when}", fontsize=9, va="top")
    return figure, renderer


def palette() -> Image.Image:
    """Return greys, and colours of lines on them: a palette drawn from the picture would drop what is rare."""
    greys = [(v, v, v) for v in np.linspace(0, 255, GREYS).round().astype(int).tolist()]
    lines = [mpl.colors.to_rgb(c) for c in (*COLOURS.values(), LINE)]
    tones = [tuple(round(255 * part * c) for c in line) for line in lines for part in (1.0, 0.75, 0.5)]
    out = Image.new("P", (1, 1))
    out.putpalette([int(v) for tone in (*greys, *tones) for v in tone])
    return out


def packed(figure: Figure, limit: int = MAX_BYTES) -> bytes:
    """Return the picture as a PNG of few colours, with as many pixels as fit."""
    for share in (1.0, 0.92, 0.84, 0.76, 0.68):
        raw, out = io.BytesIO(), io.BytesIO()
        figure.savefig(raw, format="png", dpi=DPI * share)
        image = Image.open(raw).convert("RGB").quantize(palette=palette(), dither=Image.Dither.NONE)
        image.save(out, "PNG", optimize=True)
        if out.tell() <= limit:
            return out.getvalue()
    raise ValueError(f"the picture does not fit into {limit} bytes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=sorted(TELLING_S), help="scenes; all by default")
    parser.add_argument("--out", type=Path, default=Path("docs/images/scenes"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    mpl.rcParams["font.family"] = "DejaVu Sans"
    for name in arguments.names:
        figure, renderer = draw(name)
        data = packed(figure)
        (arguments.out / f"{name}.png").write_bytes(data)
        print(
            f"{name}: {len(data) / 1e3:.0f} kB, {renderer.n_frames} frames, {len(renderer.objects)} objects", flush=True
        )


if __name__ == "__main__":
    main()
