"""Are headline figures worse than the stored ones?

A figure is worse by the ratio of how bad it is now to how bad it was: itself where lower is better, one over itself
where higher is, and its distance from the goal as a ratio where it should be near that. More than `TOLERANCE` counts,
unless the two intervals (90 %) overlap: then the difference is noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

TOLERANCE = 0.10
Figure = dict[str, Any]


class Change(NamedTuple):
    """What became of a headline figure: ``worse``, ``better``, ``noise``, ``same``, ``new``, ``missing`` or ``other``.

    ``other``: a time, stored on another processor. ``share`` is how much worse, negative for better.
    """

    verdict: str
    name: str
    old: float | None
    new: float | None
    share: float | None = None

    def told(self) -> str:
        """Return the line that people read."""
        text = f"{self.verdict}: {self.name} {_told(self.old)} -> {_told(self.new)}"
        return text if self.share is None else f"{text} ({100 * self.share:+.0f} %)"


def _told(value: float | None) -> str:
    return "none" if value is None else f"{value:.3g}" if abs(value) < 1 else f"{value:.2f}"


def badness(value: float, figure: Figure) -> float:
    """Return a positive number that is the greater the worse the figure is; infinite for what cannot be."""
    if value <= 0.0:
        return 0.0 if figure["better"] == "lower" else float("inf")
    if figure["better"] == "lower":
        return value
    if figure["better"] == "higher":
        return 1.0 / value
    return float(max(value / figure["goal"], figure["goal"] / value))


def overlap(a: Figure, b: Figure) -> bool:
    """Whether both figures have intervals, and these have something in common; an end that is missing is open."""
    if all(f[end] is None for f in (a, b) for end in ("low", "high")):
        return False
    ends = [
        (f["value"], f["value"]) if f["low"] is None and f["high"] is None else (
            float("-inf") if f["low"] is None else f["low"], float("inf") if f["high"] is None else f["high"]
        )
        for f in (a, b)
    ]  # fmt: skip
    return bool(ends[0][0] <= ends[1][1] and ends[1][0] <= ends[0][1])


def judge(name: str, old: Figure, new: Figure, *, same_processor: bool) -> Change:
    """Return what became of one figure."""
    was, now = old["value"], new["value"]
    if new["timed"] and not same_processor:
        return Change("other", name, was, now)
    if was is None or now is None:
        return Change("same" if was == now else "worse" if now is None else "better", name, was, now)
    before, after = badness(was, new), badness(now, new)
    if before == after:
        return Change("same", name, was, now, 0.0)
    share = after / before - 1.0 if before > 0 else float("inf")
    if -TOLERANCE / (1.0 + TOLERANCE) <= share <= TOLERANCE:
        return Change("same", name, was, now, share)
    if overlap(old, new):
        return Change("noise", name, was, now, share)
    return Change("worse" if share > 0 else "better", name, was, now, share)


def compare(stored: Sequence[dict[str, Any]], found: Sequence[dict[str, Any]]) -> list[Change]:
    """Return what became of every headline figure of the benchmarks that ran, against the stored objects."""
    before = {one["name"]: one for one in stored}
    out = []
    for one in found:
        then = before.get(one["name"])
        old = {} if then is None else {f["name"]: f for f in then["headline"]}
        new = {f["name"]: f for f in one["headline"]}
        same = then is not None and then["environment"]["processor"] == one["environment"]["processor"]
        for name, figure in new.items():
            full = f"{one['name']}: {name}"
            if name not in old:
                out.append(Change("new", full, None, figure["value"]))
            else:
                out.append(judge(full, old[name], figure, same_processor=same))
        out += [
            Change("missing", f"{one['name']}: {name}", f["value"], None) for name, f in old.items() if name not in new
        ]
    return out
