"""The labelled stacks: unharmed, made again from their seed, and the whole chain on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from boostwatch import pipeline, store
from boostwatch.scene.scenario import Scenario
from boostwatch.settings import read_toml
from tests.regression.stacks import NAMES, SYNTHETIC, make

FAR = 1.52
"""Distance in 95 % ellipses that an honest one exceeds once in a thousand: sqrt(chi2(0.999) / chi2(0.95)), two degrees.

A single stack may well lie outside of 95 %; how often that happens is measured over many in `benchmarks.demo_seeds`.
"""


def test_checksums() -> None:
    lines = (SYNTHETIC / "SHA256SUMS").read_text().split("\n")[:-1]
    assert [line.split("  ")[1] for line in lines] == [f"{name}.stack.h5" for name in NAMES]
    for line in lines:
        digest, file = line.split("  ")
        assert store.sha256(SYNTHETIC / file) == digest
    assert sum((SYNTHETIC / f"{name}.stack.h5").stat().st_size for name in NAMES) < 12e6


@pytest.mark.parametrize("name", NAMES)
def test_made_again(name: str, tmp_path: Path) -> None:
    one, two = make(name, tmp_path / "1.h5", jobs=1), make(name, tmp_path / "2.h5", jobs=2)
    assert one.read_bytes() == two.read_bytes()
    assert store.validate(one) == []
    with store.open_stack(one) as new, store.open_stack(SYNTHETIC / f"{name}.stack.h5") as kept:
        assert new.scenario_toml == kept.scenario_toml
        # The libraries' vector code differs between processors in the last bit, which may move a rounding to DN.
        for a, b in zip(new.frames(), kept.frames(), strict=True):
            step = np.abs(a.data.astype(int) - b.data.astype(int))
            assert step.max() <= 1
            assert (step > 0).mean() < 1e-3
        assert np.allclose(new.line_of_sight, kept.line_of_sight, atol=1e-9)
        assert len(new.truth_samples) == len(kept.truth_samples)
        # Signals differ by 5e-7 between an Intel and an AMD processor.
        assert np.allclose(new.truth_samples["signal_e"], kept.truth_samples["signal_e"], rtol=2e-6)


def launches(stack: Path, out: Path) -> tuple[list[dict[str, object]], int]:
    """Run the chain; return a row a true launch and the number of false launch events."""
    pipeline.detect(stack, out, threads=2)
    score = pipeline.score(out, stack)
    return score.launches, score.false_alarms["false_launches"]


@pytest.mark.parametrize("name", NAMES)
def test_chain(name: str, tmp_path: Path) -> None:
    found, false = launches(SYNTHETIC / f"{name}.stack.h5", tmp_path / "events.h5")
    assert len(found) == (0 if name == "confusers" else 1)
    assert all(row["declared"] and row["launch_events"] == 1 for row in found)
    assert all(row["ellipse_distance"] < FAR for row in found)
    assert false == 0


def test_launch_over_a_real_image(tmp_path: Path) -> None:
    real = SYNTHETIC.parent / "real"
    scenario = read_toml(real / "goes16_launch.toml", Scenario)
    stack = pipeline.simulate(scenario, tmp_path / "real.h5", base=real, jobs=2).path
    found, false = launches(stack, tmp_path / "events.h5")
    assert [row["declared"] for row in found] == [True]
    assert false == 0


def test_real_still_through_import_and_single_mode(tmp_path: Path) -> None:
    """A real frame has no plume: what stands out of it must be rare. One added star of 20 sigma must be found."""
    image = np.load(SYNTHETIC.parent / "real" / "goes16_c07_mid.npy")
    rough = image - (np.roll(image, 1, 0) + np.roll(image, -1, 0) + np.roll(image, 1, 1) + np.roll(image, -1, 1)) / 4
    smooth = np.abs(rough) < np.median(np.abs(rough))
    y, x = next((y, x) for y in range(60, 200) for x in range(60, 200) if smooth[y - 3 : y + 4, x - 3 : x + 4].all())
    from boostwatch.sensor import gaussian_psf

    marked = image.copy()
    marked[y - 3 : y + 4, x - 3 : x + 4] += 1.0 * gaussian_psf(0.8).astype(np.float32)
    for name, still in (("real", image), ("marked", marked)):
        np.save(tmp_path / f"{name}.npy", still[None])
        store.import_frames([tmp_path / f"{name}.npy"], tmp_path / f"{name}.h5")
        settings = pipeline.chain_settings(None, mode="single")
        tables = pipeline.detect(tmp_path / f"{name}.h5", tmp_path / f"{name}.events.h5", settings=settings)
        near = np.hypot(tables.detections["x"] - x, tables.detections["y"] - y) < 1
        assert near.sum() == (name == "marked")
        assert len(tables.detections) < 20
        assert not np.any(tables.events["kind"] == b"launch")
