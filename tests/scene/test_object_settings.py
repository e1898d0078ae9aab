"""Settings of objects: defaults that work, and one clear line for what cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from boostwatch.errors import BadData
from boostwatch.scene.scenario import Scenario
from boostwatch.settings import parse_toml

from .sources.helpers import BANDS, GEO, HERE, build, check, make

KINDS = (
    "launch", "fire", "flare", "volcano", "static_fire", "glint", "lightning", "bolide", "aircraft", "satellite",
)  # fmt: skip


def toml(kind: str, more: str = "") -> str:
    return f'[[objects]]\nkind="{kind}"\nlatitude="{HERE["latitude"]}"\nlongitude="{HERE["longitude"]}"\n{more}'


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_works_by_its_defaults(kind: str) -> None:
    scenario = parse_toml(toml(kind), Scenario)
    assert scenario.objects[0].kind == kind
    assert parse_toml(scenario.to_toml(), Scenario) == scenario
    source = build(kind)
    assert source.kind == kind
    assert len(kind) <= 16  # of the truth column
    assert source.onset_s <= source.end_s
    for t in np.arange(-5, 220, 4.7):
        for e in source.emit(t, t + 0.1, GEO):
            check(e)
            assert source.shines(t, t + 0.1)


def test_every_setting_is_described() -> None:
    for kind in KINDS:
        for name, field in type(make(kind)).model_fields.items():
            assert field.description or name == "kind", (kind, name)


@pytest.mark.parametrize(("kind", "more", "message"), [
    ("launch", 'altitude="-1 km"', r"objects\[0\].*altitude: .*greater than or equal to -500 m; found .-1 km"),
    ("launch", 'ignition="nan s"', r"ignition: is not a finite number"),
    ("launch", "flicker=nan", r"flicker: should be .*; found nan"),
    ("launch", "trail=2", r"trail: should be less than or equal to 1"),
    ("launch", 'propulsion="steam"', r"propulsion: .*'solid' or 'liquid'"),
    ("launch", "stages=[" + ",".join(['{thrust="200 kN",burn="9 s",propellant="1 t",dry="1 t"}'] * 7) + "]",
     r"stages has 7 stages; allowed: at most 6"),
    ("launch", 'heading="400 deg"', r"heading: .*less than or equal to 360 deg"),
    ("fire", 'start="9 s"\nend="9 s"', r"end = 9.0 s must come after start = 9.0 s"),
    ("fire", "flaming=0", r"flaming: should be greater than or equal to 0.0001"),
    ("fire", 'temperature="1000 m"', r"temperature: has the wrong unit"),
    ("flare", "stacks=0", r"stacks: should be greater than or equal to 1"),
    ("volcano", 'altitude="9 km"', r"altitude: .*less than or equal to 7000 m"),
    ("static_fire", 'thrust="0 kN"', r"thrust: .*greater than 0 N"),
    ("static_fire", 'burn="-1 s"', r"burn: .*greater than or equal to 0.1 s"),
    ("glint", 'surface="ice"', r"surface: .*'water' or 'panel'"),
    ("glint", 'tilt="10 deg"', r"tilt = 10.0 deg with surface = .water., which is level; allowed: 0 deg"),
    ("glint", 'area="2 km"', r"area: has the wrong unit; allowed: .*2 km2"),
    ("glint", 'slope_spread="0 deg"', r"slope_spread: .*greater than or equal to 0.05 deg"),
    ("lightning", "flashes_per_minute=0", r"flashes_per_minute: should be greater than 0"),
    ("lightning", "energy=1e4", r"energy: needs a unit; allowed: .*1e4 J/sr"),
    ("bolide", 'speed="5 km/s"', r"speed: .*greater than or equal to 11000 m/s"),
    ("bolide", 'end_altitude="95 km"', r"end_altitude = 95000.0 m must lie below begin_altitude = 90000.0 m"),
    ("aircraft", 'afterburner=[["9 s", "5 s"]]', r"afterburner from 9.0 s to 5.0 s; allowed: intervals in order"),
    ("aircraft", 'afterburner=[["1 s", "5 s"], ["4 s", "6 s"]]', r"afterburner from 4.0 s to 6.0 s"),
    ("aircraft", 'speed="0 m/s"', r"speed: .*greater than 0 m/s"),
    ("satellite", 'speed="12 km/s"', r"speed = 12000.0 m/s escapes from the Earth; allowed: below 107\d\d m/s"),
    ("satellite", 'speed="5 km/s"', r"speed and climb give a perigee of -\d+ km; allowed: at least 80 km"),
    ("satellite", 'altitude="20 km"', r"altitude: .*greater than or equal to 100000 m"),
    ("satellite", "heigth=1", r"heigth: unknown key"),
    ("comet", "", r"kind: is not known; found 'comet'; allowed: launch, fire, flare, volcano, static_fire, glint"),
])  # fmt: skip
def test_one_clear_line(kind: str, more: str, message: str) -> None:
    with pytest.raises(BadData, match=message) as caught:
        parse_toml(toml(kind, more), Scenario, name="s.toml")
    assert len(str(caught.value).splitlines()) == 1


def test_too_many_flashes_are_refused() -> None:
    with pytest.raises(BadData, match=r"objects \(storm\): too many flashes in a run; .*at most 100000"):
        build("lightning", duration_s=1e6, flashes_per_minute=600.0, name="storm")


def test_a_fire_that_doubles_stays_finite() -> None:
    source = build("fire", duration_s=1e5, doubling="60 s", flicker=0.0)
    e = source.emit(9e4, 9e4 + 1, GEO)[0]
    assert np.isfinite(e.intensity_w_sr).all()
    assert len(e.intensity_w_sr) == len(BANDS)
