"""The scene without objects, radiance of every cell at any time: ground or limb below, cloud decks above.

A static camera's scene changes slowly. The costly part, an exact view of ground and cloud fields, is then made every
few minutes; between two of them the ground follows a straight line in time and each field drifts from both sides. On a
moving platform every call makes an exact view.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from boostwatch.errors import BadData
from boostwatch.geometry import enu_basis, geodetic_to_itrs, intersect_earth, quaternion_to_matrix
from boostwatch.parallel import ordered_map, parts
from boostwatch.scene.clouds import CloudDeck
from boostwatch.scene.image import image_radiance
from boostwatch.scene.platform import Platform
from boostwatch.scene.recent import Recent
from boostwatch.scene.scenario import ImageBackground, Scenario, UniformBackground
from boostwatch.scene.view import Grid, View
from boostwatch.scene.world import World
from boostwatch.sensor import Sensor
from boostwatch_kernels.clouds import overlay, sample
from boostwatch_kernels.compose import Layers, compose
from boostwatch_kernels.resample import cubic_weights

Array = NDArray[np.float64]
Floats = NDArray[np.float32]

SUN_STEP_S = 600.0
"""Longest time between exact views: the sun moves by two and a half degrees."""
INFLOW_PX = 24.0
"""Most that a deck drifts between exact views."""


class Moment(NamedTuple):
    """An exact view of D decks over the ground.

    ``ground`` float32 (B, N, M); ``fields`` float32 (D, F, G), of each deck its field, on cells with room to drift;
    ``secant`` float32 (D, A, C) and ``tops`` float32 (D, B, 3, A, C) on nodes, see `clouds.overlay`.
    """

    ground: Floats
    fields: Floats
    secant: Floats
    tops: Floats


class Canvas:
    """The cells of a scene as one field of view has them.

    Parameters
    ----------
    world : World
    scenario : Scenario
    sensor : Sensor
    platform : Platform
    grid : Grid
        The cells.
    images : mapping
        Arrays by the names that the scenario uses.
    end_s : float
        Time of the last frame.
    step : int
        Field of a step-stare cycle.
    jobs : int
        Threads that share the work of one call.

    Attributes
    ----------
    speed_px_s : float
        Of whatever moves fastest over the focal plane.
    rolling : bool
        Whether each row has its own geometry: a scanner on a moving platform.
    exact_s : float
        Longest time over which changes may be joined by a line; infinite where nothing changes but by motion.
    """

    def __init__(
        self,
        world: World,
        scenario: Scenario,
        sensor: Sensor,
        platform: Platform,
        grid: Grid,
        *,
        images: Mapping[str, NDArray[np.generic]],
        end_s: float,
        step: int = 0,
        jobs: int = 1,
    ) -> None:
        self._world, self._sensor, self._platform = world, sensor, platform
        self.grid, self._end_s, self._step, self.jobs = grid, end_s, step, jobs
        self._fixed = _fixed_background(scenario, images, grid) if world.earth is None else None
        self.rolling = platform.moving and platform.row_time_s is not None
        self._changes = self._fixed is None or bool(world.decks)
        self._static = not platform.moving or not self._changes
        self._drift = [self._velocity(deck) for deck in world.decks] if self._static else []
        self.speed_px_s = (
            max((float(np.hypot(*v)) for v in self._drift), default=0.0) if self._static else self._fastest()
        )
        self.exact_s = np.inf
        self._room = 0
        if self._changes:
            self.exact_s = min([SUN_STEP_S, *(deck.step_s for deck in world.decks)])
        if self._changes and self._static:
            self.exact_s = min(self.exact_s, INFLOW_PX / self.speed_px_s if self.speed_px_s > 0 else np.inf)
            self._room = int(np.ceil(self.speed_px_s * self.exact_s)) + 2 if world.decks else 0
        self._moments: Recent[float, Moment] = Recent(self._exact, 2)
        self._busy = threading.Lock()
        self._cells: Floats | None = None

    def _view(self, time_s: float, height_m: float, grid: Grid) -> View:
        position, attitude = self._platform.state(time_s, self._step)
        sun = self._world.sun(time_s)

        def poses(rows: Array) -> tuple[Array, Array]:
            return self._platform.state(time_s + self._platform.row_time_at(rows), self._step)

        return View(
            self._sensor, grid, position, attitude, sun, height_m, self._world.plane, poses if self.rolling else None
        )

    def _velocity(self, deck: CloudDeck) -> tuple[float, float]:
        """Drift of a deck on the focal plane, px/s, where the view meets it nearest to the middle of the frame."""
        view = self._view(0.0, deck.layer.altitude, self.grid)
        seen = np.argwhere(np.isfinite(view.latitude_deg))
        if not len(seen):
            return 0.0, 0.0
        a, c = seen[np.argmin(((seen / view.latitude_deg.shape - 0.5) ** 2).sum(axis=1))]
        lat, lon = float(view.latitude_deg[a, c]), float(view.longitude_deg[a, c])
        east, north, _ = enu_basis(lat, lon)
        here = geodetic_to_itrs(lat, lon, deck.layer.altitude)
        step = 10.0 * (deck.wind_m_s[0] * east + deck.wind_m_s[1] * north)
        position, attitude = self._platform.state(0.0, self._step)
        x, y = self._sensor.project((np.stack([here, here + step]) - position) @ quaternion_to_matrix(attitude))
        return float(x[1] - x[0]) / 10.0, float(y[1] - y[0]) / 10.0

    def _fastest(self) -> float:
        """Fastest motion of ground or decks on the focal plane of a moving platform, px/s, from a few moments."""
        heights = [0.0, *(deck.layer.altitude for deck in self._world.decks)]
        grid = Grid(self.grid.height, self.grid.width, 0, 1)
        y, x = np.meshgrid(*(np.linspace(0, n - 1, 5) for n in grid.shape), indexing="ij")
        rays = self._sensor.rays(x, y)
        fastest = 0.0
        for t in np.linspace(0.0, self._end_s, 9):
            dt = min(0.1, max(self._end_s, 1e-3))
            before = min(t, max(self._end_s - dt, 0.0))
            (p0, p1), (q0, q1) = self._platform.state(np.array([before, before + dt]), self._step)
            for height in heights:
                wind = max(
                    (deck.layer.wind_speed for deck in self._world.decks if deck.layer.altitude == height), default=0.0
                )
                point = intersect_earth(p0, rays @ quaternion_to_matrix(q0).T, height)
                x1, y1 = self._sensor.project((point - p1) @ quaternion_to_matrix(q1))
                moved = np.hypot(x1 - x, y1 - y) / dt
                away = np.linalg.norm(point - p0, axis=-1) * self._sensor.ifov_rad
                speed = moved + wind / away
                if np.isfinite(speed).any():
                    fastest = max(fastest, float(np.nanmax(speed)))
        return fastest

    def _exact(self, key: float) -> Moment:
        """Make the exact view of a time; a static camera's by its number, since it serves all times around."""
        time_s = key * self.exact_s if self._static and np.isfinite(self.exact_s) else key

        def ground() -> Floats:
            if self._world.earth is None:
                assert self._fixed is not None
                return self._fixed
            return self._world.earth.radiance(self._view(time_s, 0.0, self.grid), self._world.atmospheres)

        bands, decks = len(self._sensor.bands), self._world.decks
        shape = self._grid_with(self._room).shape
        fields = np.empty((len(decks), *shape), np.float32)

        def field(number: int) -> tuple[Floats, Floats]:
            deck = decks[number]
            view = self._view(time_s, deck.layer.altitude, self.grid)
            nodes = deck.nodes(view, self._world.atmospheres)
            if self._room:
                view = self._view(time_s, deck.layer.altitude, self._grid_with(self._room))
            row, column = deck.texels(view.east_m, view.north_m, time_s)
            sample(deck.texture(time_s), row, column, fields[number], (0, shape[0]))
            return nodes

        tasks: list[Callable[[], Any]] = [ground, *(partial(field, d) for d in range(len(decks)))]
        below, *nodes = ordered_map(lambda task: task(), tasks, jobs=min(self.jobs, len(tasks)))
        if not nodes:
            return Moment(below, fields, np.zeros((0, 2, 2), np.float32), np.zeros((0, bands, 3, 2, 2), np.float32))
        return Moment(below, fields, np.stack([s for s, _ in nodes]), np.stack([t for _, t in nodes]))

    def _grid_with(self, room: int) -> Grid:
        return Grid(self.grid.height, self.grid.width, self.grid.margin + room, self.grid.oversample)

    @staticmethod
    def _share(rows: int, jobs: int, work: Callable[[tuple[int, int]], None]) -> None:
        """Do something for all rows, shared by threads; the kernels release the interpreter."""
        for _ in ordered_map(work, parts(rows, jobs), jobs=jobs):
            pass

    @contextmanager
    def composed(self, time_s: float, jobs: int = 1) -> Iterator[Floats]:
        """Lend the radiance of all cells at a time, float32 (B, N, M), W/m2/sr/um; not to be changed.

        One at a time, since the memory is used again: fresh memory of this size costs as much as the sums.
        """
        if not self._changes:
            assert self._fixed is not None
            yield self._fixed
            return
        with self._busy:
            if self._cells is None:
                self._cells = np.empty((len(self._sensor.bands), *self.grid.shape), np.float32)
            if self._static:
                self._compose_between(time_s, jobs, self._cells)
            else:
                self._compose_exactly(time_s, jobs, self._cells)
            yield self._cells

    def _compose_exactly(self, time_s: float, jobs: int, out: Floats) -> None:
        now = self._exact(time_s)

        def work(rows: tuple[int, int]) -> None:
            here = slice(*rows)
            out[:, here] = now.ground[:, here]
            for deck, field, secant, tops in zip(self._world.decks, now.fields, now.secant, now.tops, strict=True):
                overlay(out, field[here], field[here], 0.0, deck.threshold, (secant, tops), rows)

        self._share(out.shape[1], jobs, work)

    def _compose_between(self, time_s: float, jobs: int, out: Floats) -> None:
        number, share = divmod(time_s / self.exact_s, 1.0)
        early = self._moments(number)
        late = self._moments(number + 1.0) if share else early
        since = self.exact_s * share, self.exact_s * (share - 1.0)
        layers = Layers(
            np.array([deck.threshold for deck in self._world.decks], np.float64).reshape(-1, 5),
            early.secant, early.tops + np.float32(share) * (late.tops - early.tops),
            *self._offsets(since),
        )  # fmt: skip
        ground, fields = (early.ground, late.ground), (early.fields, late.fields)
        self._share(out.shape[1], jobs, lambda rows: compose(ground, fields, share, layers, out, rows))

    def _offsets(self, since_s: tuple[float, float]) -> tuple[NDArray[np.int64], Floats]:
        """Return where the decks' fields with room around them are sampled so long after each moment: see `Layers`."""
        first = np.empty((len(self._drift), 2, 2), np.int64)
        taps = np.empty((len(self._drift), 2, 2, 4), np.float32)
        for d, velocity in enumerate(self._drift):
            for m, time_s in enumerate(since_s):
                for axis, speed in enumerate(velocity[::-1]):
                    place = (self._room - speed * time_s) * self.grid.oversample
                    whole = int(np.floor(place))
                    first[d, m, axis] = whole - 1
                    taps[d, m, axis] = cubic_weights(place - whole)
        return first, taps


def _fixed_background(scenario: Scenario, images: Mapping[str, NDArray[np.generic]], grid: Grid) -> Floats:
    """Return the radiance of a background that is no Earth, float32 (B, N, M)."""
    background, bands = scenario.background, len(scenario.sensor.bands)
    out = np.empty((bands, *grid.shape), np.float32)
    if isinstance(background, UniformBackground):
        out[:] = np.broadcast_to(np.array(background.radiance), (bands,))[:, None, None]
    elif isinstance(background, ImageBackground):
        if background.file not in images:
            raise BadData(
                "the image was not loaded", place="background.file", found=background.file,
                allowed=", ".join(sorted(images)) or None,
            )  # fmt: skip
        out[:] = image_radiance(images[background.file], background, bands, grid)
    return out
