"""Runs on nothing what the first frames of a movie do not need yet, so that it is compiled by the time they do."""

from __future__ import annotations

import numpy as np

from boostwatch.detect._bands import NONE, BandMaps, band_figures
from boostwatch.detect._state import BandState
from boostwatch.sensor import Band, Sensor
from boostwatch.settings import DetectSettings
from boostwatch_kernels.background import GROUP
from boostwatch_kernels.fitting import COLUMNS

SHAPE = (64, 64)


def rehearse(dtype: np.dtype[np.generic]) -> None:
    """Call the kernels of absorption, fit and integration, in this order, not those of registration and sweep.

    Parameters
    ----------
    dtype : dtype
        Of the frames to come: uint16 or float32.
    """
    settings = DetectSettings()
    sensor = Sensor("rehearsal", np.nan, np.nan, np.nan, 1.0, 1.0, (Band("none"),))
    figures = band_figures(sensor, settings, [])
    state = BandState(figures[0], BandMaps(NONE, NONE, np.zeros(SHAPE, bool)), SHAPE, settings, 1)
    for _ in range(settings.warm_up_frames + settings.added_frames + GROUP):
        state.take(np.full(SHAPE, 100, dtype))
        state.sweep((0.0, 0.0), 0.0)
        for job in state.settle():
            job()
        state.fit(state._noise, state._lens, 1, np.array([[32.0, 32.0]]))
        state.finish(np.zeros((0, COLUMNS)))
