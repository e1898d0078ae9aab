"""How well one path or another explains a track: evidence of polynomial motion from running sums."""

from boostwatch_kernels.evidence import ascent_evidence, focal_evidence
from boostwatch_kernels.tracks import TIME_UNIT_S, WINDOW_S

__all__ = ["TIME_UNIT_S", "WINDOW_S", "ascent_evidence", "focal_evidence"]
