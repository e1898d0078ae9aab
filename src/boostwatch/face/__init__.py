"""The Python face: what ``boostwatch.NAME`` gives to scripts and notebooks, as objects with units and times.

The only place where tables of the house become astropy's, pandas' and xarray's. It computes nothing: `pipeline` does.
"""

from __future__ import annotations

from boostwatch.face.calls import detect, export, open_events, open_stack, report, score, track
from boostwatch.face.events import Events
from boostwatch.face.followed import Track
from boostwatch.face.scored import Score
from boostwatch.face.stack import Stack, StackTruth

__all__ = [
    "Events", "Score", "Stack", "StackTruth", "Track", "detect", "export", "open_events", "open_stack", "report",
    "score", "track",
]  # fmt: skip
