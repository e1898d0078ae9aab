"""Random scenes for `events.py`: weather, hours, places, every confuser and some launches, from geostationary orbit.

A scene depends on its seed alone. All figures are notional.
"""

from __future__ import annotations

from typing import Any

import numpy as np

SIZE = 192
IFOV_URAD = 30.0
RATE_HZ = 2.0
ALTITUDE_KM = 35_786.0
KM_PER_DEGREE = 111.2

ATMOSPHERES = ("us_standard_1976", "tropical", "midlat_summer", "midlat_winter")


def scene(seed: int, *, launches: int = 1, duration_s: float = 120.0) -> dict[str, Any]:
    """Return a scenario: one of every confuser, at random, and so many launches.

    Parameters
    ----------
    seed : int
        Draws everything, and is the scenario's own.
    launches : int
        They ignite in the first third, within the middle of the frame.
    duration_s : float
        Of the run.

    Returns
    -------
    dict
        Keys of a scenario file.
    """
    rng = np.random.default_rng([seed, 17])
    longitude = float(rng.uniform(-180.0, 180.0))
    latitude = float(rng.uniform(-50.0, 50.0))
    east = float(rng.uniform(-45.0, 45.0))
    far = np.degrees(np.arccos(np.cos(np.radians(latitude)) * np.cos(np.radians(east))))
    if far > 55.0:  # nearer the limb the scene is something else
        latitude, east = latitude * 55.0 / far, east * 55.0 / far
    centre = longitude + east
    half_km = 0.5 * SIZE * IFOV_URAD * 1e-6 * ALTITUDE_KM

    def place(share: float) -> dict[str, str]:
        """Return a place within a share of the frame's half."""
        x, y = rng.uniform(-share, share, 2) * half_km
        lat = latitude + y / KM_PER_DEGREE
        lon = centre + x / (KM_PER_DEGREE * np.cos(np.radians(lat)))
        return {"latitude": f"{lat:.4f} deg", "longitude": f"{(lon + 180.0) % 360.0 - 180.0:.4f} deg"}

    def span(low: float, high: float) -> float:
        """Return a figure that is even in its logarithm."""
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    def when() -> dict[str, str]:
        """Return a start and perhaps an end."""
        start = rng.uniform(-30.0, 0.7 * duration_s)
        out = {"start": f"{max(start, 0.0):.1f} s"} if start > 0 else {}
        if rng.random() < 0.4:
            out["end"] = f"{max(start, 0.0) + rng.uniform(10.0, duration_s):.1f} s"
        return out

    objects: list[dict[str, Any]] = [
        {
            "kind": "launch",
            "name": f"launch {k}",
            **place(0.6),
            "heading": f"{rng.uniform(0, 360):.1f} deg",
            "ignition": f"{rng.uniform(18.0, duration_s / 3):.1f} s",
            "vehicle": str(rng.choice(["small", "medium", "large"])),
            "propulsion": str(rng.choice(["solid", "liquid"])),
        }
        for k in range(launches)
    ]
    objects += [
        {"kind": "fire", "name": "fire", **place(0.9), "power": f"{span(50, 2000):.0f} MW", **when()},
        {"kind": "fire", "name": "wildfire", **place(0.9), "power": f"{span(50, 500):.0f} MW", "smouldering": 0.3},
        {
            "kind": "flare",
            "name": "flare",
            **place(0.9),
            "power": f"{span(20, 300):.0f} MW",
            "stacks": 3,
            "radius": "3 km",
            **when(),
        },
        {
            "kind": "volcano",
            "name": "volcano",
            **place(0.9),
            "power": f"{span(30, 300):.0f} MW",
            "altitude": "2 km",
            "bursts_per_hour": 120,
            "burst_power": f"{span(100, 800):.0f} MW",
        },
        {
            "kind": "static_fire",
            "name": "test stand",
            **place(0.9),
            "thrust": f"{span(200, 2000):.0f} kN",
            "ignition": f"{rng.uniform(5.0, 60.0):.1f} s",
            "burn": f"{rng.uniform(20.0, 90.0):.0f} s",
        },
        {
            "kind": "glint",
            "name": "solar farm",
            "surface": "panel",
            **place(0.9),
            "area": f"{span(0.002, 0.02):.4f} km2",
            "tilt": f"{rng.uniform(0, 50):.1f} deg",
            "azimuth": f"{rng.uniform(90, 270):.1f} deg",
            "slope_spread": "1 deg",
        },
        {
            "kind": "lightning",
            "name": "lightning",
            **place(0.9),
            "radius": "10 km",
            "flashes_per_minute": float(span(3, 40)),
            "altitude": "12 km",
            "energy": f"{span(1e4, 1e5):.3g} J/sr",
        },
        {
            "kind": "bolide",
            "name": "bolide",
            **place(0.8),
            "heading": f"{rng.uniform(0, 360):.0f} deg",
            "start": f"{rng.uniform(0.2, 0.9) * duration_s:.1f} s",
            "intensity": f"{span(30, 1000):.0f} kW/sr",
        },
        {
            "kind": "aircraft",
            "name": "airliner",
            **place(0.9),
            "heading": f"{rng.uniform(0, 360):.0f} deg",
            "speed": f"{rng.uniform(200, 280):.0f} m/s",
            "altitude": f"{rng.uniform(8, 12):.1f} km",
            "intensity": f"{span(0.3, 3):.2f} kW/sr",
        },
        {
            "kind": "aircraft",
            "name": "afterburner",
            **place(0.9),
            "heading": f"{rng.uniform(0, 360):.0f} deg",
            "speed": f"{rng.uniform(250, 500):.0f} m/s",
            "altitude": f"{rng.uniform(5, 14):.1f} km",
            "intensity": f"{span(5, 40):.1f} kW/sr",
            **when(),
        },
        {
            "kind": "satellite",
            "name": "satellite",
            **place(0.7),
            "heading": f"{rng.uniform(0, 360):.0f} deg",
            "passes": f"{rng.uniform(10.0, duration_s - 10.0):.1f} s",
        },
    ]
    clouds = []
    kinds = rng.choice(["low", "middle", "high", "towers"], rng.integers(0, 4), replace=False)
    for kind in kinds:
        base = {
            "low": {
                "altitude": rng.uniform(800, 2500),
                "thickness": rng.uniform(300, 1200),
                "coverage": rng.uniform(0.1, 0.7),
                "optical_depth": span(3, 15),
                "edge": rng.uniform(0.05, 0.3),
                "outer_scale": span(20e3, 120e3),
                "wind_speed": rng.uniform(2, 15),
            },
            "middle": {
                "altitude": rng.uniform(3000, 6000),
                "thickness": rng.uniform(500, 2000),
                "coverage": rng.uniform(0.1, 0.5),
                "optical_depth": span(2, 10),
                "edge": rng.uniform(0.1, 0.4),
                "outer_scale": span(40e3, 200e3),
                "wind_speed": rng.uniform(5, 25),
            },
            "high": {
                "altitude": rng.uniform(8000, 12000),
                "thickness": rng.uniform(500, 2000),
                "coverage": rng.uniform(0.1, 0.5),
                "optical_depth": span(0.3, 3),
                "edge": rng.uniform(0.05, 0.3),
                "outer_scale": span(80e3, 300e3),
                "wind_speed": rng.uniform(10, 50),
                "stretch": rng.uniform(1, 4),
            },
            "towers": {
                "altitude": rng.uniform(7000, 11000),
                "thickness": rng.uniform(3000, 5000),
                "coverage": rng.uniform(0.05, 0.2),
                "optical_depth": span(10, 40),
                "edge": rng.uniform(0.02, 0.1),
                "outer_scale": span(30e3, 150e3),
                "wind_speed": rng.uniform(5, 20),
            },
        }[str(kind)]
        units = {"altitude": "m", "thickness": "m", "outer_scale": "m", "wind_speed": "m/s"}
        layer: dict[str, Any] = {
            key: f"{value:.4g} {units[key]}" if key in units else round(float(value), 4) for key, value in base.items()
        }
        layer["wind_direction"] = f"{rng.uniform(0, 360):.0f} deg"
        clouds.append(layer)
    day = int(rng.integers(1, 366))
    month, dom = 1 + (day - 1) // 31, 1 + (day - 1) % 28
    hour, minute = int(rng.integers(0, 24)), int(rng.integers(0, 60))
    return {
        "name": f"events {seed}",
        "seed": seed,
        "epoch": f"2026-{month:02d}-{dom:02d}T{hour:02d}:{minute:02d}:00Z",
        "duration": f"{duration_s:g} s",
        "outside_view": "allow",
        "sensor": {
            "width": SIZE,
            "height": SIZE,
            "ifov": f"{IFOV_URAD:g} urad",
            "frame_rate": f"{RATE_HZ:g} Hz",
            "bands": [
                {"name": "SWIR", "lower": "2.69 um", "upper": "2.95 um"},
                {"name": "MWIR", "lower": "4.20 um", "upper": "4.45 um"},
            ],
            "bad_pixels": {"fraction": 0.001, "known": 0.7, "blink_amplitude": "3e4 e-"},
        },
        "platform": {
            "kind": "geo",
            "longitude": f"{longitude:.3f} deg",
            "boresight_latitude": f"{latitude:.3f} deg",
            "boresight_longitude": f"{(centre + 180.0) % 360.0 - 180.0:.3f} deg",
        },
        "line_of_sight": {
            "jitter": f"{span(0.03, 0.3):.3f} px",
            "drift": f"{rng.uniform(0.0, 0.02):.4f} px/s",
        },
        "atmosphere": {"model": str(rng.choice(ATMOSPHERES))},
        "background": {"kind": "earth", "wind": f"{rng.uniform(2, 14):.1f} m/s"},
        "clouds": clouds,
        "objects": objects,
    }
