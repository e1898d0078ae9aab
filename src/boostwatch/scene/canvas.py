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
from boostwatch.parallel import ordered_map
from boostwatch.scene.clouds import CloudDeck
from boostwatch.scene.image import image_radiance
from boostwatch.scene.platform import Platform
from boostwatch.scene.recent import Recent
from boostwatch.scene.scenario import ImageBackground, Scenario, UniformBackground
from boostwatch.scene.view import Grid, View
from boostwatch.scene.world import World
from boostwatch.sensor import Sensor
from boostwatch_kernels.clouds import overlay, sample
from boostwatch_kernels.resample import blend, cubic_weights, shift

Array = NDArray[np.float64]
Floats = NDArray[np.float32]

SUN_STEP_S = 600.0
"""Longest time between exact views: the sun moves by two and a half degrees."""
ROWS_AT_ONCE = 32
"""Of the canvas in all bands, and of two fields: about a megabyte, which fits a core's cache."""
INFLOW_PX = 24.0
"""Most that a deck drifts between exact views."""


class Moment(NamedTuple):
    """An exact view: ``ground`` float32 (B, N, M), and of each deck its field, on cells with room to drift, and nodes.

    ``nodes`` are the secant float32 (A, C) and the tops float32 (B, 3, A, C), see `clouds.overlay`.
    """

    ground: Floats
    fields: tuple[Floats, ...]
    nodes: tuple[tuple[Floats, Floats], ...]


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
        if self._changes and self._static:
            inflow = INFLOW_PX / self.speed_px_s if self.speed_px_s > 0 else np.inf
            self.exact_s = min([SUN_STEP_S, inflow, *(deck.step_s for deck in world.decks)])
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

        def field(deck: CloudDeck) -> tuple[Floats, tuple[Floats, Floats]]:
            view = self._view(time_s, deck.layer.altitude, self.grid)
            nodes = deck.nodes(view, self._world.atmospheres)
            if self._room:
                view = self._view(time_s, deck.layer.altitude, self._grid_with(self._room))
            return self._field(deck, view, time_s), nodes

        tasks: list[Callable[[], Any]] = [ground, *(partial(field, deck) for deck in self._world.decks)]
        first, *rest = ordered_map(lambda task: task(), tasks, jobs=min(self.jobs, len(tasks)))
        return Moment(first, tuple(f for f, _ in rest), tuple(n for _, n in rest))

    def _grid_with(self, room: int) -> Grid:
        return Grid(self.grid.height, self.grid.width, self.grid.margin + room, self.grid.oversample)

    def _field(self, deck: CloudDeck, view: View, time_s: float) -> Floats:
        texture, (row, column) = deck.texture(time_s), deck.texels(view.east_m, view.north_m, time_s)
        out = np.empty(view.shape, np.float32)
        sample(texture, row, column, out, (0, len(out)))
        return out

    def _share(self, rows: int, work: Callable[[tuple[int, int]], None]) -> None:
        """Do something for all rows, shared by threads; the kernels release the interpreter."""
        edges = np.linspace(0, rows, self.jobs + 1).astype(int)
        for _ in ordered_map(work, list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)), jobs=self.jobs):
            pass

    @contextmanager
    def composed(self, time_s: float) -> Iterator[Floats]:
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
                self._compose_between(time_s, self._cells)
            else:
                self._compose_exactly(time_s, self._cells)
            yield self._cells

    def _compose_exactly(self, time_s: float, out: Floats) -> None:
        now = self._exact(time_s)

        def work(rows: tuple[int, int]) -> None:
            here = slice(*rows)
            out[:, here] = now.ground[:, here]
            for deck, field, nodes in zip(self._world.decks, now.fields, now.nodes, strict=True):
                overlay(out, field[here], field[here], 0.0, deck.threshold, nodes, rows)

        self._share(out.shape[1], work)

    def _compose_between(self, time_s: float, out: Floats) -> None:
        number, share = divmod(time_s / self.exact_s, 1.0)
        early = self._moments(number)
        late = self._moments(number + 1.0) if share else early
        decks = []
        for i, deck in enumerate(self._world.decks):
            (secant, tops), (_, tops_late) = early.nodes[i], late.nodes[i]
            nodes = secant, tops + np.float32(share) * (tops_late - tops)
            ways = [
                (field, *self._offset(self._drift[i], since * self.exact_s))
                for field, since in ((early.fields[i], share), (late.fields[i], share - 1.0))
            ]
            decks.append((deck.threshold, nodes, ways))

        def work(rows: tuple[int, int]) -> None:
            # All for a few rows at a time: what one step writes the next one finds in the cache.
            room = np.empty((2 * ROWS_AT_ONCE, out.shape[2]), np.float32)
            for first in range(rows[0], rows[1], ROWS_AT_ONCE):
                part = first, min(first + ROWS_AT_ONCE, rows[1])
                blend(early.ground, late.ground, share, out, part)
                for threshold, nodes, ways in decks:
                    moved = room[: 2 * (part[1] - part[0])].reshape(2, -1, out.shape[2])
                    for (field, (row, column), taps), to in zip(ways, moved, strict=True):
                        shift(field, (row + part[0], column), taps, to)
                    overlay(out, moved[0], moved[1], share, threshold, nodes, part)

        self._share(out.shape[1], work)

    def _offset(self, velocity: tuple[float, float], time_s: float) -> tuple[tuple[int, int], tuple[Floats, Floats]]:
        """Return where a field with room around it is sampled after some seconds of drift: first cell and weights."""
        first, taps = [], []
        for pixels in (velocity[1] * time_s, velocity[0] * time_s):
            place = (self._room - pixels) * self.grid.oversample
            whole = int(np.floor(place))
            first.append(whole - 1)
            taps.append(np.array(cubic_weights(place - whole), np.float32))
        return (first[0], first[1]), (taps[0], taps[1])


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
