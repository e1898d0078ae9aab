"""The tracker: detections of one frame after the other in, tracks and launch events out."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boostwatch.errors import UsageError
from boostwatch.records import DETECTION, EVENT, TRACK, Records, empty
from boostwatch.sensor import Sensor
from boostwatch.settings import ChainSettings
from boostwatch_kernels.amplitude import Noise, seen_probabilities
from boostwatch_kernels.assignment import Association, Seen
from boostwatch_kernels.seeds import Limits
from boostwatch_kernels.tracks import MOST_ODDS

from .clutter import Clutter
from .events import Judge
from .ground import Ground
from .history import HitLog, PointLog, Pose, SceneMap, Sighting, Story
from .laws import KINDS
from .measure import merge_bands
from .pointing import Pointing
from .resting import FAMILIAR_BAR, Resting
from .seedbed import Seedbed
from .start import SPEED_SIGMAS
from .table import Table

Array = NDArray[np.float64]

GATE = 25.0
"""Squared distance, in units of the variance, beyond which a measurement belongs to no track."""
TENTATIVE_S = 30.0
"""Time in which a track must be confirmed."""
HOPELESS = -2.5
"""Fall of the score below its best at which an unconfirmed track is dropped."""
LOST_SIGMA_PX = 8.0
"""Position error at which a coasting track is given up."""
GONE_ODDS = -3.0
"""Log odds that a target is there, below which a track that is not seen for `max_gap` ends."""
FIRST_ODDS = 3.0
"""Log odds that a target is there when a track is just confirmed."""
_UNKNOWN = np.full(4, np.nan)


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
    Memory does not grow but with live tracks, the points of confirmed ones, and eight bytes a detection.

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
        self._ground = Ground(self._pointing.sensor, pointing_noise_sigma_rad)
        self._clutter = Clutter(settings, shape, frame_period_s, n_bands)
        self._judge = Judge(settings, sensor, n_bands, self._pointing, frame_period_s, shape)
        self._table = Table.create(0, n_bands)
        self._seedbed = Seedbed()
        self._log = HitLog(TENTATIVE_S + 2 * settings.track.max_gap)
        self._points = PointLog()
        self._stories: list[Story] = []  # by track_id
        self._members: list[tuple[int, NDArray[np.int64]]] = []  # of a frame: first hit, and which each is
        self._time_s = math.nan
        self._open_s = math.inf  # when the first frame came in which something could be detected
        self._frame = -1
        self._empty = 0  # frames without detections while idle, which the clutter has not been told of yet
        self._shift = np.zeros(2)
        self._scene_map: SceneMap | None = None
        self._resting = Resting(self._settings.false_tracks_per_hour)

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
        if detections.dtype != DETECTION:
            if not set(DETECTION.names or ()) <= set(detections.dtype.names or ()):
                raise UsageError("has not the columns of a detection list", place="detections", found=detections.dtype)
            detections = detections[list(DETECTION.names or ())].astype(DETECTION)
        if math.isfinite(self._time_s) and not time_s > self._time_s:
            self._members.append((0, np.full(len(detections), -1, np.int64)))
            return empty(EVENT, 0)
        place = _UNKNOWN[:3] if position_m is None else np.asarray(position_m, np.float64)
        turn = _UNKNOWN if attitude is None else np.asarray(attitude, np.float64)
        if not all(map(math.isfinite, shift)):
            scene_map = scene_map or self._scene_map  # not registered: as it was
            shift = (0.0, 0.0)
        elif scene_map is None:
            shift = self._ground.shift(shift, place, turn, time_s)
        shift_sigma = shift_sigma if math.isfinite(shift_sigma) else 0.1
        pose = Pose(np.array(shift, np.float64), place, turn)
        self._pointing.add(pose.attitude, shift, time_s)
        self._judge.look(pose)
        self._use(scene_map)
        if not math.isfinite(self._time_s):
            self._resting.at(time_s)
        dt = time_s - self._time_s if math.isfinite(self._time_s) else 0.0
        self._time_s, self._frame, self._shift = time_s, frame, pose.shift
        if not warming_up:
            self._open_s = min(self._open_s, time_s)
        if self.idle and not len(detections):
            self.rest(1)
            return empty(EVENT, 0)
        self._clutter.rest(self._empty)
        self._empty = 0
        table = self._table
        table.predict(dt, self._settings.max_acceleration)

        seen = merge_bands(detections, time_s, shift, self._n_bands)
        if scene_map is not None:
            scene = scene_map.to_scene(seen.focal)
            seen = seen._replace(scene=np.where(np.isfinite(scene), scene, seen.focal))
        self._judge.learn_noise(seen.flux_sigma)
        sighting = Sighting(frame, time_s, seen, shift_sigma, pose)
        first = self._log.add(sighting)
        self._members.append((first, seen.member))
        noise = self._clutter.noise(self._settings.detection_probability)
        plain = Seen(
            seen.scene, seen.var + shift_sigma**2, self._clutter.density(seen.focal), self._clutter.colour(seen.bands),
            seen.strongest, seen.frames, np.ones(len(seen.snr), np.bool_), first,
        )  # fmt: skip
        pd = seen_probabilities(table.snr, table.hits, noise)
        pairs = table.associate(pd, plain, noise, GATE)
        given = pairs.given
        row = np.flatnonzero(given >= 0)
        plain.free[given[row]] = False
        hits = sighting.hits(given[row])
        table.take(row, hits, self._clutter.log_chance, self._judge.main_band)
        table.blend(pairs, plain.at, plain.var)
        if not warming_up:
            table.tally(pairs, time_s)
        for track_id, hit, number in zip(
            table.track_id[row].tolist(), hits, (first + given[row]).tolist(), strict=True
        ):
            self._stories[track_id].hits.append(hit)
            self._stories[track_id].numbers.append(number)
        self._sow(dt, plain, noise, warming_up)
        self._clutter.learn(seen.focal, seen.strongest, plain.free & (seen.frames == 1))

        self._points.add(*self._states(), pose.attitude)
        self._prune(time_s)
        self._confirm(time_s)
        self._notice_motion(time_s)
        self._log.forget(time_s)
        return self._judge.weigh(self._table, self._stories, time_s, noise, self._open_s)

    @property
    def idle(self) -> bool:
        """Whether there is neither a track nor what may become one: frames without detections change nothing then."""
        return not len(self._table) and not len(self._seedbed)

    def rest(self, frames: int) -> None:
        """Take a number of frames without detections at once; exact while `idle`, and where pointing tells nothing."""
        self._empty += frames

    def now(self) -> Records:
        """Return where targets are in the frame taken last: confirmed tracks that rather live than have ended.

        Returns
        -------
        structured array (N,) of TRACK_POINT
            On the focal plane; ``snr`` is NaN in a frame without a hit, lines of sight are not worked out.
        """
        return self._states()[0][self._table.odds > 0]

    def moving(self) -> Records:
        """Return those of `now` that rather move than stand still, in the scene or on the focal plane."""
        return self._states()[0][(self._table.odds > 0) & self._table.moving]

    def declared(self) -> Records:
        """Return the launches declared so far as they are judged now (dtype EVENT), their track as ``event_id``."""
        return self._judge.declared(self._stories)

    def _states(self) -> tuple[Records, Array]:
        """Return the points of all confirmed tracks in the frame taken last, and the scene's shift (N, 2) at each."""
        table = self._table
        at = table.state[:, :, 0]
        if self._scene_map is not None:
            shift = self._scene_map.to_focal(at) - at
        else:
            shift = np.empty((len(at), 2))
            shift[:] = self._shift
        return table.points(at + shift, self._frame, self._time_s), shift

    def finish(self) -> FollowResult:
        """End all tracks and return everything; the follower is spent afterwards."""
        for track_id, score in zip(self._table.track_id, self._table.score, strict=True):
            self._stories[int(track_id)].score = float(score)
        points, shift, attitude, counts = self._points.sorted(len(self._stories))
        self._judge.sight(points, shift, attitude)
        tracks = empty(TRACK, len(self._stories))
        start = 0
        for n, (story, count) in enumerate(zip(self._stories, counts.tolist(), strict=True)):
            kind = KINDS[story.best]
            began = self._judge.beginning(story)
            tracks[n] = (
                story.track_id, b"ended" if story.ended else b"confirmed", kind.encode(),
                story.hits[0]["seen_s"], story.confirmed_time_s, story.hits[-1]["seen_s"],
                len(story.hits), count - len(story.hits), story.score, start, count, story.moving_time_s,
                *began.place, *began.sigma,
            )  # fmt: skip
            start += count
        return FollowResult(self._track_ids(), tracks, points, self._judge.events(self._stories, self._time_s))

    def _track_ids(self) -> NDArray[np.int32]:
        """Return the track of each detection taken, -1 for none."""
        members = np.concatenate(
            [np.empty(0, np.int64), *(np.where(which >= 0, first + which, -1) for first, which in self._members)]
        )
        numbers = np.concatenate([np.empty(0, np.int64), *(np.array(s.numbers, np.int64) for s in self._stories)])
        ids = np.concatenate(
            [np.empty(0, np.int32), *(np.full(len(s.numbers), s.track_id, np.int32) for s in self._stories)]
        )
        out = np.full(len(members), -1, np.int32)
        if len(numbers):
            order = np.argsort(numbers)
            numbers, ids = numbers[order], ids[order]
            at = np.clip(np.searchsorted(numbers, members), 0, len(numbers) - 1)
            mine = numbers[at] == members
            out[mine] = ids[at[mine]]
        return out

    def _sow(self, dt: float, seen: Seen, noise: Noise, warming_up: bool) -> None:
        """Let what no confirmed track has continue hypotheses and begin new ones."""
        s = self._settings
        limits = Limits(
            self._time_s, GATE, HOPELESS, TENTATIVE_S, LOST_SIGMA_PX**2, s.max_speed / SPEED_SIGMAS,
            s.max_acceleration / 2, 0.0 if warming_up else 1.0,
        )  # fmt: skip
        self._seedbed.step(dt, seen, noise, limits, s.max_acceleration)

    def _prune(self, time_s: float) -> None:
        table = self._table
        gap = time_s - table.last_s
        if not gap.any():
            return
        wide = (table.cov[:, :, 0, 0] > LOST_SIGMA_PX**2).any(axis=1)
        # Where a target is seen in one frame of two, many misses in a row tell little.
        gone = (gap > self._settings.max_gap) & (table.odds < GONE_ODDS)
        self._end(gone | (wide & (gap > 0)))

    def _notice_motion(self, time_s: float) -> None:
        """Note which tracks move, and which stand still."""
        table, resting = self._table, self._resting
        resting.at(time_s)
        bar = resting.bar
        count, news = table.settle_motion(bar, max(bar, FAMILIAR_BAR))
        if not count:
            return
        moved = table.track_id[news > 0].tolist()
        for track_id in moved:
            self._stories[track_id].moving_time_s = time_s
        resting.moved(len(moved))
        resting.rested(table.rest_at[news < 0])

    def _end(self, lost: NDArray[np.bool_]) -> None:
        """Write off tracks."""
        if not lost.any():
            return
        for n in np.flatnonzero(lost):
            story = self._stories[int(self._table.track_id[n])]
            story.ended = True
            self._judge.settle(story)
            story.score = float(self._table.score[n])
        self._resting.rested(self._table.rest_at[lost & ~self._table.moving & ~self._table.rested])
        self._table.keep(~lost)

    def _use(self, scene_map: SceneMap | None) -> None:
        """Take a frame's map; where scene coordinates become others by it, all tracks end."""
        before, self._scene_map = self._scene_map, scene_map
        if (before and before.still) is not (scene_map and scene_map.still):
            self._end(np.ones(len(self._table), np.bool_))
            self._seedbed.clear()
            self._resting.forget_scene()

    def _confirm(self, time_s: float) -> None:
        """Make tracks of the hypotheses that are sure enough, the best first; a hit belongs to one."""
        claimed: set[int] = set()
        bar = self._clutter.confirm_score
        for score, numbers in self._seedbed.ripe(bar):
            mine = numbers.tolist()
            if claimed.isdisjoint(mine):
                claimed.update(mine)
                self._begin(mine, self._log.get(numbers), score, score - bar, time_s)
        if claimed:
            self._seedbed.remove(np.array(sorted(claimed), np.int64))

    def _begin(self, numbers: list[int], hits: Records, score: float, above: float, time_s: float) -> None:
        """Begin a confirmed track by filtering its hits again: of hypotheses only what they need was kept."""
        s, band = self._settings, self._judge.main_band
        story = Story(len(self._stories), time_s)
        story.hits, story.numbers = list(hits), numbers
        self._stories.append(story)
        one = np.zeros(1, np.int64)
        alone = Association(one, np.zeros(1), np.array([0, 1]), one, np.ones(1))
        new = Table.begin(hits[:1], s.max_speed / SPEED_SIGMAS, s.max_acceleration / 2, band)
        new.track_id[:] = story.track_id
        for k in range(len(hits)):
            hit = hits[k : k + 1]
            if k:
                new.predict(float(hit["time_s"][0] - hits["time_s"][k - 1]), s.max_acceleration)
                var = hit["var"] + hit["shift_sigma"][:, None] ** 2
                new.take(one, hit, self._clutter.log_chance, band)
                new.blend(alone, hit["scene"], var)
            focal = new.state[:, :, 0] + hit["focal"] - hit["scene"]
            point = new.points(focal, int(hit["frame"][0]), float(hit["time_s"][0]))
            point["confirmed"] = hit["time_s"] >= time_s
            self._points.add(point, focal - new.state[:, :, 0], hit["attitude"][0])
        late = time_s - float(hits["time_s"][-1])
        if late > 0:
            new.predict(late, s.max_acceleration)
        new.misses[:] = new.look_misses[:, 0] = max(self._frame - int(hits["frame"][0]) + 1 - len(hits), 0)
        new.score[:], new.odds[:] = score, min(FIRST_ODDS + above, MOST_ODDS)
        new.familiar[:] = self._resting.familiar(new.rest_at)
        self._table.extend(new)
