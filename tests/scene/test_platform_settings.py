"""Tables of positions, and what a scenario says about a platform that it should not."""

from __future__ import annotations

import numpy as np
import pytest

from boostwatch import geometry as g
from boostwatch.errors import BadData
from boostwatch.scene.platform import Platform, table_names
from boostwatch.scene.scenario import Scenario
from boostwatch.settings import parse_toml

from .test_platform import VANGUARD, degrees_between, make


def orbit_table(step_s: float, form: str) -> tuple[Platform, np.ndarray]:
    truth = Platform(make({"kind": "orbit", "preset": "leo"}))
    times = np.arange(-step_s, 120 + step_s, step_s)
    position, _ = truth.state(times)
    names = ("x_m", "y_m", "z_m") if form == "itrs" else ("latitude_deg", "longitude_deg", "altitude_m")
    columns = position.T if form == "itrs" else g.itrs_to_geodetic(position)
    table = np.zeros(len(times), [("time_s", "f8"), *((name, "f8") for name in names)])
    table["time_s"] = times
    for name, column in zip(names, columns, strict=True):
        table[name] = column
    return truth, table


@pytest.mark.parametrize("form", ["itrs", "geodetic"])
def test_a_table_of_an_orbit_gives_the_orbit_back(form: str) -> None:
    truth, table = orbit_table(20.0, form)
    scenario = make({"kind": "table", "file": "path.csv"})
    assert table_names(scenario) == ["path.csv"]
    platform = Platform(scenario, {"path.csv": table})
    assert platform.moving
    times = np.linspace(0, 60, 61)
    (position, attitude), (wanted, facing) = platform.state(times), truth.state(times)
    assert np.linalg.norm(position - wanted, axis=1).max() < 1.0
    assert degrees_between(*(g.quaternion_to_matrix(q)[..., 2] for q in (attitude, facing))).max() < 1e-4
    fixed = Platform(make({"kind": "table", "file": "path.csv", "pointing": "fixed"}), {"path.csv": table})
    facing = Platform(make({"kind": "orbit", "preset": "leo", "pointing": "fixed"})).state(times)[1]
    attitude = fixed.state(times)[1]
    assert degrees_between(*(g.quaternion_to_matrix(q)[..., 2] for q in (attitude, facing))).max() < 0.01
    with pytest.raises(BadData, match=r"platform\.file: the table of positions does not reach"):
        platform.state(200.0)


def test_points_in_the_scenario() -> None:
    points = [
        {"time": f"{t} s", "latitude": "20 deg", "longitude": f"{-81 + t / 100} deg", "altitude": "20 km"}
        for t in (0, 30, 60)
    ]
    table = {"kind": "table", "points": points, "boresight_latitude": "20.1 deg"}
    scenario = make(table)
    assert table_names(scenario) == table_names(make({})) == []
    lat, lon, height = g.itrs_to_geodetic(Platform(scenario).state(45.0)[0])
    assert (lat, lon, height) == pytest.approx((20, -80.55, 20e3), abs=0.1)
    still = make({**table, "points": [{**p, "longitude": "-80 deg"} for p in points]})
    assert not Platform(still).moving


def test_bad_tables() -> None:
    scenario = make({"kind": "table", "file": "p.csv"})
    _, table = orbit_table(20.0, "itrs")

    low = orbit_table(20.0, "geodetic")[1]
    low["altitude_m"][4] = -3e3

    def broken(row: int, column: str, value: float) -> dict[str, np.ndarray]:
        out = table.copy()
        out[column][row] = value
        return {"p.csv": out}

    for tables, message in [
        ({}, r"platform\.file: the table was not loaded; found 'p\.csv'"),
        ({"p.csv": table[["time_s", "x_m"]]}, r"lacks columns; found 'time_s, x_m'; allowed: time_s, x_m, y_m, z_m or"),
        ({"p.csv": table[:1]}, "the table is too short; found '1 rows'"),
        ({"p.csv": table[:3]}, r"does not reach the whole run; found '20.*s'; allowed: -20 s to 20 s"),
        (broken(2, "y_m", np.nan), "the table has a gap; found 'row 2'"),
        (broken(3, "time_s", 5.0), "goes back in time; found 'row 3: 5 s'; allowed: more than 20 s"),
        ({"p.csv": low}, "the sensor is below the ground; found 'row 4: -3 km'"),
    ]:
        with pytest.raises(BadData, match=message):
            Platform(scenario, tables)


def test_a_spline_may_dive_below_the_ground_between_its_rows() -> None:
    steep = [
        {"time": f"{t} s", "latitude": "20 deg", "longitude": "-80 deg", "altitude": f"{h} km"}
        for t, h in ((0, 900), (20, 1), (40, 1), (60, 900))
    ]
    table = {"kind": "table", "points": steep, "boresight_latitude": "20 deg"}
    with pytest.raises(
        BadData, match=r"platform: the sensor is below the ground; found '-\d+.* km at .* s'; allowed: above"
    ):
        Platform(make(table))


ORBIT = '[platform]\nkind = "orbit"\n'
TLE = f'[platform]\nkind = "tle"\nline1 = "{VANGUARD[0]}"\nline2 = "{VANGUARD[1]}"\n'
POINT = '{time="%s s",latitude="1 deg",longitude="2 deg",altitude="700 km"}'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[platform]\nkind = "airship"', r"platform\.kind: is not known; found 'airship'; allowed: geo, orbit, tle"),
        ('[platform]\nboresight_latitude = "85 deg"', r"boresight_latitude = 85\.0 deg is out of sight"),
        ('[platform]\npointing = "wander"', r"platform\.pointing: input should be 'track', 'fixed' or 'nadir'"),
        ('[platform]\nboresight_altitude = "nan km"', r"platform\.boresight_altitude: is not a finite number"),
        (ORBIT + "eccentricity = 1.0", r"platform\.eccentricity: should be less than 1; found 1\.0"),
        (ORBIT + "eccentricity = nan", r"platform\.eccentricity: should be"),
        (ORBIT + 'altitude = "80 km"', "the perigee is 80 km above the equator's radius; allowed: at least 100 km"),
        (ORBIT + "eccentricity = 0.1", "the perigee is -187"),
        (ORBIT + 'altitude = "1 km"\nperiod = "90 min"', "altitude and period say the same; allowed: one of semi_m"),
        (ORBIT + 'raan = "1 deg"\nnode_longitude = "1 deg"', "raan and node_longitude say the same"),
        (ORBIT + 'mean_anomaly = "1 deg"\ntrue_anomaly = "1 deg"', "mean_anomaly and true_anomaly say the same"),
        (ORBIT + 'apogee_longitude = "1 deg"', r"apogee_longitude has no meaning at eccentricity = 0;"),
        (ORBIT + 'preset = "sso"\naltitude = "9000 km"', "no inclination makes an orbit of semi-major axis"),
        (ORBIT + 'inclination = "200 deg"', r"platform\.inclination: should be less than or equal to 180 deg"),
        (ORBIT + 'longitude = "3 deg"', r"platform\.longitude: unknown key"),
        (TLE.replace("4753", "4754"), r"platform\.line1: has the wrong checksum '4'; allowed: 3"),
        (TLE.replace("2 00005", "2 0005"), r"platform\.line2: is no two-line element; allowed: 69 characters"),
        (TLE.replace("2 00005", "2 00014"), "line1 and line2 are of two satellites, 00005 and 00014; allowed: one"),
        ('[platform]\nkind = "tle"', r"platform\.line1: required key is missing"),
        ('[platform]\nkind = "table"', "a table needs its places; allowed: one of file, points"),
        (f'[platform]\nkind = "table"\npoints = [{POINT % 0}]', "points has 1 places; allowed: at least 2"),
        (
            f'[platform]\nkind = "table"\npoints = [{POINT % 5}, {POINT % 5}]',
            r"points\[1\]\.time = 5 s does not come after 5 s; allowed: increasing times",
        ),
        ('[scan]\nkind = "spinning"', r"scan\.kind: is not known; found 'spinning'; allowed: staring, step_stare, sc"),
        ('[scan]\nkind = "staring"\nrow_period = "1 s"', r"scan\.row_period: unknown key"),
        ('[scan]\nkind = "scanning"\nrow_period = "0 s"', r"row_period: should be greater than or equal to 0.000001 s"),
    ],
)  # fmt: skip
def test_one_clear_line(text: str, message: str) -> None:
    with pytest.raises(BadData, match=message):
        parse_toml(text, Scenario, name="s.toml")


@pytest.mark.parametrize("text", [ORBIT, TLE, f'[platform]\nkind = "table"\npoints = [{POINT % 0}, {POINT % 90}]\n'])
def test_written_and_read_again(text: str) -> None:
    scenario = parse_toml(text + '[scan]\nkind = "step_stare"', Scenario)
    assert parse_toml(scenario.to_toml(), Scenario) == scenario
