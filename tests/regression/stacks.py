"""Make the labelled stacks of ``data/synthetic`` from their scenarios: ``python -m tests.regression.stacks``."""

from __future__ import annotations

import sys
from pathlib import Path

from boostwatch import pipeline, store
from boostwatch.scene.scenario import Scenario
from boostwatch.settings import read_toml

SYNTHETIC = Path(__file__).parents[2] / "data" / "synthetic"
NAMES = ("night_ocean", "cloudy_day", "confusers")
CREATED = "2026-11-23T00:00:00Z"
"""Written into the files in place of the clock, so that the same content is the same bytes."""


def make(name: str, out: Path, *, jobs: int = 1) -> Path:
    """Render one of the scenarios."""
    scenario = read_toml(SYNTHETIC / f"{name}.toml", Scenario)
    return pipeline.simulate(scenario, out, base=SYNTHETIC, jobs=jobs, created=CREATED).path


def main() -> None:
    lines = []
    for name in NAMES:
        path = make(name, SYNTHETIC / f"{name}.stack.h5")
        lines.append(f"{store.sha256(path)}  {path.name}\n")
        print(path, f"{path.stat().st_size / 1e6:.2f} MB")
    (SYNTHETIC / "SHA256SUMS").write_text("".join(lines))


if __name__ == "__main__":
    sys.exit(main())
