"""The sequence: scenario -> frames -> detections -> tracks -> events -> score. Opens the store; the wings never do."""

from __future__ import annotations

from boostwatch.pipeline.chain import chain_settings, detect, detect_in, follow, track
from boostwatch.pipeline.common import Progress
from boostwatch.pipeline.filming import MOST_MEGABYTES, MOST_MP4_FRAMES, Filmed, film, picture
from boostwatch.pipeline.generate import Simulated, check_scenario, simulate
from boostwatch.pipeline.in_memory import ArrayFrames, Figures, frames_of_simulation
from boostwatch.pipeline.judge import Demo, demo, draw, score, score_in, score_many, score_plots
from boostwatch.pipeline.reporting import Report, report
from boostwatch.pipeline.sightings import Said
from boostwatch.pipeline.simulation import Simulation, Truth, render
from boostwatch.pipeline.source import FrameSource
from boostwatch.pipeline.watching import Watched, watch

__all__ = [
    "MOST_MEGABYTES", "MOST_MP4_FRAMES", "ArrayFrames", "Demo", "Figures", "Filmed", "FrameSource", "Progress",
    "Report", "Said", "Simulated", "Simulation", "Truth", "Watched", "chain_settings", "check_scenario", "demo",
    "detect", "detect_in", "draw", "film", "follow", "frames_of_simulation", "picture", "render", "report", "score",
    "score_in", "score_many", "score_plots", "simulate", "track", "watch",
]  # fmt: skip
