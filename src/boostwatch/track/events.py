"""From tracks to events: what is declared when, and what an event says."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostwatch.geometry import intersect_earth
from boostwatch.records import EVENT, Records, empty
from boostwatch.sensor import Sensor
from boostwatch.settings import ChainSettings
from boostwatch_kernels.amplitude import Noise
from boostwatch_kernels.kinds import Lives, due

from .ascent import Ascents
from .classify import DEFAULT_SCALE_M, Classifier
from .ending import burnout, left, peak, relit
from .history import Pose, Story
from .laws import KINDS, LAUNCH, UNKNOWN
from .locate import FIT_S, Lines, Location, locate, place
from .pointing import Pointing
from .start import SPEED_SIGMAS, Beginning, beginning
from .table import Table

Array = NDArray[np.float64]

LEAST_HITS = 4
"""Hits before a track can be declared a launch: two positions make a speed, more make an acceleration."""
AS_LAUNCH_HITS = 2
"""Of these so many must have told of a launch more than of anything else: a single one may be a bolide's, or noise."""
SETTLED = 0.9
"""Probability from which a track was known as something else. It must tell of a launch in `LEAST_HITS` then."""
OTHERS = slice(LAUNCH + 1, UNKNOWN)
RECENT_HITS = 6
BRIGHT_SNR = 6.5
"""A launch is declared only when its latest hits are brighter than this on the mean: what rides on the threshold of
detection is an edge of a cloud more often than not."""
CALM = 1.3
"""Nor is it where the noise of its places exceeds that of their surroundings so much on the mean: light came and went
there before, and what is left of it moves the centroids about."""
SEEN = 0.7
"""Nor is it while it is seen in a smaller share of the frames: 98 of 100 launches are seen in 0.82 of them and more,
and what has gaps is two things of which one is taken for the way of the other."""
KNOWN_S = 30.0
"""Age at which a track counts for the frequency of its kind."""
EVENT_DURATION_S = 3.0
"""Tracks shorter than this that are no launch make no event."""
BRIEF, BRIEF_HITS = ("bolide", "lightning"), 3
"""But for these, of so many hits."""
EVENT_HITS = 8
"""Fires and flares of fewer hits make none either."""
EVENT_SHARE = 0.4
"""Nor do those seen in a smaller share of the frames of their life: what flickers so is an edge of a cloud."""
EVENT_PROBABILITY = 0.5
"""Nor those less likely than this (fire and flare together): what else they might be is mostly clutter."""
EVENT_SNR = 8.0
"""What cannot be named makes an event only when it is this strong: edges of clouds are many and faint."""
SAME_PLACE_PX = 3.0
"""What stands still so near to another of its kind is that one, seen again."""
YOUNG_S, LATE_HITS = 60.0, 4
"""Once it is so old a track is weighed again at every so many hits only."""
REFIT_S = 15.0
"""Time between fits of a declared launch while its track is young."""
HEIGHTS_M = {"aircraft": (9000.0, 2500.0), "bolide": (50e3, 20e3), "lightning": (9000.0, 3000.0)}
"""Mean and 1-sigma of the height of what does not stand on the ground."""
FADE_S, LONGEST_FADE = 8.0, 64
"""Time, s, and hits at most, over which a fading of the light is looked for."""
FADE = 0.02
"""Loss of light, 1/s, that a launch does not show in its first half minute."""


class Judge:
    """Weighs confirmed tracks, declares launches and writes events."""

    def __init__(
        self, settings: ChainSettings, sensor: Sensor | None, n_bands: int, pointing: Pointing, frame_period_s: float,
        shape: tuple[int, int] | None,
    ) -> None:  # fmt: skip
        self._settings = settings.event
        self._motion = settings.track.max_speed / SPEED_SIGMAS, settings.track.max_acceleration / 2
        self._shape = shape
        self._ascents = Ascents(sensor)
        self._classifier = Classifier(sensor, n_bands, self._ascents)
        self._pointing = pointing
        self._period = frame_period_s
        self._noise_e: Array | None = None
        self._scale_m = self._range_m = math.nan

    @property
    def main_band(self) -> int:
        """Band of the light curve."""
        return self._classifier.main_band

    def learn_noise(self, flux_sigma: Array) -> None:
        """Keep a running mean of each band's flux error (M, B), for bands in which a track is not seen."""
        if len(flux_sigma) == 0 or not self._classifier.coloured:
            return
        if self._noise_e is None:
            self._noise_e = np.full(flux_sigma.shape[1], np.nan)
        finite = np.isfinite(flux_sigma)
        count = finite.sum(axis=0)
        seen = count > 0
        now = np.where(finite, flux_sigma, 0.0).sum(axis=0)[seen] / count[seen]
        old = self._noise_e[seen]
        self._noise_e[seen] = np.where(np.isfinite(old), old + 0.05 * (now - old), now)

    def settle(self, story: Story) -> None:
        """Let a track that has ended, or is old enough to be known, count for the kinds of those to come."""
        if not story.counted and len(story.probabilities):
            self._classifier.learn(story.probabilities)
            story.counted = True

    @property
    def scale_m(self) -> float:
        """Metres a pixel, a notional figure where geometry is not known."""
        return self._scale_m if math.isfinite(self._scale_m) else DEFAULT_SCALE_M

    def look(self, pose: Pose) -> None:
        """Learn the distance and the scale of the scene from the first frame with a line of sight that meets it."""
        if math.isfinite(self._range_m) or not self._pointing.known:
            return
        line = self._pointing.middle(pose.attitude)
        distance = float(np.linalg.norm(intersect_earth(pose.position_m, line, 10e3) - pose.position_m))
        if math.isfinite(distance):
            self._range_m, self._scale_m = distance, distance * self._pointing.ifov_rad
            self._ascents.look(pose.position_m, pose.attitude)

    def weigh(self, table: Table, stories: list[Story], time_s: float, false: Noise, open_s: float) -> Records:
        """Revise the probabilities of all confirmed tracks that were just hit; return launches newly declared."""
        row = due(table.columns(Lives), time_s, YOUNG_S, LATE_HITS)
        if len(row) == 0:
            return empty(EVENT, 0)
        mine = [stories[track_id] for track_id in table.track_id[row].tolist()]
        noise = 5.0 * self._noise_e if self._noise_e is not None else np.full(table.flux.shape[1], np.nan)
        p = self._classifier.probabilities(table, row, self.scale_m, self._range_m, noise, false, open_s)
        best, settled = p.argmax(axis=1).tolist(), (p[:, OTHERS].max(axis=1) > SETTLED).tolist()
        likely = (p[:, LAUNCH] > self._settings.declare_probability).tolist()
        new = []
        for k, story in enumerate(mine):
            if best[k] != story.best:
                story.best, story.kind_since_s = best[k], time_s
            story.probabilities = p[k]
            story.settled |= settled[k]
            first_s = float(story.hits[0]["time_s"])
            if not story.counted and time_s - first_s > KNOWN_S:
                self.settle(story)
            if math.isfinite(story.declared_time_s):
                if story.last_fit_s - first_s < FIT_S and time_s - story.last_fit_s > REFIT_S:
                    self._fit(story, time_s)
            elif likely[k] and len(story.hits) >= LEAST_HITS and self._sure(table, n := int(row[k]), story):
                story.declared_time_s = time_s
                if table.since_s[n, 0] > table.first_s[n]:  # before it something else was followed
                    story.own_since_s = float(table.since_s[n, 0])
                table.keep_as_launch(n)
                self._fit(story, time_s)
                new.append(self._event(story, story.track_id))
        return np.array(new, EVENT) if new else empty(EVENT, 0)

    def _sure(self, table: Table, n: int, story: Story) -> bool:
        """Tell whether the hits of what is likely a launch are calm, bright and many enough and do not fade."""
        seen, missed = table.look_hits[n, 0], table.look_misses[n, 0]
        if not table.unrest[n, 0] < CALM or not seen >= SEEN * (seen + missed):
            return False
        faint = float(np.mean([hit["snr"] for hit in story.hits[-RECENT_HITS:]])) < BRIGHT_SNR  # not if unknown
        return not faint and self._told(story) and not self._fades(story)

    @staticmethod
    def _told(story: Story) -> bool:
        """Tell whether enough hits spoke for a launch since it became the likeliest kind."""
        since = sum(float(hit["time_s"]) >= story.kind_since_s for hit in story.hits[-LEAST_HITS:])
        return since >= (LEAST_HITS if story.settled else AS_LAUNCH_HITS)

    def _fades(self, story: Story) -> bool:
        """Tell whether the light of the last seconds falls: a climbing plume's does not, a burst's does."""
        last = [h for h in story.hits[-LONGEST_FADE:] if h["time_s"] > story.hits[-1]["time_s"] - FADE_S]
        flux = np.array([h["flux"][self.main_band] for h in last])
        t = np.array([h["time_s"] for h in last])
        use = np.isfinite(flux) & (flux > 0)
        if use.sum() < 4:
            return False
        t, y = t[use] - t[use].mean(), np.log(flux[use])
        spread = float(t @ t)
        slope = float(t @ y) / spread
        error = float(np.std(y - y.mean() - slope * t, ddof=2)) / math.sqrt(spread)
        return slope < -FADE and slope < -2.0 * error

    def sight(self, points: Records, shift: Array, attitude: Array) -> None:
        """Write the lines of sight into points (N,) with the scene's shifts (N, 2) and reported attitudes (N, 4)."""
        focal = np.stack([points["x"], points["y"]], axis=1).astype(np.float64)
        line = self._pointing.lines(focal, shift, attitude, points["time_s"])
        points["los_x"], points["los_y"], points["los_z"] = line.T

    def _lines(self, story: Story) -> Lines:
        hits = _own(story)
        shift = hits["focal"] - hits["scene"]
        line = self._pointing.lines(hits["focal"], shift, hits["attitude"], hits["time_s"])
        across = []
        for step in (np.array([1.0, 0.0]), np.array([0.0, 1.0])):
            beside = self._pointing.lines(hits["focal"] + step, shift, hits["attitude"], hits["time_s"]) - line
            across.append(beside / np.linalg.norm(beside, axis=-1, keepdims=True))
        var = (hits["var"] + hits["shift_sigma"][:, None] ** 2) * self._pointing.ifov_rad**2
        var += self._pointing.frame_sigma_rad**2
        known = np.isfinite(line).all(axis=1) & np.isfinite(hits["position_m"]).all(axis=1)
        return Lines(
            hits["seen_s"][known], hits["position_m"][known], line[known], np.stack(across, axis=1)[known], var[known],
            self._pointing.common_sigma_rad(float(hits["time_s"][0])),
        )  # fmt: skip

    def _fit(self, story: Story, time_s: float) -> None:
        story.last_fit_s = time_s
        if self._pointing.known:
            story.location = locate(self._lines(story))

    def beginning(self, story: Story) -> Beginning:
        """Return where a track began."""
        hits = _own(story)
        if story.beginning is None or story.beginning.hits != len(hits):
            story.beginning = beginning(hits, *self._motion)
        out: Beginning = story.beginning
        return out

    def _peak(self, story: Story) -> tuple[float, float]:
        """Return the greatest apparent intensity at the aperture in the main band and its 1-sigma, W/sr."""
        hits = _own(story)
        value, sigma = (
            self._classifier.irradiance(hits[name])[:, self.main_band] * self._range_m**2
            for name in ("flux", "flux_sigma")
        )
        return peak(value, sigma)

    def _burnout(self, story: Story, others: list[Story]) -> tuple[float, float]:
        """Return when the light of a launch ended and the 1-sigma, s; NaN where that is not what became of it."""
        hits = _table(story)
        gone = self._shape is not None and left(hits, self._shape, self._period)
        if not story.ended or gone or relit(hits, [o.hits[0] for o in others if o is not story]):
            return math.nan, math.nan
        return burnout(hits, self._period)

    def _deserves(self, story: Story) -> bool:
        """Tell whether a track makes an event."""
        if math.isfinite(story.declared_time_s):
            return True
        lasted = float(story.hits[-1]["time_s"] - story.hits[0]["time_s"])
        if len(story.probabilities) == 0:
            return False
        p = dict(zip(KINDS, story.probabilities.tolist(), strict=True))
        kind = KINDS[story.best]
        if lasted < EVENT_DURATION_S and not (kind in BRIEF and len(story.hits) >= BRIEF_HITS):
            return False
        snr = float(np.median([h["snr"] for h in story.hits]))
        if kind in ("unknown", "launch"):
            return snr >= EVENT_SNR
        often = len(story.hits) >= EVENT_HITS and len(story.hits) * self._period >= EVENT_SHARE * lasted
        sure = p["fire"] + p["flare"] if kind in ("fire", "flare") else p[kind]
        return sure >= EVENT_PROBABILITY and (often or kind in ("aircraft", "defect", "satellite", *BRIEF))

    @staticmethod
    def _once(stories: list[Story]) -> list[Story]:
        """Leave out what stands where a longer track of a kind that stands still was."""
        out: list[Story] = []
        for story in sorted(stories, key=lambda s: (-len(s.hits), s.track_id)):
            kind = KINDS[story.best]
            place = {"fire": "scene", "flare": "scene", "unknown": "scene", "defect": "focal"}.get(kind)
            if place is not None and not math.isfinite(story.declared_time_s):
                near = (
                    np.linalg.norm(story.hits[0][place] - o.hits[-1][place]) < SAME_PLACE_PX
                    for o in out
                    if (KINDS[o.best] == "defect") == (kind == "defect")
                )
                if any(near):
                    continue
            out.append(story)
        return out

    def events(self, stories: list[Story], time_s: float) -> Records:
        """Return one event a track that deserves it, in order of time first seen."""
        worth = self._once([s for s in stories if self._deserves(s)])
        for story in worth:
            if math.isfinite(story.declared_time_s):
                self._fit(story, time_s)
        worth.sort(key=lambda s: (float(s.hits[0]["time_s"]), s.track_id))
        out = np.array([self._event(s, n) for n, s in enumerate(worth)], EVENT) if worth else empty(EVENT, 0)
        for row, story in zip(out, worth, strict=True):
            if row["kind"] == b"launch":
                row["burnout_time_s"], row["burnout_time_sigma_s"] = self._burnout(story, stories)
        return out

    def declared(self, stories: list[Story]) -> Records:
        """Return the launches declared so far with what is known of them now; nothing is fitted anew."""
        rows = [self._event(s, s.track_id) for s in stories if math.isfinite(s.declared_time_s)]
        return np.array(rows, EVENT) if rows else empty(EVENT, 0)

    def _event(self, story: Story, event_id: int) -> Any:
        out = empty(EVENT, 1)[0]
        best = story.best
        out["event_id"], out["track_id"] = event_id, story.track_id
        if best == LAUNCH and not math.isfinite(story.declared_time_s):
            # Never sure enough to be declared: the next likely kind would be a guess too.
            best = KINDS.index("unknown")
        out["kind"], out["probability"] = KINDS[best].encode(), story.probabilities[best]
        out["p_launch"] = story.probabilities[LAUNCH]
        out["first_time_s"] = _own(story)[0]["seen_s"]
        declared = story.declared_time_s if best == LAUNCH else max(story.kind_since_s, story.confirmed_time_s)
        out["declared_time_s"] = declared
        began = self.beginning(story)
        (out["x0"], out["y0"]), (out["sigma_x0"], out["sigma_y0"]) = began.place, began.sigma
        out["peak_intensity_w_sr"], out["peak_intensity_sigma_w_sr"] = self._peak(story)
        kind = KINDS[best]
        at: Location | None = None
        if kind == "launch":
            at = story.location
            if at is not None:
                out["launch_time_s"], out["launch_time_sigma_s"] = at.launch_time_s, at.launch_time_sigma_s
                out["heading_deg"], out["heading_sigma_deg"] = at.heading_deg, at.heading_sigma_deg
                out["corr_time_north"], out["corr_time_east"], out["corr_time_heading"] = at.correlation[2, [0, 1, 3]]
                out["corr_heading_north"], out["corr_heading_east"] = at.correlation[3, :2]
        elif kind not in ("defect", "satellite") and self._pointing.known:
            at = place(self._lines(story), *HEIGHTS_M.get(kind, (0.0, 500.0)))
        if at is not None:
            out["latitude_deg"], out["longitude_deg"] = at.latitude_deg, at.longitude_deg
            out["ellipse_major_km"], out["ellipse_minor_km"], out["ellipse_angle_deg"] = at.ellipse
        return out


def _table(story: Story) -> Records:
    """Return the hits of a track as one array."""
    return np.array(story.hits, story.hits[0].dtype)


def _own(story: Story) -> Records:
    """Return those that are not of something else that was there before it."""
    hits = _table(story)
    return hits[hits["time_s"] >= story.own_since_s]
