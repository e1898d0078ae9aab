"""How well one course of the light or another explains a track: evidence of exponential growth from running sums."""

from boostwatch_kernels.evidence import line_evidence

__all__ = ["line_evidence"]
