"""Random scenarios: valid ones render, broken ones are refused or render; never an exception of another kind."""

from __future__ import annotations

import numpy as np
import tomli_w
from hypothesis import HealthCheck, given, settings

from boostwatch.errors import BadData
from boostwatch.scene.plan import check
from boostwatch.scene.render import Renderer
from boostwatch.scene.scenario import Scenario
from boostwatch.settings import parse_toml

from .strategies import Table, broken, scenarios

MOST_CELLS = 50_000
calm = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def render(scenario: Scenario) -> None:
    """Render the first and the last frame; truth and scene are finite."""
    renderer = Renderer(scenario)
    for i in {0, renderer.n_frames - 1}:
        frame = renderer.frame(i)
        assert frame.data.shape == renderer.shape
        assert np.isfinite(renderer.scene(i)).all()
        for name in frame.samples.dtype.names or ():
            assert np.isfinite(frame.samples[name]).all()
        assert (frame.samples["snr"] >= 0).all()
        inside = (np.abs(frame.samples["x"] - renderer.sensor.cx) <= renderer.shape[2] / 2) & (
            np.abs(frame.samples["y"] - renderer.sensor.cy) <= renderer.shape[1] / 2
        )
        assert inside.all()


@settings(calm, max_examples=40)
@given(scenarios())
def test_valid_scenarios_render(table: Table) -> None:
    scenario = parse_toml(tomli_w.dumps(table), Scenario)
    assert parse_toml(scenario.to_toml(), Scenario) == scenario
    check(scenario, {}, {})
    render(scenario)


@settings(calm, max_examples=100)
@given(broken())
def test_broken_scenarios_are_refused_or_render(table: Table) -> None:
    try:
        scenario = parse_toml(tomli_w.dumps(table), Scenario)
        check(scenario, {}, {})
    except BadData:
        return
    cells = scenario.sensor.width * scenario.sensor.height * scenario.oversample**2
    if cells < MOST_CELLS and scenario.n_frames < 10_000:
        render(scenario)
