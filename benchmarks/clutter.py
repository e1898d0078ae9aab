"""Do synthetic 3.9 um night scenes have the clutter of real ones?

Renders two scenarios with several seeds and sets their statistics beside those of four real GOES-16 tiles
(``data/goes16_statistics.json``), of the real crop in ``data/real``, and of a Gaussian field of slope -2.8 with random
phases. Exits 1 if the median of a scenario lies outside the range of the real tiles.

    python -m benchmarks.clutter [--quick] [--json] [--markdown] [--figure FILE.png]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks._clutter import (
    PERCENTILES,
    STATISTICS,
    image_statistics,
    mean_spectrum,
    phase_random,
    tile_statistics,
    tiles,
)
from benchmarks._contract import Headline, Plot, Result, Series, Table, main
from benchmarks._options import parser
from boostwatch.scene.render import Renderer
from boostwatch.scene.scenario import Scenario
from boostwatch.settings import read_toml

QUESTION = "do synthetic scenes at 3.9 um and night have the clutter of real ones"
QUICK_S = 5.0

HERE = Path(__file__).parent
REAL = HERE / "data" / "goes16_statistics.json"
CROP = HERE.parent / "data" / "real" / "goes16_c07_mid.npy"
SCENES = ("clutter_land", "clutter_sea")
SLOPE_BAR, PEAK_BAR = (-3.2, -2.1), (5.0, 10.0)
"""For the medians: 10 to 90 % of 1 321 real tiles, and what real tiles have where random phases have 4."""

Image = NDArray[np.floating]
Ranges = dict[str, tuple[float, float]]


def real_ranges() -> Ranges:
    """Return the least and greatest value of every statistic: percentiles of whole tiles, the others of their parts."""
    real = json.loads(REAL.read_text())["tiles"]
    out = {}
    for q in (f"p{p}" for p in PERCENTILES):
        values = [tile["percentiles"][q] for tile in real]
        out[q] = (min(values), max(values))
    for key in STATISTICS:
        values = [part[key] for tile in real for part in tile["tiles"]]
        out[key] = (min(values), max(values))
    return out


def scene_radiance(name: str, seed: int, size: int = 512) -> Image:
    """Return the radiance of a scenario's first frame without noise, float32 (size, size)."""
    scenario = read_toml(HERE / "data" / f"{name}.toml", Scenario)
    sensor = scenario.sensor.model_copy(update={"width": size, "height": size})
    renderer = Renderer(scenario.model_copy(update={"sensor": sensor}), seed=seed)
    band = renderer.sensor.bands[0]
    per_e = band.irradiance_per_e / (renderer.sensor.ifov_rad**2 * (band.upper_um - band.lower_um))
    out: Image = renderer.scene(0)[0] * np.float32(per_e)
    return out


def summary(images: list[Image]) -> dict[str, float]:
    """Return the median over images of the percentiles, and over all their tiles of the other statistics."""
    found: list[Any] = [image_statistics(image) for image in images]
    out = {q: float(np.median([f["percentiles"][q] for f in found])) for q in found[0]["percentiles"]}
    for key in STATISTICS:
        out[key] = float(np.median([tile[key] for f in found for tile in f["tiles"]]))
    return out


def outside(values: dict[str, float], ranges: Ranges) -> list[str]:
    """Return which medians lie outside the real range or the bars."""
    bars = [(k, *ranges[k]) for k in ranges] + [("slope", *SLOPE_BAR), ("peak_over_std", *PEAK_BAR)]
    return sorted({key for key, low, high in bars if not low <= values[key] <= high})


def share_inside(images: list[Image], ranges: Ranges) -> dict[str, float]:
    """Return the share of the images' tiles that lie in the real range, by statistic."""
    found = [tile_statistics(tile) for image in images for tile in tiles(image)]
    return {k: float(np.mean([ranges[k][0] <= f[k] <= ranges[k][1] for f in found])) for k in STATISTICS}


def measure(path: Path) -> None:
    """Write the statistics of the real tiles."""
    with np.load(path) as archive:
        radiance, meta = archive["radiance_W_m2_sr_um"], json.loads(str(archive["meta"]))
    real = [
        {"name": m["name"], "latitude_deg": m["lat"], "longitude_deg": m["lon"], **image_statistics(image)}
        for m, image in zip(meta, radiance, strict=True)
    ]

    def rounded(value: Any) -> Any:
        if isinstance(value, float):
            return float(f"{value:.5g}")
        if isinstance(value, dict):
            return {k: rounded(v) for k, v in value.items()}
        return [rounded(v) for v in value] if isinstance(value, list) else value

    about = "GOES-16 ABI band 7 (3.80-4.00 um), full disk 2019-01-04 06:00 UTC, W/m2/sr/um; tiles of 128 x 128"
    REAL.write_text(json.dumps(rounded({"about": about, "tiles": real}), indent=1) + "\n")


def figure(path: Path, scenes: dict[str, list[Image]], crop: Image) -> None:
    """Draw crop and scenes side by side in one grey scale, and their spectra."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    land, sea = (scenes[name] for name in SCENES)
    random = phase_random(crop)
    titles = ("GOES-16, real", "land, seed 1", "land, seed 2", "random phases", "sea, seed 1", "sea, seed 2")
    fig, axes = plt.subplots(2, 4, figsize=(15, 7.8), layout="constrained")
    pictures = (crop, *land[:2], random, *sea[:2])
    for axis, title, image in zip(axes[:, :3].flat, titles, pictures, strict=True):
        axis.imshow(image[:256, :256], cmap="gray_r", vmin=0, vmax=0.57)
        axis.set_title(title, fontsize=10)
        axis.set_axis_off()
    spectrum, gradient = axes[:, 3]
    edges = np.linspace(0, 0.3, 61)
    for title, images, style in (
        ("GOES-16, real", [crop], "k-"), ("land", land, "C0-"), ("sea", sea, "C1-"),
        ("random phases", [random], "C3--"),
    ):  # fmt: skip
        power = np.exp(np.mean([np.log(mean_spectrum(image)[1]) for image in images], axis=0))
        spectrum.loglog(mean_spectrum(images[0])[0], power, style, label=title)
        steps = np.concatenate([np.abs(np.diff(image, axis=1)).ravel() for image in images])
        gradient.semilogy(edges[1:], [(steps > edge).mean() or np.nan for edge in edges[1:]], style, label=title)
    spectrum.set_xlabel("cycles a pixel")
    spectrum.set_title("radial spectrum over variance", fontsize=10)
    spectrum.legend(fontsize=8)
    gradient.set_xlabel("W/m2/sr/um")
    gradient.set_title("share of 1-px gradients that are greater", fontsize=10)
    fig.savefig(path, dpi=80)
    plt.close(fig)


def arguments() -> argparse.ArgumentParser:
    """Return the options."""
    command = parser(__doc__, quick="two seeds of 256 pixels")
    command.add_argument("--figure", type=Path, metavar="FILE", help="pictures and spectra side by side")
    command.add_argument(
        "--measure", type=Path, metavar="TILES", help="write the statistics of the real tiles anew first"
    )
    return command


def run(options: argparse.Namespace) -> Result:
    """Return the medians beside the real ones; a median outside fails the run."""
    if options.measure:
        measure(options.measure)
    seeds, size = (2, 256) if options.quick else (6, 512)
    scenes = {name: [scene_radiance(name, 1 + i, size) for i in range(seeds)] for name in SCENES}
    crop = np.load(CROP)
    ranges = real_ranges()
    medians = {"real crop": summary([crop]), "random phases": summary([phase_random(crop)])}
    medians |= {name: summary(images) for name, images in scenes.items()}
    real = json.loads(REAL.read_text())["tiles"]
    parts = {key: [part[key] for tile in real for part in tile["tiles"]] for key in STATISTICS}
    share = {name: share_inside(images, ranges) for name, images in scenes.items()}
    failed = {name: outside(medians[name], ranges) for name in SCENES}
    if options.figure:
        figure(options.figure, scenes, crop)
    rows = []
    for key, (low, high) in ranges.items():
        middle = np.median(parts[key] if key in parts else [tile["percentiles"][key] for tile in real])
        rows.append([key, f"{low:.3f} to {high:.3f}", f"{middle:.3f}", *(f"{v[key]:.3f}" for v in medians.values())])
    header = ["statistic", "real tiles, range", "median", *medians]
    tables = [
        Table("medians", "Medians (percentiles: W/m2/sr/um)", header, rows),
        Table(
            "inside", "Tiles inside the real range, %", ["scene", *STATISTICS],
            [[name, *(f"{100 * v:.0f}" for v in share[name].values())] for name in SCENES],
        ),
    ]  # fmt: skip
    headline = [
        Headline(f"mean share of tiles inside, {name}", float(np.mean(list(share[name].values()))), "higher")
        for name in SCENES
    ]
    shares = [Series(name, list(share[name]), [100 * v for v in share[name].values()]) for name in SCENES]
    plot = Plot("inside", "Synthetic tiles inside the range of real ones", "statistic", "tiles inside, %", shares)
    notes = [f"{name}: medians outside: {', '.join(failed[name]) or 'none'}" for name in SCENES]
    notes.append(f"{seeds} seeds of {size} px a scene")
    figures = {"ranges": ranges, "medians": medians, "share_inside": share, "outside": failed}
    return Result(f"1 to {seeds}", tables, headline, [plot], notes, figures, failed=any(failed.values()))


if __name__ == "__main__":
    raise SystemExit(main(__name__, arguments, run))
