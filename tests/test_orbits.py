"""Orbits against their closed forms, a numerical integration, the cases of SGP4's authors, and astropy."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
import sgp4
from astropy.coordinates import ITRS, TEME, CartesianRepresentation
from astropy.time import Time
from scipy.integrate import solve_ivp

from boostwatch import geometry as g
from boostwatch import orbits
from boostwatch.errors import BadData, UsageError
from boostwatch.orbits import Elements

LEO = Elements(6878e3, 0.001, np.radians(51.6), 1.0, 2.0, 0.5)
MOLNIYA = Elements(orbits.semi_major_axis_m(43082.0), 0.72, np.radians(63.4349), 1.0, np.radians(270), 3.0)
ORBITS = [
    LEO,
    MOLNIYA,
    Elements(42164e3, 0.0, 0.0, 0.0, 0.0, 0.0),
    Elements(1e8, 0.93, np.radians(150), 5.0, 4.0, -9.0),
]


@pytest.mark.parametrize("elements", ORBITS)
def test_two_bodies_keep_energy_and_momentum_and_come_back(elements: Elements) -> None:
    period = 2 * np.pi / elements.mean_motion_rad_s
    r, v = orbits.propagate(elements, np.linspace(0, period, 400), j2=False)
    energy = 0.5 * (v**2).sum(1) - g.EARTH_MU_M3_S2 / np.linalg.norm(r, axis=1)
    np.testing.assert_allclose(energy, -g.EARTH_MU_M3_S2 / 2 / elements.semi_major_axis_m, rtol=1e-11)
    momentum = np.cross(r, v)
    size = np.sqrt(g.EARTH_MU_M3_S2 * elements.semi_major_axis_m * (1 - elements.eccentricity**2))
    np.testing.assert_allclose(momentum, [momentum[0]] * 400, atol=1e-11 * size)
    assert np.linalg.norm(momentum[0]) == pytest.approx(size, rel=1e-12)
    assert momentum[0, 2] == pytest.approx(size * np.cos(elements.inclination_rad), abs=1e-10 * size)
    np.testing.assert_allclose(r[-1], r[0], atol=1e-6 * elements.semi_major_axis_m * 1e-3)
    perigee = -elements.mean_anomaly_rad / elements.mean_motion_rad_s
    apsides = np.linalg.norm(orbits.propagate(elements, [perigee, perigee + period / 2], j2=False)[0], axis=1)
    e = elements.eccentricity
    np.testing.assert_allclose(apsides, elements.semi_major_axis_m * np.array([1 - e, 1 + e]), rtol=1e-11)


@pytest.mark.parametrize("elements", ORBITS)
@pytest.mark.parametrize("j2", [False, True])
def test_velocity_is_the_rate_of_position(elements: Elements, j2: bool) -> None:
    times = np.linspace(-1e5, 1e5, 50)
    ahead, behind = (orbits.propagate(elements, times + h, j2=j2)[0] for h in (0.1, -0.1))
    _, v = orbits.propagate(elements, times, j2=j2)
    np.testing.assert_allclose((ahead - behind) / 0.2, v, atol=2e-4)


def test_kepler_is_solved_for_any_eccentricity_and_each_element_for_itself() -> None:
    mean, e = np.meshgrid(np.linspace(-20, 20, 401), [0.0, 0.1, 0.72, 0.95, 0.999])
    anomaly = orbits.solve_kepler(mean, e)
    np.testing.assert_allclose(anomaly - e * np.sin(anomaly), mean, atol=2e-14 * 20)
    alone = [orbits.solve_kepler(m, 0.72) for m in mean[2]]
    np.testing.assert_array_equal(alone, anomaly[2])


def test_true_anomaly() -> None:
    for wanted in (-3.0, -0.5, 0.0, 1.0, 2.5):
        mean = orbits.mean_from_true_anomaly(wanted, 0.72)
        r, _ = orbits.propagate(Elements(2.6e7, 0.72, 0.0, 0.0, 0.0, mean), 0.0, j2=False)
        assert np.arctan2(r[1], r[0]) == pytest.approx(wanted, abs=1e-12)


def test_drift_of_the_node_is_the_formula_and_an_integration_of_the_force() -> None:
    """First-order theory leaves errors of the order of J2, 0.1 %, and what is short-periodic at the ends."""
    rates = orbits.secular_j2_rates(LEO)
    p = LEO.semi_major_axis_m * (1 - LEO.eccentricity**2)
    formula = -1.5 * orbits.J2 * (g.WGS84_A_M / p) ** 2 * LEO.mean_motion_rad_s * np.cos(LEO.inclination_rad)
    day = 86400.0
    times = np.linspace(0, day, 1500)
    node, tilt = LEO.raan_rad + formula * times, LEO.inclination_rad
    normal = np.stack([np.sin(node) * np.sin(tilt), -np.cos(node) * np.sin(tilt), np.full_like(node, np.cos(tilt))], -1)
    r, _ = orbits.propagate(LEO, times)
    np.testing.assert_allclose((r * normal).sum(1), 0, atol=1e-3)
    assert rates.raan_rad_s == pytest.approx(formula, rel=1e-12)

    def force(_: float, y: np.ndarray) -> np.ndarray:
        r = np.linalg.norm(y[:3])
        k = 1.5 * orbits.J2 * (g.WGS84_A_M / r) ** 2
        z2 = 5 * (y[2] / r) ** 2
        scale = -g.EARTH_MU_M3_S2 / r**3 * np.array([1 - k * (z2 - 1), 1 - k * (z2 - 1), 1 - k * (z2 - 3)])
        return np.concatenate([y[3:], scale * y[:3]])

    start = np.concatenate(orbits.propagate(LEO, 0.0, j2=False))
    y = solve_ivp(force, (0, day), start, "DOP853", times, rtol=1e-10, atol=1e-4).y
    h = np.cross(y[:3], y[3:], axis=0)
    slope = np.polyfit(times, np.unwrap(np.arctan2(h[0], -h[1])), 1)[0]
    assert slope == pytest.approx(rates.raan_rad_s, rel=0.01)


def test_sun_synchronous_and_frozen_orbits() -> None:
    a = g.WGS84_A_M + 700e3
    inclination = orbits.sun_synchronous_inclination_rad(a, 0.0)
    assert np.degrees(inclination) == pytest.approx(98.19, abs=0.02)  # the textbook's figure
    rates = orbits.secular_j2_rates(Elements(a, 0.0, inclination, 0, 0, 0))
    assert np.degrees(rates.raan_rad_s) * 86400 == pytest.approx(360 / 365.2422, rel=1e-6)
    assert orbits.secular_j2_rates(MOLNIYA).argument_of_perigee_rad_s == pytest.approx(0, abs=1e-12)
    with pytest.raises(ValueError, match="no inclination makes an orbit of semi-major axis 15000 km sun-synchronous"):
        orbits.sun_synchronous_inclination_rad(1.5e7, 0.0)


def test_period_of_a_geostationary_orbit() -> None:
    assert orbits.semi_major_axis_m(86164.0905) == pytest.approx(g.GEO_RADIUS_M, abs=30)


def _cases() -> Iterator[tuple[str, str, np.ndarray]]:
    """Two-line elements and (minutes, x, y, z) in km of the verification of Vallado et al., as sgp4 ships it."""
    folder = Path(sgp4.__file__).parent
    lines = [line for line in (folder / "SGP4-VER.TLE").read_text().splitlines() if line[:2] in ("1 ", "2 ")]
    blocks: list[list[list[float]]] = []
    for line in (folder / "tcppver.out").read_text().splitlines():
        if line.rstrip().endswith("xx"):
            blocks.append([])
        elif line.strip():
            blocks[-1].append([float(word) for word in line.split()[:4]])
    for first, second, rows in zip(lines[::2], lines[1::2], blocks, strict=True):
        if first[2:6] == "3333":
            continue  # cases of its error codes, with elements damaged on purpose
        yield first[:69], second[:69], np.array(rows)


def _tle_epoch(line1: str) -> str:
    year = int(line1[18:20])
    start = datetime(year + (1900 if year >= 57 else 2000), 1, 1, tzinfo=UTC)
    return (start + timedelta(days=float(line1[20:32]) - 1)).isoformat()


def test_sgp4_within_a_metre_of_its_authors_cases() -> None:
    worst, compared = 0.0, 0
    for line1, line2, rows in _cases():
        r, _ = orbits.sgp4_states(line1, line2, _tle_epoch(line1), rows[:, 0] * 60)
        worst = max(worst, float(np.linalg.norm(r - rows[:, 1:] * 1e3, axis=1).max()))
        compared += len(rows)
    assert compared > 500
    assert worst < 1.0


@pytest.mark.parametrize("epoch", ["2006-06-25T07:00:00Z", "2026-06-21T15:00:00Z", "2060-01-01T00:00:00Z"])
def test_teme_to_itrs_is_that_of_astropy(epoch: str) -> None:
    r = np.array([7e6, -2e7, 3.4e7])
    rotation = orbits.EarthRotation.measured(epoch)
    beyond_tables_m = 100.0 if epoch > "2050" else 0.0  # astropy then takes a mean pole instead of the last one
    for seconds, allowed_m in ((0.0, 0.01), (86400.0, 1.0)):
        with g.offline_earth_orientation():
            time = Time(g.utc_after(epoch, seconds)[:-1], scale="utc")
            teme = TEME(CartesianRepresentation(r * u.m), obstime=time)
            theirs = teme.transform_to(ITRS(obstime=time)).cartesian.xyz.to_value("m")
        assert np.linalg.norm(rotation.to_itrs(r, seconds) - theirs) < allowed_m + beyond_tables_m
    without = orbits.EarthRotation(epoch).to_itrs(r, 0.0)
    assert np.linalg.norm(without - rotation.to_itrs(r, 0.0)) < 3000  # 0.9 s of time at 40 000 km
    assert np.linalg.norm(without) == pytest.approx(np.linalg.norm(r), rel=1e-14)


def test_sgp4_says_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    line1, line2, _ = next(iter(_cases()))
    damaged = line1.replace("00179", "0x179")
    with pytest.raises(
        BadData, match=r"platform\.line1: SGP4 fails 0 s after the epoch \(the elements are not all num"
    ):
        orbits.sgp4_states(damaged, line2, "2000-06-28", 0.0, place="platform.line1")
    decayed = next(case for case in _cases() if case[0].startswith("1 28872"))
    with pytest.raises(BadData, match=r"SGP4 fails 86400 s after the epoch \(.+decayed"):
        orbits.sgp4_states(decayed[0], decayed[1], _tle_epoch(decayed[0]), [0.0, 86400.0])
    monkeypatch.setitem(sys.modules, "sgp4.api", None)
    with pytest.raises(UsageError, match=r"need the package sgp4; allowed: install the extra: .*boostwatch\[tle\]"):
        orbits.sgp4_states(line1, line2, "2000-06-28", 0.0)
