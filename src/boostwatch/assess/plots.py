"""Pictures of a score: each figure with its interval and, where there is one, its limit."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from boostwatch.assess.calibration import QUANTITIES
from boostwatch.assess.intervals import binomial_interval
from boostwatch.assess.latency import latencies
from boostwatch.assess.score import Row, Score
from boostwatch.assess.style import BAND_COLOURS, SECOND, quiet
from boostwatch.assess.table import confusion_matrix, number
from boostwatch.assess.things import STAGES
from boostwatch.errors import BoostwatchError
from boostwatch.wording import counted

DPI: Final = 110
FOUND, LIMIT = BAND_COLOURS[0], "0.4"
GROUP_COLOURS: Final = (BAND_COLOURS[3], BAND_COLOURS[2], BAND_COLOURS[1], BAND_COLOURS[0])
LATEST_S: Final = 60.0
"""End of the axis of latencies: what comes later counts as not yet there."""


def drawn(score: Score, form: str = "png") -> dict[str, bytes]:
    """Return the pictures of a score by name, those of which there is something to show.

    Parameters
    ----------
    score : Score
        Of one scene or pooled.
    form : str
        ``png`` or ``svg``.

    Returns
    -------
    dict of str to bytes
        ``detection``, ``roc``, ``latency``, ``position``, ``calibration``, ``reliability``, ``confusion``.

    Raises
    ------
    BoostwatchError
        matplotlib is not installed.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError:
        raise BoostwatchError(
            "plots need matplotlib", allowed="install the extra: pip install 'boostwatch[plot]'"
        ) from None
    out = {}
    with matplotlib.rc_context({"svg.hashsalt": "boostwatch", "font.size": 9.0, "font.family": "DejaVu Sans"}):
        for name, (size, draw, wanted) in PICTURES.items():
            if not wanted(score):
                continue
            figure = Figure(figsize=size(score), dpi=DPI, facecolor="white", layout="constrained")
            draw(figure, score)
            buffer = io.BytesIO()
            figure.savefig(buffer, format=form, metadata={"Date": None} if form == "svg" else {"Software": None})
            out[name] = buffer.getvalue()
    return out


def _bars(rows: Sequence[Row], name: str) -> np.ndarray:
    """Return the lengths of error bars (2, N) down and up."""
    return np.array([[r[name] - r[f"{name}_low_95"] for r in rows], [r[f"{name}_high_95"] - r[name] for r in rows]])


def _title(axes: Any, text: str, note: str = "") -> None:
    axes.set_title(text, loc="left", fontsize=10, fontweight="bold", pad=20 if note else 6)
    if note:
        axes.text(0, 1.025, note, transform=axes.transAxes, fontsize=8, color=SECOND, va="bottom")


def _middle(row: Row) -> float:
    """Return where a bin of truth snr is drawn: its geometric middle."""
    low, high = max(row["snr_from"], 0.5), row["snr_to"]
    return math.sqrt(low * high) if math.isfinite(high) else 1.5 * low


def _plain_log(axis: Any) -> None:
    """Mark 1, 2 and 5 times the powers of ten, written out."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))


def _snr_axis(axes: Any) -> None:
    axes.set_xscale("log")
    axes.set_xticks([1, 2, 3, 5, 8, 15, 30], labels=["1", "2", "3", "5", "8", "15", "30"])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("truth snr (matched filter)")


def _detection(figure: Any, score: Score) -> None:
    axes = figure.add_subplot()
    quiet(axes)
    rows = [row for row in score.detection if row["band"] < 0]
    x = [_middle(row) for row in rows]
    axes.plot(
        x,
        [r["clairvoyant_probability"] for r in rows],
        "--",
        color=LIMIT,
        lw=1.3,
        label="limit: clairvoyant",
    )
    axes.errorbar(
        x, [r["probability"] for r in rows], _bars(rows, "probability"), fmt="o-", ms=4, lw=1.2, color=FOUND,
        elinewidth=1, capsize=2, label="found, 95 % interval",
    )  # fmt: skip
    _snr_axis(axes)
    axes.set(ylim=(-0.03, 1.03), ylabel="detection probability")
    axes.legend(frameon=False, loc="upper left")
    total = sum(row["samples"] for row in rows)
    per_mpx = number(score.false_alarms["false_detections_per_mpx"])
    _title(
        axes, "Detection by signal-to-noise ratio", f"{counted(total, 'sample')}, {per_mpx} false detections per Mpx"
    )


def _roc(figure: Any, score: Score) -> None:
    axes = figure.add_subplot()
    quiet(axes)
    rows = score.roc
    false = np.array(rows["false_detections"])
    x = false / rows["megapixels"]
    seen = false > 0
    for group, colour in zip(rows["groups"], GROUP_COLOURS, strict=False):
        n, hits = group["samples"], np.array(group["detected"])
        ends = np.array([binomial_interval(int(k), n) for k in hits])
        axes.fill_between(x[seen], *ends[seen].T, color=colour, alpha=0.13, lw=0)
        label = f"snr {group['snr_from']:g} to {group['snr_to']:g} ({n})"
        axes.plot(x[seen], hits[seen] / n, color=colour, lw=1.5, label=label)
        axes.plot(x[seen], np.array(group["clairvoyant_probability"])[seen], "--", color=colour, lw=1.1)
    axes.plot([], [], "--", color=LIMIT, lw=1.1, label="limit: clairvoyant")
    axes.set_xscale("log")
    axes.set(ylim=(-0.03, 1.03), xlabel="false detections (1/Mpx)", ylabel="detection probability")
    _plain_log(axes.xaxis)
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0), title="truth snr (samples)")
    _title(axes, "Detection against false alarms", "Single frames, by threshold; shaded: 95 % interval")


def _latency(figure: Any, score: Score) -> None:
    axes = figure.add_subplot()
    quiet(axes)
    due = [r for r in score.objects if r["kind"] == "launch" and math.isfinite(r["clairvoyant_time_s"])]
    first = -2.0
    for stage, colour in zip(STAGES, (BAND_COLOURS[3], BAND_COLOURS[2], FOUND), strict=True):
        values = sorted(min(v, 1e9) for v in latencies(due, stage, launches=True))
        limit = sorted(v if math.isfinite(v := r[f"cusum_{stage}_after_s"]) else 1e9 for r in due)
        first = min(first, values[0] - 1, limit[0] - 1)
        n = len(values)
        x, y = np.array([-1e3, *values, 2e9]), np.array([*range(n + 1), n]) / n
        ends = np.array([binomial_interval(round(k * n), n) for k in y])
        axes.fill_between(x, *ends.T, step="post", color=colour, alpha=0.10, lw=0)
        axes.step(x, y, where="post", color=colour, lw=1.6, label=stage)
        axes.step(np.array([-1e3, *limit, 2e9]), y, where="post", color=colour, lw=1.0, ls="--")
    axes.plot([], [], "--", color=LIMIT, lw=1.0, label="limit: CUSUM")
    axes.axvline(0, color="0.8", lw=0.8, zorder=0)
    axes.set(
        xlim=(max(first, -20), LATEST_S), ylim=(0, 1.03), ylabel="share of launches",
        xlabel="time after the clairvoyant's first call (s)",
    )  # fmt: skip
    axes.legend(frameon=False, loc="lower right")
    _title(
        axes, f"Latency of {counted(len(due), 'launch')}", "Shaded: 95 % interval; what is not reached stays below 1"
    )


def _position(figure: Any, score: Score) -> None:
    axes = figure.add_subplot()
    quiet(axes)
    rows = score.position
    x, rms = [_middle(row) for row in rows], np.array([row["rms_px"] for row in rows])
    relative = _bars(rows, "bound_ratio") / np.array([row["bound_ratio"] for row in rows])
    axes.plot(x, [row["bound_px"] for row in rows], "--", color=LIMIT, lw=1.3, label="limit: Cramer-Rao bound")
    axes.errorbar(
        x, rms, relative * rms, fmt="o-", ms=4, lw=1.2, color=FOUND, elinewidth=1, capsize=2,
        label="rms error, 95 % interval",
    )  # fmt: skip
    _snr_axis(axes)
    axes.set_yscale("log")
    axes.set(ylabel="error of an axis (px)", xlim=(2.7, 60))
    _plain_log(axes.yaxis)
    axes.legend(frameon=False, loc="lower left")
    count = sum(row["detections"] for row in rows)
    _title(axes, "Places of detections of launches", f"{counted(count, 'detection')} in single frames")


def _counted(score: Score) -> list[Row]:
    return [row for row in score.calibration if row["count"]]


def _calibration(figure: Any, score: Score) -> None:
    rows = _counted(score)
    columns = figure.subfigures(1, 2, width_ratios=(1.15, 1.0))
    axes = columns[0].add_subplot()
    quiet(axes)
    levels = [c["level"] for c in rows[0]["coverage"]]
    markers = ("o", "s", "^", "D", "v", "P", "X")
    names = list(QUANTITIES)
    for row in rows:
        k = names.index(row["quantity"]) if row["quantity"] in names else len(names)
        at = np.arange(len(levels)) + (k - 3) * 0.11
        axes.errorbar(
            at, [c["share"] for c in row["coverage"]], _bars(row["coverage"], "share"), fmt=markers[k % 7], ms=4.5,
            lw=1, color=_hue(k), label=f"{QUANTITIES.get(row['quantity'], row['quantity'])} ({row['count']})",
        )  # fmt: skip
    for n, level in enumerate(levels):
        axes.hlines(level, n - 0.45, n + 0.45, color="0.25", lw=1.4, zorder=0)
    axes.set_xticks(range(len(levels)), [f"{100 * level:g} %" for level in levels])
    axes.set(xlabel="region claimed", ylabel="share of errors inside", ylim=(0, 1.03), xlim=(-0.55, len(levels) - 0.45))
    axes.legend(frameon=False, loc="lower right", fontsize=8, title="error of (count)", title_fontsize=8)
    _title(axes, "Coverage", "Bars: 95 % interval; lines: what is claimed")
    down = math.ceil(len(rows) / 2)
    panels = columns[1].subplots(down, 2, squeeze=False)
    for n, (row, panel) in enumerate(zip(rows, panels.flat, strict=False)):
        _pit(panel, row)
        panel.tick_params(labelbottom=n + 2 >= len(rows))
    for panel in panels.flat[len(rows) :]:
        panel.set_axis_off()
    columns[1].supxlabel("where the truth falls in what was claimed (PIT)", fontsize=9)
    columns[1].supylabel("density; 1: as claimed, grey: 95 % of such", fontsize=9)


def _pit(axes: Any, row: Row) -> None:
    """Draw one histogram of the probability integral transform, with where 95 % of even ones lie."""
    quiet(axes, grid=False)
    pit, n = np.array(row["pit"]), row["count"]
    centre, half = 1.0, 1.96 * math.sqrt(len(pit) * (1 - 1 / len(pit)) / n)
    axes.axhspan(max(centre - half, 0), centre + half, color="0.9", lw=0)
    axes.axhline(1.0, color="0.5", lw=0.8)
    edges = (np.arange(len(pit)) + 0.5) / len(pit)
    k = list(QUANTITIES).index(row["quantity"]) if row["quantity"] in QUANTITIES else 0
    axes.bar(edges, pit * len(pit) / n, width=0.85 / len(pit), color=_hue(k), alpha=0.75)
    axes.set(xlim=(0, 1), ylim=(0, max(3.0, 1.1 * float(pit.max()) * len(pit) / n)))
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.tick_params(labelsize=7)
    axes.set_title(QUANTITIES.get(row["quantity"], row["quantity"]), fontsize=8, loc="left", pad=3)


def _hue(k: int) -> str:
    hues = ("#0072b2", "#d55e00", "#009e73", "#8e3a9d", "#b08900", "#56b4e9", "#666666")
    return hues[k % len(hues)]


def _reliability(figure: Any, score: Score) -> None:
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(5, 1))
    quiet(axes)
    quiet(below)
    bins = score.reliability["bins"]
    said = [b["said"] for b in bins]
    axes.plot([0, 1], [0, 1], "--", color=LIMIT, lw=1.2)
    axes.errorbar(
        said, [b["found"] for b in bins], _bars(bins, "found"), fmt="o", ms=5, color=FOUND, elinewidth=1, capsize=2
    )
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), ylabel="share that are launches")
    below.bar(said, [b["events"] for b in bins], width=0.02, color=FOUND, alpha=0.7)
    below.set(xlabel="p_launch, mean of the bin", ylabel="events", yscale="log", ylim=(0.5, None))
    below.yaxis.set_major_formatter(lambda v, _: f"{v:g}")
    error = number(score.reliability["calibration_error"], 2)
    events = counted(score.reliability["events"], "event")
    note = f"{events}, mean distance {error}; bars: 95 % interval; dashed: as often as said"
    _title(axes, "p_launch against the truth", note)


def _confusion(figure: Any, score: Score) -> None:
    kinds, called, counts = confusion_matrix(score.confusion, score.out_of_view)
    kinds, called = ([name.replace("$", r"\$") for name in names] for names in (kinds, called))
    axes = figure.add_subplot()
    table = np.array(counts, float)
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.4, aspect="auto")
    for (i, j), n in np.ndenumerate(np.array(counts)):
        if n:
            axes.text(j, i, str(n), ha="center", va="center", color="white" if shares[i, j] > 0.8 else "0.15")
    for edges, line in ((len(called), axes.axvline), (len(kinds), axes.axhline)):
        for k in range(1, edges):
            line(k - 0.5, color="white", lw=2)
    axes.set_xticks(range(len(called)), called, rotation=35, ha="left", rotation_mode="anchor")
    axes.xaxis.tick_top()
    axes.set_yticks(range(len(kinds)), [f"{kind} ({int(n)})" for kind, n in zip(kinds, table.sum(axis=1), strict=True)])
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_ylabel("true kind (count)")
    axes.set_xlabel("called")
    axes.xaxis.set_label_position("top")


def _square(_: Score) -> tuple[float, float]:
    return 5.6, 4.2


PICTURES: Final[
    dict[str, tuple[Callable[[Score], tuple[float, float]], Callable[[Any, Score], None], Callable[[Score], Any]]]
] = {
    "detection": (_square, _detection, lambda s: any(r["band"] < 0 for r in s.detection)),
    "roc": (
        lambda s: (7.2, 4.2), _roc, lambda s: s.roc and s.roc["groups"] and any(s.roc["false_detections"]),
    ),
    "latency": (
        _square, _latency,
        lambda s: any(r["kind"] == "launch" and math.isfinite(r["clairvoyant_time_s"]) for r in s.objects),
    ),
    "position": (_square, _position, lambda s: s.position),
    "calibration": (lambda s: (10.5, 4.8), _calibration, _counted),
    "reliability": (lambda s: (5.6, 5.2), _reliability, lambda s: s.reliability and s.reliability["bins"]),
    "confusion": (
        lambda s: (2.6 + 0.62 * len({c for line in s.confusion.values() for c in line}), 1.9 + 0.34 * len(s.confusion)),
        _confusion, lambda s: s.confusion,
    ),
}  # fmt: skip
"""Of each picture its size in inches, how it is drawn, and whether there is something to show."""
