"""What a scene may ask of a machine, and objects that no frame could show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from boostwatch import cli, pipeline
from boostwatch.errors import BadData
from boostwatch.geometry import geodetic_to_itrs, quaternion_to_matrix
from boostwatch.scene import limits
from boostwatch.scene.render import Renderer
from boostwatch.scene.scenario import Scenario
from boostwatch.settings import parse_toml

from .bad_scenarios import SMALL, thing
from .test_bad_scenarios import refused

Captured = pytest.CaptureFixture[str]

ALLOWED = 'outside_view = "allow"\n'
LONG = SMALL.replace("frames = 3", "frames = 400")
FIELDS = SMALL + '[scan]\nkind = "step_stare"\ncolumns = 3\noverlap = "2 px"\n'


def test_memory_is_counted_before_it_is_taken(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = parse_toml("[sensor]\nwidth = 1024\nheight = 1024", Scenario)
    plain = limits.need_bytes(scenario, 0.0, limb=False)
    cells = (1024 + 64) ** 2 * 4
    assert plain == pytest.approx(400e6 + cells * (2 * 24 + 60) + 1024**2 * 2 * 40)
    assert limits.need_bytes(scenario, 40.0, limb=False) > plain
    assert limits.need_bytes(scenario, 0.0, limb=True) == plain + 350 * cells
    assert limits.need_bytes(scenario, 0.0, limb=False, fields=3) == plain + 2 * 48 * cells
    assert limits.need_bytes(scenario, 0.0, limb=False, fields=99) == plain + (limits.MOST_FIELDS - 1) * 48 * cells
    assert limits.memory_bytes() > 1e9
    monkeypatch.setattr(limits, "memory_bytes", lambda: 4e9)
    path = tmp_path / "s.toml"
    path.write_text("[sensor]\nwidth = 4096\nheight = 4096")
    (line,) = refused(path, capsys)
    assert "sensor: the scene takes too much memory" in line
    assert "allowed: at most 3.35 GiB on this machine" in line
    path.write_text("[sensor]\nwidth = 512\nheight = 512")
    assert cli.run(["validate", str(path)]) == 0


@pytest.mark.parametrize(
    "text",
    [
        thing("launch", 'ignition = "1 s"'),  # lit just before the last exposure ends
        thing("launch", 'ignition = "-200 s"', latitude="28.2 deg"),  # far down range; its trail is still there
        thing("fire", 'start = "-9 s"\nend = "0 s"'),
        thing("fire", 'power = "1 GW"', latitude="28.35 deg"),  # its light reaches the frame
        thing("lightning", 'flashes_per_minute = 1e-9'),  # a storm without a flash is bad luck, no bad scenario
        thing("lightning", 'radius = "200 km"', latitude="29.2 deg"),
        thing("bolide", 'start = "0 s"\nspeed = "72 km/s"'),
        thing("aircraft", 'heading = "90 deg"', longitude="-81.2 deg").replace(SMALL, LONG),
        thing("fire", longitude="-80.2 deg").replace(SMALL, FIELDS),
        ALLOWED + thing("fire", latitude="20 deg"),
        ALLOWED + thing("launch"),
    ],
)  # fmt: skip
def test_what_may_come_into_view_is_allowed(text: str, tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "s.toml"
    path.write_text(text)
    assert cli.run(["validate", str(path)]) == 0, capsys.readouterr().err


def test_the_renderer_refuses_what_the_command_line_refuses() -> None:
    with pytest.raises(BadData, match=r"objects\[0\]: the fire is never in view"):
        Renderer(parse_toml(thing("fire", latitude="20 deg"), Scenario))
    allowed = ALLOWED + thing("fire", latitude="20 deg")
    assert not len(Renderer(parse_toml(allowed, Scenario)).frame(0).samples)


def test_the_distance_from_the_frame_is_in_pixels() -> None:
    """One more degree of longitude is as many pixels further out as the projection says."""
    out = []
    for longitude in ("-79.6 deg", "-78.6 deg"):
        with pytest.raises(BadData) as caught:
            Renderer(parse_toml(thing("fire", longitude=longitude), Scenario))
        out.append(float(str(caught.value.found).split()[0]))
    renderer = Renderer(parse_toml(SMALL, Scenario))
    _, attitude = renderer._platform.state(0.0)
    place = geodetic_to_itrs(28.2, np.array([-79.6, -78.6]))
    x, y = renderer.sensor.project((place - renderer.position_m[0]) @ quaternion_to_matrix(attitude))
    wanted = np.hypot(np.maximum(x - 31.5, 0), np.maximum(np.abs(y - 11.5) - 12, 0))
    np.testing.assert_allclose(out, wanted, atol=0.05)


def test_a_seed_of_the_command_line_is_checked_too(tmp_path: Path, capsys: Captured) -> None:
    """Sixteen slow tones of 100 px pass the 400 px of margin at the epoch, or do not, by their phases."""
    tones = '{frequency = "1e-3 Hz", amplitude = "100 px"}, ' * 16
    path = tmp_path / "s.toml"
    path.write_text(f"{SMALL}[line_of_sight]\ntones = [{tones}]")
    far = []
    for seed in range(40):
        try:
            pipeline.check_scenario(path, seed=seed)
        except BadData:
            far.append(seed)
    assert 0 < len(far) < 20
    out = tmp_path / "x.h5"
    assert cli.run(["simulate", str(path), "-o", str(out), "--seed", str(far[0])]) == 65
    assert capsys.readouterr().err.startswith(f"boostwatch: error: {path}: line_of_sight: carries the scene too far")
    assert not out.exists()
