"""One place, one geostationary observer and the three bands for all tests of sources."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import TypeAdapter

from boostwatch.geometry import GEO_RADIUS_M, geodetic_to_itrs, itrs_to_geodetic
from boostwatch.scene.atmosphere import Atmosphere
from boostwatch.scene.emission import Emission, Observer
from boostwatch.scene.scenario import SceneObject
from boostwatch.scene.sources import Source, build_source

SWIR, MWIR, WINDOW = (2.69, 2.95), (4.20, 4.45), (3.72, 4.08)
BANDS = (SWIR, MWIR, WINDOW)
HERE = {"latitude": "28.2 deg", "longitude": "-80.6 deg"}
SUN = np.array([0.3, -0.85, 0.43]) / np.linalg.norm([0.3, -0.85, 0.43])
GEO = Observer(GEO_RADIUS_M * np.array([np.cos(np.radians(-75.0)), np.sin(np.radians(-75.0)), 0.0]), SUN, 30e-6)


def make(kind: str, **more: Any) -> Any:
    return TypeAdapter(SceneObject).validate_python({"kind": kind, **HERE, **more})


def build(kind: str, *, duration_s: float = 200.0, seed: int = 0, **more: Any) -> Any:
    return build_source(make(kind, **more), duration_s, BANDS, np.random.default_rng(seed))


def above(latitude_deg: float, longitude_deg: float, *, height_m: float = 35786e3, ifov_rad: float = 30e-6) -> Observer:
    return Observer(geodetic_to_itrs(latitude_deg, longitude_deg, height_m), SUN, ifov_rad)


def only(source: Source, time_s: float, observer: Observer = GEO, *, exposure_s: float = 0.1) -> Emission:
    """The one primary emission about a time; checked for what holds for all."""
    found = source.emit(time_s - exposure_s / 2, time_s + exposure_s / 2, observer)
    primary = [e for e in found if e.primary]
    assert len(primary) == 1
    for e in found:
        check(e)
    assert found[0] is primary[0]
    return primary[0]


def check(e: Emission) -> None:
    count = len(e.share)
    assert e.position_m.shape == (count, 3)
    assert e.height_m.shape == (count,)
    assert e.intensity_w_sr.shape == (len(BANDS),)
    assert abs(e.share.sum() - 1) < 1e-9
    assert (e.share >= 0).all()
    assert (e.intensity_w_sr >= 0).all()
    assert count <= 950
    assert np.abs(itrs_to_geodetic(e.position_m)[2] - e.height_m).max() < (500 if e.primary else 3000)


def at_space(e: Emission, air: Atmosphere, band: int) -> float:
    """In-band intensity above the air for an observer in the zenith of each point."""
    return float(e.intensity_w_sr[band] * (e.share @ air.transmittance(e.height_m, 1.0, e.temperature_k)))
