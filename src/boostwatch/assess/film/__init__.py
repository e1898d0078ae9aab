"""Frames as a film shows them: grey picture, marks, names, and strips with time, scale and legend.

`Film` draws one frame at a time from what it is given; it opens and writes no file.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from boostwatch.assess.film.cast import Cast, Role
from boostwatch.assess.film.labels import Labels
from boostwatch.assess.film.marks import DETECTION, Brush
from boostwatch.assess.film.plate import NO_DATA, Picture, Plates
from boostwatch.assess.film.strips import GROUND, Bar, Strips
from boostwatch.assess.picture import radiance, readable
from boostwatch.assess.report.footage import Footage
from boostwatch.assess.report.pack import text
from boostwatch.assess.report.steps import scene_shift
from boostwatch.assess.view import View, round_below
from boostwatch.colours import rgb_of
from boostwatch.geometry import geodetic_to_itrs, utc_after
from boostwatch.records import EventTables

__all__ = ["EXACT_COLOURS", "NO_DATA", "VIEWS", "Film", "Look"]

VIEWS: Final = ("contrast", "whitened")
EXACT_COLOURS: Final = (NO_DATA, DETECTION)
"""Beside greys and the colours of kinds."""
_SIDE, _LONGEST_SIDE = 640, 1280
"""Film px that the longer side of a picture is brought near to, and most of it unless asked for."""
_LEAST_BAR_PX: Final = 4.0
"""A shorter scale bar cannot be read, and has no room for its ends."""


@dataclass(frozen=True)
class Look:
    """How a film looks.

    ``band`` is a number; ``view`` one of `VIEWS`; ``enlarged`` film pixels a side of a pixel of the frame, or
    ``reduced`` pixels of the frame a side of a film pixel, the other one being 1; ``flash`` the frames for which a
    launch is told loudly after its declaration.
    """

    band: int = 0
    view: str = "contrast"
    enlarged: int = 1
    reduced: int = 1
    flash: int = 8

    @staticmethod
    def scale_for(height: int, width: int) -> tuple[int, int]:
        """Return ``enlarged`` and ``reduced`` that give a frame a size fit for a screen."""
        longest = max(height, width)
        return max(round(_SIDE / longest), 1), max(math.ceil(longest / _LONGEST_SIDE), 1)


class Film:
    """Draws frames of a run.

    Parameters
    ----------
    tables : EventTables
        The run. Nothing in it is trusted.
    footage : Footage
        The stack that it came from. Its bad pixels, NaN and damaged frames are drawn in `NO_DATA`.
    look : Look
    frames : range
        Those that the stretch is taken from.
    epoch : str
        ISO 8601 UTC of time 0; empty where it is not known.

    Attributes
    ----------
    size : (int, int)
        Width and height of a frame of the film, even numbers.
    picture_at : (int, int)
        Where in it the outer corner of the picture is: pixel (x, y) of the stack has its centre at
        ``picture_at + (x + 0.5, y + 0.5) * enlarged / reduced``, counted from the film's outer corner.
    """

    def __init__(
        self, tables: EventTables, footage: Footage, look: Look, *, frames: range, epoch: str = "",
    ) -> None:  # fmt: skip
        self._footage, self._look, self._epoch = footage, look, epoch
        self._cast = Cast(tables, footage.time_s, look.band)
        self._plates = Plates(
            _one_band(footage, look.band), frames, view=look.view,
            shift=scene_shift(tables, np.arange(footage.shape[0])),
            enlarged=look.enlarged, reduced=look.reduced,
        )  # fmt: skip
        self._zoom = look.enlarged / look.reduced
        self._labels = Labels(self._plates.size)
        low, high = self._scale()
        self._strips = Strips(
            self._plates.size[0], head=self._head(), longest=self._longest(frames), low=low, high=high,
            kinds={kind: rgb_of(kind) for kind in self._cast.kinds()}, bar=" 20000 km",
        )  # fmt: skip
        width, height = self._plates.size
        self.picture_at = ((self._strips.width - width) // 2, self._strips.top)
        self.size = (self._strips.width, self._strips.top + height + height % 2 + self._strips.bottom)

    def frame(self, t: int) -> Picture:
        """Return frame ``t`` of the stack with all that is on it, uint8 (height, width, 3)."""
        picture = Image.fromarray(self._plates.picture(t))
        draw = ImageDraw.Draw(picture)
        brush = Brush(draw, self._zoom)
        roles = list(self._cast.roles(t))
        for role in roles:
            brush.trail(role.path, rgb_of(role.kind), faint=role.ended)
        for role in roles:
            brush.ring(role.path[-1], rgb_of(role.kind), loud=self._is_loud(role), faint=role.ended)
        for at in self._cast.detections(t):
            brush.detection(at)
        self._labels.start()
        for role in sorted(roles, key=lambda r: r.ended):
            if role.since_declared >= 0:
                x, y = brush.on_film(role.path[-1])
                name = role.name + (" declared" if self._is_loud(role) else " ended" if role.ended else "")
                self._labels.put(draw, role.track_id, name, (x, y), rgb_of(role.kind), loud=self._is_loud(role))
        film = Image.new("RGB", self.size, GROUND)
        film.paste(picture, self.picture_at)
        self._strips.draw(film, self._stamp(t), self._bar(t))
        return np.asarray(film)

    def _is_loud(self, role: Role) -> bool:
        return 0 <= role.since_declared < self._look.flash and not role.ended

    def _stamp(self, t: int) -> str:
        seconds = float(self._footage.time_s[t])
        parts = [f"t = {seconds:.3f} s" if math.isfinite(seconds) else "time not known", f"frame {t}"]
        if self._epoch and math.isfinite(seconds):
            with suppress(OverflowError):  # outside the years 1 to 9999
                parts.insert(0, utc_after(self._epoch, seconds).replace("T", " ").replace("Z", " UTC"))
        return "   ".join(parts)

    def _longest(self, frames: range) -> str:
        return max((self._stamp(t) for t in (frames[0], frames[-1], frames[len(frames) // 2])), key=len) + "0"

    def _head(self) -> str:
        band = self._footage.sensor.bands[self._look.band]
        edges = f" {band.lower_um:.2f}-{band.upper_um:.2f} um" if math.isfinite(band.lower_um + band.upper_um) else ""
        return f"{text(band.name, 20)}{edges}, {self._look.view}"

    def _scale(self) -> tuple[str, str]:
        """Return the ends of the grey scale, the unit with the second."""
        low, high = self._plates.limits
        if self._look.view == "whitened":
            return f"{low:g}", f"{high:g} sigma"
        band = self._footage.sensor.bands[self._look.band]
        value, unit = readable(*radiance(np.array([low, high]), self._footage.sensor, band))
        unit = "DN" if unit == "DN" else f"{unit[0] if unit[0] != 'W' else ''}W/m2/sr".replace("µ", "u")
        return _figures(value[0]), f"{_figures(value[1])} {unit}"

    def _bar(self, t: int) -> Bar | None:
        """Return a scale bar for the middle of the frame: km on the ground where it can be told, else px."""
        longest = self._strips.longest_bar / self._zoom
        per_px = self._km_per_px(t)
        unit = "km" if per_px else "px"
        length = round_below(longest * (per_px or 1.0))
        px = length / (per_px or 1.0) * self._zoom
        if px < _LEAST_BAR_PX or (not per_px and length < 1):
            return None
        return Bar(px, f"{length:g} {unit}")

    def _km_per_px(self, t: int) -> float:
        """Return how many km on the ground a pixel is along a row, in the middle of the frame; 0 if unknown."""
        position, attitude, sensor = self._footage.position_m, self._footage.attitude, self._footage.sensor
        if position is None or attitude is None or not math.isfinite(sensor.ifov_rad):
            return 0.0
        height, width = self._footage.shape[2:]
        ends = 0.5 * (width - 1) + np.array([-0.5, 0.5])
        latitude, longitude = View(sensor, position[t], attitude[t]).ground(ends, 0.5 * (height - 1))
        apart = float(np.linalg.norm(np.diff(geodetic_to_itrs(latitude, longitude), axis=0)))
        return apart / 1e3 if math.isfinite(apart) and apart > 0 else 0.0


def _figures(value: float) -> str:
    """Return three digits without a power of ten."""
    return np.format_float_positional(float(f"{value:.3g}"), trim="-")


def _one_band(footage: Footage, band: int) -> Footage:
    """Return the stack as if it had this band alone, so that less is kept of it."""

    def read(t: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        data, good = footage.read(t)
        return data[band : band + 1].copy(), good[band : band + 1]

    count, _, height, width = footage.shape
    return Footage(
        footage.name, (count, 1, height, width), footage.sensor, footage.time_s, footage.position_m, footage.attitude,
        None, None, "", read,
        None if footage.bad is None else footage.bad[band : band + 1],
    )  # fmt: skip
