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
from boostwatch.scene.scenario.clouds import (
    CloudLayer,
)
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
from boostwatch.scene.scenario.objects import (
    Launch,
    SceneObject,
    Stage,
)
from boostwatch.scene.scenario.platform import (
    GeoPlatform,
    LineOfSight,
    OrbitPlatform,
    PlatformModel,
    RowScan,
    Scan,
    StaringScan,
    StepStareScan,
    TablePlatform,
    TablePoint,
    TlePlatform,
    Tone,
    Walk,
)
from boostwatch.scene.scenario.root import (
    MAX_CANVAS_MARGIN_PX,
    MAX_CELLS,
    Scenario,
)
from boostwatch.scene.scenario.sensor import (
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
    "MAX_CANVAS_MARGIN_PX",
    "MAX_CELLS",
    "Aircraft",
    "AiryPsf",
    "AtmosphereModel",
    "Background",
    "BadPixels",
    "BandFigures",
    "BandModel",
    "Bolide",
    "CloudLayer",
    "CosmicRays",
    "EarthBackground",
    "Fire",
    "Flare",
    "GaussianPsf",
    "GeoPlatform",
    "Ghost",
    "Glint",
    "ImageBackground",
    "ImagePsf",
    "Launch",
    "Lightning",
    "LineOfSight",
    "OrbitPlatform",
    "PlatformModel",
    "RowScan",
    "Satellite",
    "Scan",
    "Scenario",
    "SceneObject",
    "SensorModel",
    "Stage",
    "StaringScan",
    "StaticFire",
    "StepStareScan",
    "TablePlatform",
    "TablePoint",
    "TlePlatform",
    "Tone",
    "UniformBackground",
    "Volcano",
    "Walk",
    "image_scale",
]
