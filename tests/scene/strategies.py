"""Scenarios drawn by Hypothesis: small, valid, of every kind of part."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

Table = dict[str, Any]

KINDS = (
    "launch", "fire", "flare", "volcano", "static_fire", "glint", "lightning", "bolide", "aircraft", "satellite",
)  # fmt: skip
ISS = (
    "1 25544U 98067A   08264.51782528 -.00002182  00000-0 -11606-4 0  2927",
    "2 25544  51.6416 247.4627 0006703 130.5360 325.0288 15.72125391563537",
)


def some(required: Table, **optional: st.SearchStrategy[Any]) -> st.SearchStrategy[Table]:
    """Draw a table with some of the optional keys."""
    return st.fixed_dictionaries({k: st.just(v) for k, v in required.items()}, optional=optional)


def quantity(low: float, high: float, unit: str) -> st.SearchStrategy[str]:
    return st.floats(low, high, allow_subnormal=False).map(lambda x: f"{x:.6g} {unit}")


SHARE = st.floats(0, 1)
PSF = st.one_of(
    st.just({"kind": "gaussian"}),
    some({"kind": "airy"}, obscuration=st.sampled_from([0.0, 0.3]), blur=quantity(0, 1, "px")),
)
SENSOR = some(
    {},
    ifov=quantity(10, 300, "urad"),
    frame_rate=st.sampled_from(["0.5 Hz", "2 Hz", "9 Hz"]),
    integration=st.sampled_from(["1 ms", "50 ms", "100 ms"]),
    psf=PSF,
    read_noise=quantity(0, 2e3, "e-"),
    dark_current=quantity(0, 1e6, "e-/s"),
    full_well=quantity(1e4, 1e7, "e-"),
    bits=st.integers(10, 16),
    prnu=st.floats(0, 0.1),
    gain_spread=st.floats(0, 0.1),
    offset_spread_dn=st.floats(0, 50),
    gain_drift=st.floats(0, 0.1),
    bad_pixels=some({}, fraction=st.floats(0, 0.2), kinds=st.just(["hot", "blinking"]), known=SHARE),
    cosmic_rays=some({}, rate=quantity(0, 1e4, "/cm2/s"), mean_charge=quantity(1, 1e5, "e-")),
    ghost=some({}, strength=st.floats(0, 0.1), blur=quantity(0, 10, "px")),
    stray_light=st.floats(0, 0.5),
    bands=st.lists(st.sampled_from(["SWIR", "MWIR", "WINDOW"]), min_size=1, max_size=2, unique=True).map(
        lambda names: [{"name": name} for name in names]
    ),
)
LOOK = {"pointing": st.sampled_from(["track", "fixed"]), "roll": quantity(-180, 180, "deg")}
PLATFORM = st.one_of(
    some({"kind": "geo"}, longitude=quantity(-130, -20, "deg"), boresight_latitude=quantity(-75, 75, "deg"), **LOOK),
    some({"kind": "geo", "boresight_longitude": "-155 deg", "boresight_altitude": "40 km"}, **LOOK),
    some({"kind": "orbit"}, preset=st.sampled_from(["leo", "sso", "molniya", "tundra", "qzss"]), **LOOK),
    some({"kind": "orbit", "preset": "leo", "pointing": "nadir"}),
    some({"kind": "tle", "line1": ISS[0], "line2": ISS[1], "pointing": "nadir"}),
    some({
        "kind": "table",
        "points": [
            {"time": f"{t} s", "latitude": f"{20 + t / 100} deg", "longitude": "-80 deg", "altitude": "700 km"}
            for t in (-1, 5, 30)
        ],
    }, **LOOK),
)  # fmt: skip
SCAN = st.one_of(
    st.just({"kind": "staring"}),
    some({"kind": "step_stare", "overlap": "4 px"}, columns=st.integers(1, 3), rows=st.integers(1, 3)),
    some({"kind": "scanning"}, row_period=st.sampled_from(["10 us", "1 ms"])),
)
LINE_OF_SIGHT = some(
    {},
    jitter=quantity(0, 1, "px"),
    drift=quantity(0, 0.5, "px/s"),
    walk=some({}, rms=quantity(0, 3, "px"), correlation=quantity(0.1, 100, "s")),
    tones=st.lists(
        some({"frequency": "3 Hz", "amplitude": "0.5 px"}, direction=quantity(0, 360, "deg")), max_size=2
    ),
    psd=st.just([["0.1 Hz", "0.01 px2/Hz"], ["50 Hz", "1e-5 px2/Hz"]]),
    smear=quantity(0, 1, "px"),
)  # fmt: skip
BACKGROUND = st.one_of(
    some({"kind": "earth"}, texture=st.floats(0, 3), wind=quantity(0, 20, "m/s"), coast_detail=quantity(0, 0.1, "deg")),
    some({"kind": "uniform"}, radiance=quantity(0, 10, "W/m2/sr/um").map(lambda r: [r])),
)
CLOUD = some(
    {},
    altitude=quantity(0.2, 15, "km"),
    thickness=quantity(0, 3, "km"),
    coverage=SHARE,
    optical_depth=st.floats(0.1, 50),
    edge=SHARE,
    slope=st.floats(-3.5, -2),
    outer_scale=quantity(5, 500, "km"),
    wind_speed=quantity(0, 60, "m/s"),
    lifetime=quantity(60, 1e5, "s"),
    reflectance=SHARE,
)
PLACE = {
    "latitude": quantity(27.9, 28.5, "deg"),
    "longitude": quantity(-80.9, -80.3, "deg"),
    "kind": st.sampled_from(KINDS),
}


@st.composite
def objects(draw: st.DrawFn) -> Table:
    """Draw an object near the boresight that shines at some time of a short run."""
    made = draw(st.fixed_dictionaries(PLACE))
    if made["kind"] in ("launch", "static_fire"):
        made["ignition"] = draw(quantity(-100, 2, "s"))
    elif made["kind"] == "bolide":
        made["start"] = draw(quantity(-3, 1, "s"))
    if made["kind"] == "launch" and draw(st.booleans()):
        made |= {"vehicle": draw(st.sampled_from(["small", "large"])), "propulsion": "liquid", "trail": draw(SHARE)}
    return made


def scenarios() -> st.SearchStrategy[Table]:
    """Draw scenarios of 16 to 40 px and up to four frames."""
    sensor = st.builds(lambda s, w, h: {**s, "width": w, "height": h}, SENSOR, st.integers(16, 40), st.integers(16, 40))
    return st.fixed_dictionaries(
        {
            "frames": st.integers(1, 4),
            "seed": st.integers(0, 2**63 - 1),
            "outside_view": st.just("allow"),
            "sensor": sensor,
        },
        optional={
            "epoch": st.sampled_from(["2026-01-05T03:00:00Z", "2008-09-20T12:30:00Z", "2049-12-31T23:59:59Z"]),
            "oversample": st.sampled_from([2, 3]),
            "platform": PLATFORM,
            "scan": SCAN,
            "line_of_sight": LINE_OF_SIGHT,
            "atmosphere": st.sampled_from(["tropical", "midlat_winter"]).map(lambda m: {"model": m}),
            "background": BACKGROUND,
            "clouds": st.lists(CLOUD, max_size=2),
            "objects": st.lists(objects(), max_size=3),
        },
    )


def _paths(value: Any, here: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the paths to everything within a table."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for key, inner in items for path in ((*here, key), *_paths(inner, (*here, key)))]


def _rescaled(value: Any, factor: float) -> Any:
    """Multiply a number, or that of a quantity."""
    if isinstance(value, str):
        number, _, unit = value.partition(" ")
        try:
            return f"{float(number) * factor:.6g} {unit}"
        except ValueError:
            return value * 2
    if isinstance(value, bool) or not isinstance(value, int | float):
        return [value, value]
    return value * int(factor) if isinstance(value, int) else value * factor


_REPLACED = st.sampled_from(
    [0, -1, 3, 2**70, 0.5, True, "", "3", "1 m", "nan", [], [[]], {}, float("nan"), float("inf")]
)


@st.composite
def broken(draw: st.DrawFn) -> Table:
    """Draw a scenario with one thing changed: taken away, of another type, scaled, not a number."""
    whole: Table = copy.deepcopy(draw(scenarios()))
    *way, last = draw(st.sampled_from(_paths(whole)))
    table: Any = whole
    for key in way:
        table = table[key]
    match draw(st.sampled_from(["delete", "replace", "scale", "scale", "nan"])):
        case "delete":
            del table[last]
        case "replace":
            table[last] = draw(_REPLACED)
        case "scale":
            table[last] = _rescaled(table[last], draw(st.sampled_from([1e9, 1e-9, -1.0, 1e3, 1e300])))
        case _:
            table[last] = _rescaled(table[last], float("nan")) if isinstance(table[last], str) else float("nan")
    return whole
