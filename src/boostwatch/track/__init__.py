"""Detections to tracks, classes and located launch events; sees no truth."""

from .follow import Follower, FollowResult

__all__ = ["FollowResult", "Follower"]
