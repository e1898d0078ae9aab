"""The tracker: detections of one frame after the other in, tracks and launch events out."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boostwatch.errors import UsageError
from boostwatch.records import DETECTION, EVENT, TRACK, TRACK_POINT, Records, empty
from boostwatch.sensor import Sensor
from boostwatch.settings import ChainSettings
from boostwatch_kernels import kalman
from boostwatch_kernels.assignment import assign, gate_pairs

from .classify import KINDS
from .clutter import Clutter
from .events import Judge
from .history import HitLog, Pose, SceneMap, Story, hit_dtype
from .measure import Measurements, merge_bands
from .motion import WINDOW_S, add_moments
from .pointing import Pointing
from .table import (
    BOOST_ACCEL_M_S2,
    BOOST_SPEED_M_S,
    FIRST_SIGMA_PX,
    WANDER_EXCESS,
    Table,
    log_normal,
    start_covariance,
)

Array = NDArray[np.float64]

GATE = 25.0
"""Squared distance, in units of the variance, beyond which a measurement belongs to no track."""
TENTATIVE_S = 30.0
"""Time in which a track must be confirmed."""
HOPELESS = -2.5
"""Fall of the score below its best at which an unconfirmed track is dropped."""
LEAST_PD = 0.3
LOST_SIGMA_PX = 8.0
"""Position error at which a coasting track is given up."""
SMOOTHING_HITS = 8.0
"""Hits over which the running means of snr and flux reach back."""


class FollowResult(NamedTuple):
    """What `Follower.finish` returns."""

    track_ids: NDArray[np.int32]
    """One per detection given to `Follower.step`, in order; -1 for those of no confirmed track."""
    tracks: Records
    """Confirmed tracks (dtype TRACK), in order of confirmation."""
    track_points: Records
    """Their points (dtype TRACK_POINT), track by track."""
    events: Records
    """One event (dtype EVENT) a track that deserves one."""


class Follower:
    """Detections to tracks, classes and located launch events, frame by frame.

    Tracks live in scene coordinates (what the registration found is taken out) and are written on the focal plane.
    Memory does not grow but with live tracks, the points of confirmed ones, and four bytes a detection.

    Parameters
    ----------
    settings : ChainSettings
        ``track`` and ``event`` are used, and of ``detect`` the false-alarm rate asked for.
    shape : tuple of int or None
        Rows and columns of a frame; None where unknown.
    frame_period_s : float
        Nominal time between frames, s.
    sensor : Sensor, optional
        For lines of sight, intensities and colours; figures that are NaN are done without.
    n_bands : int
        Bands of the detections.
    pointing_bias_sigma_rad, pointing_noise_sigma_rad : float
        1-sigma an axis of the constant and the white error of reported attitudes; NaN counts as none.
        ``settings.event.pointing_sigma`` replaces the constant one.
    """

    def __init__(
        self,
        settings: ChainSettings,
        *,
        shape: tuple[int, int] | None,
        frame_period_s: float,
        sensor: Sensor | None = None,
        n_bands: int = 1,
        pointing_bias_sigma_rad: float = math.nan,
        pointing_noise_sigma_rad: float = math.nan,
    ) -> None:
        if not (frame_period_s > 0 and math.isfinite(frame_period_s)):
            raise UsageError("is no frame period", place="frame_period_s", found=frame_period_s, allowed="> 0, s")
        if n_bands < 1:
            raise UsageError("is no number of bands", place="n_bands", found=n_bands, allowed="1 or more")
        self._settings = settings.track
        self._n_bands = n_bands
        bias = settings.event.pointing_sigma if settings.event.pointing_sigma is not None else pointing_bias_sigma_rad
        self._pointing = Pointing(sensor, bias, pointing_noise_sigma_rad)
        self._clutter = Clutter(settings, shape, frame_period_s, n_bands)
        self._judge = Judge(settings.event, sensor, n_bands, self._pointing, frame_period_s)
        self._table = Table.create(0, n_bands)
        self._log = HitLog(TENTATIVE_S + 2 * settings.track.max_gap)
        self._stories: dict[int, Story] = {}
        self._live: dict[int, Story] = {}
        self._owner: list[NDArray[np.int32]] = []
        self._serial = 0
        self._time_s = math.nan
        self._scene_map: SceneMap | None = None

    def step(
        self,
        *,
        frame: int,
        time_s: float,
        detections: Records,
        shift: tuple[float, float] = (0.0, 0.0),
        shift_sigma: float = 0.0,
        position_m: NDArray[np.float64] | None = None,
        attitude: NDArray[np.float64] | None = None,
        warming_up: bool = False,
        scene_map: SceneMap | None = None,
    ) -> Records:
        """Take the detections of one frame.

        Parameters
        ----------
        frame : int
            Number of the frame.
        time_s : float
            Middle of its exposure, s. A frame not later than the one before is left out: its detections stay
            without a track.
        detections : structured array (D,) of DETECTION
            All bands together, in any order; one without a finite position stays without a track.
        shift : tuple of float
            (dx, dy) of the scene on the focal plane, px.
        shift_sigma : float
            Its 1-sigma an axis, px.
        position_m : float64 (3,), optional
            Sensor in ITRS, m.
        attitude : float64 (4,), optional
            Reported quaternion (w, x, y, z), camera to ITRS.
        warming_up : bool
            The detector could not detect yet, so that nothing seen means nothing.
        scene_map : SceneMap, optional
            Where the scene lies on the focal plane, if a shift does not tell; ``shift`` is then that of its middle.

        Returns
        -------
        structured array of EVENT
            Launches newly declared in this frame; usually empty.
        """
        if detections.dtype.names is None or not set(DETECTION.names or ()) <= set(detections.dtype.names):
            raise UsageError("has not the columns of a detection list", place="detections", found=detections.dtype)
        if math.isfinite(self._time_s) and not time_s > self._time_s:
            self._owner.append(np.full(len(detections), -1, np.int32))
            return empty(EVENT, 0)
        if not all(map(math.isfinite, shift)):
            scene_map = scene_map or self._scene_map  # not registered: as it was
            shift = (0.0, 0.0)
        shift_sigma = shift_sigma if math.isfinite(shift_sigma) else 0.1
        pose = Pose(
            np.array(shift, np.float64),
            np.full(3, np.nan) if position_m is None else np.asarray(position_m, np.float64),
            np.full(4, np.nan) if attitude is None else np.asarray(attitude, np.float64),
        )
        self._pointing.add(pose.attitude, shift, time_s)
        self._judge.look(pose)
        self._use(scene_map)
        table = self._table
        if math.isfinite(self._time_s):
            table.predict(time_s - self._time_s, self._settings.max_acceleration, self._judge.scale_m)
        self._time_s = time_s

        seen = merge_bands(detections, shift, self._n_bands)
        if scene_map is not None:
            scene = scene_map.to_scene(seen.focal)
            seen = seen._replace(scene=np.where(np.isfinite(scene), scene, seen.focal))
        self._judge.learn_noise(seen.flux_sigma)
        density = self._clutter.density(seen.focal)
        given = self._associate(seen, density, shift_sigma)
        track_of = np.full(len(seen.snr), -1, np.int64)  # serial number of each measurement's track
        hit_rows = np.flatnonzero(given >= 0)
        track_of[given[hit_rows]] = table.serial[hit_rows]
        confirmed_hit = np.zeros(len(seen.snr), np.bool_)
        confirmed_hit[given[hit_rows]] = table.confirmed[hit_rows]
        hits = self._write_hits(frame, time_s, seen, shift_sigma, pose)
        place = self._log.add(hits)
        self._take(hit_rows, given[hit_rows], seen, hits, place, shift_sigma)
        if not warming_up:
            self._miss(np.flatnonzero(given < 0), time_s)
        fresh = np.flatnonzero(track_of < 0)
        if len(fresh):
            track_of[fresh] = self._start(fresh, seen, hits, place, shift_sigma, density)
        strange = ~confirmed_hit & (seen.frames == 1)
        self._clutter.learn(seen.focal[strange], seen.strongest[strange])

        owner = np.full(len(detections), -1, np.int32)
        inside = seen.member >= 0
        owner[inside] = track_of[seen.member[inside]]
        self._owner.append(owner)

        hit_of = dict(zip(table.serial[hit_rows].tolist(), given[hit_rows].tolist(), strict=True))
        self._remember(hits, hit_of, pose, frame, time_s, scene_map)
        self._prune(time_s)
        self._confirm(time_s)
        self._log.forget(time_s)
        return self._judge.weigh(self._table, self._live, time_s)

    def finish(self) -> FollowResult:
        """End all tracks and return everything; the follower is spent afterwards."""
        table = self._table
        for row in np.flatnonzero(table.confirmed):
            self._live[int(table.serial[row])].score = float(table.score[row])
        stories = list(self._stories.values())
        tracks, points = empty(TRACK, len(stories)), []
        start = 0
        for n, story in enumerate(stories):
            own = self._judge.points(story)
            points.append(own)
            kind = KINDS[int(np.argmax(story.probabilities))] if len(story.probabilities) else "unknown"
            tracks[n] = (
                story.track_id, b"ended" if story.ended else b"confirmed", kind.encode(),
                story.hits[0]["time_s"], story.confirmed_time_s, story.hits[-1]["time_s"],
                len(story.hits), len(own) - len(story.hits), story.score, start, len(own),
            )  # fmt: skip
            start += len(own)
        serials = np.array(sorted(self._stories), np.int64)
        ids = np.array([self._stories[s].track_id for s in serials.tolist()], np.int32)
        owner = np.concatenate(self._owner) if self._owner else np.empty(0, np.int32)
        track_ids = np.full(len(owner), -1, np.int32)
        if len(serials):
            at = np.clip(np.searchsorted(serials, owner), 0, len(serials) - 1)
            mine = serials[at] == owner
            track_ids[mine] = ids[at[mine]]
        events = self._judge.events(stories, self._time_s)
        return FollowResult(track_ids, tracks, np.concatenate([empty(TRACK_POINT, 0), *points]), events)

    def _associate(self, seen: Measurements, density: Array, shift_sigma: float) -> NDArray[np.int64]:
        """Return the measurement of each track, -1 for none; what it adds to the scores is kept for `_take`."""
        table = self._table
        var = seen.var + shift_sigma**2
        position = np.ascontiguousarray(table.state[:, :, 0])
        start, point, d2 = gate_pairs(position, table.position_var, seen.scene, var, GATE)
        row = np.repeat(np.arange(len(table)), np.diff(start))
        fit = log_normal(d2, table.position_var[row] + var[point])
        gain = fit - np.log(density[point]) + np.log(self._detection_probability(row))
        known = np.where(seen.frames[point] > 1, 0, table.hits[row])  # a sum of frames is not of one's amplitude
        gain += self._clutter.amplitude(seen.strongest[point], table.snr[row], known)
        gain += self._clutter.colour(seen.bands[point])
        gain /= seen.frames[point]
        # A track without a measurement loses log(1 - Pd); the assignment weighs against that.
        missed = np.log1p(-self._detection_probability(row))
        given = assign(start, point, missed - gain, len(seen.snr))
        self._gain, self._fit = np.zeros(len(table)), np.zeros(len(table))
        chosen = np.flatnonzero(given[row] == point) if len(row) else np.empty(0, np.int64)
        self._gain[row[chosen]], self._fit[row[chosen]] = gain[chosen], fit[chosen]
        return given

    def _detection_probability(self, row: NDArray[np.int64]) -> Array:
        """Pd of tracks: what the settings expect, less for those near the threshold."""
        margin = (self._table.snr[row] - self._clutter.threshold) / 1.2
        out: Array = np.clip(0.5 + 0.4 * np.tanh(margin), LEAST_PD, self._settings.detection_probability)
        return out

    def _write_hits(self, frame: int, time_s: float, seen: Measurements, shift_sigma: float, pose: Pose) -> Records:
        hits = np.zeros(len(seen.snr), hit_dtype(self._n_bands))
        hits["frame"], hits["time_s"], hits["shift_sigma"] = frame, time_s, shift_sigma
        hits["scene"], hits["focal"], hits["var"], hits["snr"] = seen.scene, seen.focal, seen.var, seen.snr
        hits["flux"], hits["flux_sigma"] = seen.flux, seen.flux_sigma
        hits["position_m"], hits["attitude"] = pose.position_m, pose.attitude
        hits["before"] = -1
        return hits

    def _take(
        self, row: NDArray[np.int64], m: NDArray[np.int64], seen: Measurements, hits: Records, place: int, sigma: float
    ) -> None:
        """Update the tracks ``row`` with their measurements ``m``."""
        table = self._table
        var = seen.var[m] + sigma**2
        kalman.update(table.state, table.cov, row, seen.scene[m], var)
        spread = table.boost_cov[row, :, 0, 0] + var
        boost = log_normal(((seen.scene[m] - table.boost_state[row, :, 0]) ** 2 / spread).sum(axis=1), spread)
        kalman.update(table.boost_state, table.boost_cov, row, seen.scene[m], var)
        rough = WANDER_EXCESS * var
        spread = table.wander_var[row] + rough
        off = seen.scene[m] - table.wander_at[row]
        wander = log_normal((off**2 / spread).sum(axis=1), spread)
        table.wander_at[row] += off * table.wander_var[row] / spread
        table.wander_var[row] *= rough / spread
        table.score[row] += self._gain[row]
        table.best[row] = np.maximum(table.best[row], table.score[row])
        inside = self._time_s - table.first_s[row] <= WINDOW_S
        table.motion[row] += np.where(inside, self._fit[row], 0.0)
        table.boost[row] += np.where(inside, boost, 0.0)
        table.wander[row] += np.where(inside, wander, 0.0)
        table.window_hits[row] += inside
        table.hits[row] += 1
        table.last_s[row] = self._time_s
        hits["before"][m] = table.last_log[row]
        table.last_log[row] = np.stack([np.full(len(m), place), m], axis=1)
        origin = table.origin[row]
        add_moments(
            table.sums, row, self._time_s - table.first_s[row],
            seen.scene[m] - origin[:, :2], seen.focal[m] - origin[:, 2:], seen.var[m], sigma**2,
        )  # fmt: skip
        share = 1.0 / np.minimum(table.hits[row], SMOOTHING_HITS)
        table.snr[row] += share * (seen.strongest[m] / np.sqrt(seen.frames[m]) - table.snr[row])
        self._brighten(table, row, m, seen)

    def _brighten(self, table: Table, row: NDArray[np.int64], m: NDArray[np.int64], seen: Measurements) -> None:
        """Take the fluxes into the running means and the light curve."""
        flux, old = seen.flux[m], table.flux[row]
        lit = np.isfinite(flux)
        weight = np.minimum(table.flux_weight[row] * (1 - 1 / SMOOTHING_HITS) + lit, SMOOTHING_HITS)
        new = np.where(np.isfinite(old), old + (flux - old) / np.maximum(weight, 1.0), flux)
        table.flux[row] = np.where(lit, new, old)
        table.flux_weight[row] = weight
        main = flux[:, self._judge.main_band]
        t = self._time_s - table.first_s[row]
        use = np.isfinite(main) & (main > 0) & (t <= WINDOW_S)
        y = np.log(main[use])
        table.light[row[use]] += np.stack([np.ones_like(y), t[use], t[use] ** 2, y, t[use] * y], axis=1)

    def _miss(self, row: NDArray[np.int64], time_s: float) -> None:
        table = self._table
        table.score[row] += np.log1p(-self._detection_probability(row))
        table.misses[row] += 1

    def _start(
        self, fresh: NDArray[np.int64], seen: Measurements, hits: Records, place: int, sigma: float, density: Array
    ) -> NDArray[np.int64]:
        """Start a track from each measurement that belongs to none; return their serial numbers."""
        new = Table.create(len(fresh), self._n_bands)
        new.serial[:] = self._serial + np.arange(len(fresh))
        self._serial += len(fresh)
        var = seen.var[fresh] + sigma**2
        new.state[:, :, 0] = seen.scene[fresh]
        # Most start slow; three sigma reach the fastest.
        new.cov[:] = start_covariance(var, self._settings.max_speed / 3, self._settings.max_acceleration / 2)
        new.boost_state[:, :, 0] = seen.scene[fresh]
        scale = self._judge.scale_m
        new.boost_cov[:] = start_covariance(var, BOOST_SPEED_M_S / scale, BOOST_ACCEL_M_S2 / 2 / scale)
        # What a first detection says is in its amplitude and colours; where it lies says nothing.
        new.score[:] = self._clutter.amplitude(seen.strongest[fresh]) + self._clutter.colour(seen.bands[fresh])
        new.score /= seen.frames[fresh]
        new.best[:] = new.score
        new.wander_at[:], new.wander_var[:] = seen.scene[fresh], WANDER_EXCESS * var
        new.motion[:] = new.boost[:] = new.wander[:] = log_normal(np.zeros(len(fresh)), FIRST_SIGMA_PX**2 + var)
        new.hits[:] = new.window_hits[:] = 1
        new.first_s[:] = new.last_s[:] = self._time_s
        new.origin[:] = np.concatenate([seen.scene[fresh], seen.focal[fresh]], axis=1)
        new.snr[:] = seen.strongest[fresh] / np.sqrt(seen.frames[fresh])
        new.last_log[:] = np.stack([np.full(len(fresh), place), fresh], axis=1)
        zero = np.zeros((len(fresh), 2))
        rows = np.arange(len(fresh))
        add_moments(new.sums, rows, np.zeros(len(fresh)), zero, zero, seen.var[fresh], sigma**2)
        self._brighten(new, rows, fresh, seen)
        self._table.extend(new)
        return new.serial

    def _remember(
        self, hits: Records, hit_of: dict[int, int], pose: Pose, frame: int, time_s: float, scene_map: SceneMap | None
    ) -> None:
        """Write this frame into the stories of the confirmed tracks."""
        table = self._table
        for n in np.flatnonzero(table.confirmed):
            if scene_map is not None:
                here = table.state[n : n + 1, :, 0]
                pose = pose._replace(shift=(scene_map.to_focal(here) - here)[0])
            story = self._live[int(table.serial[n])]
            m = hit_of.get(story.serial)
            if m is None:
                story.coast(table.state[n], table.cov[n], pose, frame, time_s)
            else:
                hit = hits[m].copy()
                story.hits.append(hit)
                story.add_point(table.state[n], table.cov[n], pose, hit)

    def _prune(self, time_s: float) -> None:
        table, s = self._table, self._settings
        gap = time_s - table.last_s
        wide = table.position_var.max(axis=1, initial=0.0) > LOST_SIGMA_PX**2
        lost = table.confirmed & ((gap > s.max_gap) | (wide & (gap > 0)))
        hopeless = ~table.confirmed & (
            (table.score < table.best + HOPELESS) | (time_s - table.first_s > TENTATIVE_S) | wide
        )
        self._end(lost)
        table.keep(~(lost | hopeless))

    def _end(self, lost: NDArray[np.bool_]) -> None:
        """Write off confirmed tracks."""
        for n in np.flatnonzero(lost):
            story = self._live.pop(int(self._table.serial[n]))
            story.ended = True
            self._judge.settle(story)
            story.score = float(self._table.score[n])

    def _use(self, scene_map: SceneMap | None) -> None:
        """Take a frame's map; where scene coordinates become others by it, all tracks end."""
        before, self._scene_map = self._scene_map, scene_map
        if (before and before.still) is not (scene_map and scene_map.still):
            self._end(self._table.confirmed)
            self._table.keep(np.zeros(len(self._table), np.bool_))

    def _confirm(self, time_s: float) -> None:
        table = self._table
        ripe = ~table.confirmed & (table.hits >= 2) & (table.score >= self._clutter.confirm_score)
        for n in np.flatnonzero(ripe):
            table.confirmed[n] = True
            serial = int(table.serial[n])
            story = Story(serial, len(self._stories), self._log.chain(table.last_log[n]), time_s)
            story.replay(self._settings.max_speed / 3, self._settings.max_acceleration)
            self._stories[serial] = self._live[serial] = story
