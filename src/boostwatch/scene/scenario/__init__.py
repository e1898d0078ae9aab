"""Everything a synthetic scene is made from, as one TOML file: sensor, platform, background, clouds, objects.

All figures are notional and open; defaults are of the order of those published for civil imagers, made worse where a
warning sensor's would not be known. One root ``seed`` makes every random number of the scene.
"""

from boostwatch.scene.scenario.background import (
    AtmosphereModel,
    Background,
    EarthBackground,
    ImageBackground,
    UniformBackground,
    image_scale,
)
from boostwatch.scene.scenario.clouds import CloudLayer
from boostwatch.scene.scenario.objects import Aircraft, Fire, Flare, Launch, SceneObject, Stage
from boostwatch.scene.scenario.platform import LineOfSight, Platform
from boostwatch.scene.scenario.root import MAX_CANVAS_MARGIN_PX, MAX_CELLS, Scenario
from boostwatch.scene.scenario.sensor import (
    READY_BANDS,
    AiryPsf,
    BadPixels,
    BandFigures,
    BandModel,
    CosmicRays,
    GaussianPsf,
    Ghost,
    ImagePsf,
    SensorModel,
)

__all__ = [
    "MAX_CANVAS_MARGIN_PX", "MAX_CELLS", "READY_BANDS", "Aircraft", "AiryPsf", "AtmosphereModel", "Background",
    "BadPixels", "BandFigures", "BandModel", "CloudLayer", "CosmicRays", "EarthBackground", "Fire", "Flare",
    "GaussianPsf", "Ghost", "ImageBackground", "ImagePsf", "Launch", "LineOfSight", "Platform", "Scenario",
    "SceneObject", "SensorModel", "Stage", "UniformBackground", "image_scale",
]  # fmt: skip
