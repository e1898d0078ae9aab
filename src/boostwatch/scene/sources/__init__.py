"""Every object of a scene as one kind of thing: a row of truth, and the light that leaves it during an exposure."""

from __future__ import annotations

import numpy as np

from boostwatch.scene.scenario.confusers import (
    Aircraft,
    Bolide,
    Fire,
    Flare,
    Glint,
    Lightning,
    Satellite,
    StaticFire,
    Volcano,
)
from boostwatch.scene.scenario.objects import Launch
from boostwatch.scene.sources.base import Bands, Source
from boostwatch.scene.sources.flyers import build_aircraft, build_bolide
from boostwatch.scene.sources.glints import build_glint
from boostwatch.scene.sources.hot import build_hot, build_static_fire
from boostwatch.scene.sources.launch import build_launch
from boostwatch.scene.sources.lightning import build_lightning
from boostwatch.scene.sources.orbits import build_satellite

__all__ = ["AnyObject", "Bands", "Source", "build_source"]

AnyObject = Launch | Fire | Flare | Volcano | StaticFire | Glint | Lightning | Bolide | Aircraft | Satellite


def build_source(item: AnyObject, duration_s: float, bands: Bands, rng: np.random.Generator) -> Source:
    """Turn an object's settings into a source.

    Parameters
    ----------
    item : AnyObject
    duration_s : float
        Of the run after the epoch; what shines longer is known for a minute more.
    bands : sequence of (float, float)
        Edges of each band, um.
    rng : numpy.random.Generator
        Of everything random about this one object.

    Returns
    -------
    Source

    Raises
    ------
    BadData
        A vehicle that cannot fly its plan.
    """
    match item:
        case Launch():
            return build_launch(item, bands, rng)
        case Fire() | Flare() | Volcano():
            return build_hot(item, duration_s, bands, rng)
        case StaticFire():
            return build_static_fire(item, bands, rng)
        case Glint():
            return build_glint(item, duration_s, bands)
        case Lightning():
            return build_lightning(item, duration_s, bands, rng)
        case Bolide():
            return build_bolide(item, bands, rng)
        case Aircraft():
            return build_aircraft(item, duration_s, bands)
        case Satellite():
            return build_satellite(item, duration_s, bands)
