"""What a scene consists of, before anybody looks at it: a map, the ground, cloud decks, and the air by band."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from boostwatch.geometry import MapPlane, geodetic_to_itrs, parse_utc, sun_directions
from boostwatch.scene.atmosphere import TOP_M, Atmosphere, find_band
from boostwatch.scene.clouds import CloudDeck
from boostwatch.scene.earth import EarthRadiance
from boostwatch.scene.platform import Platform
from boostwatch.scene.scenario import EarthBackground, Scenario
from boostwatch.sensor import Sensor
from boostwatch_kernels.tables import Air

Array = NDArray[np.float64]
Randoms = Callable[[str, int], np.random.Generator]

MAX_TEXELS = 2048
"""Cells a side of a deck's texture; a wider view sees it repeat."""


def require_bands(scenario: Scenario, sensor: Sensor) -> None:
    """Raise BadData for a band without an atmospheric table, where light passes through air."""
    if scenario.needs_atmosphere:
        for i, band in enumerate(sensor.bands):
            find_band(band.lower_um, band.upper_um, place=f"sensor.bands[{i}]")


class World:
    """Ground, decks and air of a scenario.

    Parameters
    ----------
    scenario : Scenario
    sensor : Sensor
    platform : Platform
    randoms : callable
        Generator for a purpose and a number.

    Attributes
    ----------
    plane : MapPlane
        Map that all textures lie on, its centre at the place looked at.
    cell_m : float
        Size of a cell across the line of sight there, at the epoch.
    atmospheres : tuple of Atmosphere
        One a band; empty where no light passes through air.
    earth : EarthRadiance or None
    decks : list of CloudDeck
        From the lowest upwards.

    Raises
    ------
    BadData
        A band without an atmospheric table.
    """

    def __init__(self, scenario: Scenario, sensor: Sensor, platform: Platform, randoms: Randoms) -> None:
        self._epoch = scenario.epoch
        self._air: dict[float, Air] = {}
        self.plane = MapPlane(*platform.boresight_ground())
        position, _ = platform.state(0.0)
        ground = geodetic_to_itrs(self.plane.latitude_deg, self.plane.longitude_deg)
        self.cell_m = float(np.linalg.norm(ground - position)) * sensor.ifov_rad / scenario.oversample
        self.atmospheres: tuple[Atmosphere, ...] = ()
        if scenario.needs_atmosphere:
            self.atmospheres = tuple(
                Atmosphere(scenario.atmosphere.model, b.lower_um, b.upper_um, place=f"sensor.bands[{i}]")
                for i, b in enumerate(sensor.bands)
            )
        background = scenario.background
        # By the frame alone: how unsteadily it is held must not make another scene.
        cells = scenario.oversample * max(scenario.sensor.width, scenario.sensor.height)
        texels = 1 << int(np.clip(np.ceil(np.log2(1.5 * cells)), 8, np.log2(MAX_TEXELS)))
        self.earth: EarthRadiance | None = None
        if isinstance(background, EarthBackground):
            self.earth = EarthRadiance(
                background, self.plane, self.cell_m, randoms("earth", 0),
                day_of_year=parse_utc(scenario.epoch).timetuple().tm_yday, cells=texels,
            )  # fmt: skip
        order = sorted(enumerate(scenario.clouds), key=lambda item: item[1].altitude)
        self.decks = [CloudDeck(layer, self.plane, self.cell_m, texels, randoms("cloud", i)) for i, layer in order]

    def air(self, temperature_k: float) -> Air:
        """Return the air of all bands for the light of a Planck source."""
        if temperature_k not in self._air:
            rows, columns = self.atmospheres[0].lattice
            low, high, share = zip(*(a.spectrum(temperature_k) for a in self.atmospheres), strict=True)
            self._air[temperature_k] = Air(rows, columns, np.stack(low), np.stack(high), np.array(share), TOP_M / 1e3)
        return self._air[temperature_k]

    def sun(self, time_s: float | Sequence[float] | Array) -> Array:
        """Return unit vectors (..., 3) to the Sun, ITRS, at times (...)."""
        return sun_directions(self._epoch, time_s)
