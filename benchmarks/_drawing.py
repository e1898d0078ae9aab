"""Draws the plots that benchmarks describe; needs the extra ``plot``."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDTH = 0.8  # of a group of bars, of the distance between groups


def _numbers(values: Sequence[Any] | None) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([np.nan if v is None else v for v in values or []], np.float64)


def _error(series: dict[str, Any]) -> np.ndarray[Any, np.dtype[np.float64]] | None:
    if series["low"] is None or series["high"] is None:
        return None
    y, low, high = (_numbers(series[k]) for k in ("y", "low", "high"))
    return np.nan_to_num(np.maximum(np.stack([y - low, high - y]), 0.0))


def _bars(axes: Axes, plot: dict[str, Any]) -> None:
    names = list(dict.fromkeys(name for s in plot["series"] for name in s["x"]))
    bars = [s for s in plot["series"] if not s["mark"]]
    marks = [s for s in plot["series"] if s["mark"]]
    width = WIDTH / max(len(bars), 1)
    for k, series in enumerate(bars):
        x = np.array([names.index(n) for n in series["x"]]) + (k - 0.5 * (len(bars) - 1)) * width
        axes.bar(x, _numbers(series["y"]), width, yerr=_error(series), label=series["label"], ecolor="0.3", capsize=2)
    for k, series in enumerate(marks):
        x = np.array([names.index(n) for n in series["x"]], np.float64)
        y = _numbers(series["y"])
        axes.hlines(y, x - 0.45, x + 0.45, color="k", ls=("-", "--", ":")[k % 3], lw=1.2, label=series["label"])
    wrapped = [textwrap.fill(str(n), 18) for n in names]
    axes.set_xticks(
        range(len(names)), wrapped, rotation=35 if len(names) > 5 else 0, ha="right" if len(names) > 5 else "center"
    )
    axes.axhline(0.0, color="0.5", lw=0.6) if not plot["log_y"] else None


def _lines(axes: Axes, plot: dict[str, Any]) -> None:
    for series in plot["series"]:
        x, y = _numbers(series["x"]), _numbers(series["y"])
        if series["mark"]:
            axes.plot(x, y, "k--", lw=1.0, marker="+", label=series["label"])
        else:
            axes.errorbar(x, y, yerr=_error(series), marker="o", ms=4, lw=1.2, capsize=2, label=series["label"])


def draw(one: dict[str, Any], folder: Path) -> list[Path]:
    """Draw the plots of a run, ``NAME_KEY.png``; return the files."""
    out = []
    for plot in one["plots"]:
        fig = Figure(figsize=(9, 5), layout="constrained")
        axes = fig.add_subplot()
        (_bars if plot["kind"] == "bars" else _lines)(axes, plot)
        if plot["log_x"]:
            axes.set_xscale("log")
        if plot["log_y"]:
            axes.set_yscale("log")
        axes.set_xlabel(plot["x_label"])
        axes.set_ylabel(plot["y_label"])
        axes.set_title(plot["title"], fontsize=11)
        if len(plot["series"]) > 1:
            fig.legend(fontsize=8, loc="outside right upper")
        fig.supxlabel(one["command"], x=0.99, ha="right", fontsize=6, color="0.4")
        path = folder / f"{one['name']}_{plot['key']}.png"
        part = path.with_suffix(".png.part")
        fig.savefig(part, dpi=100, format="png")
        part.replace(path)
        out.append(path)
    return out
