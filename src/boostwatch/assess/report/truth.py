"""The truth and the score, where there is any, as the page wants them."""

from __future__ import annotations

from typing import Any

import numpy as np

from boostwatch.assess.report.footage import Footage
from boostwatch.assess.report.pack import figures, numbers, rows, spread, text
from boostwatch.assess.report.steps import scene_shift
from boostwatch.assess.score import Score
from boostwatch.records import TRUTH_OBJECT, EventTables, Records

MOST_OBJECTS = 500
PATH_POINTS = 8_000


LIGHT_POINTS = 150
"""Of a launch in a band."""
MOST_LAUNCHES = 40


def truth_of(tables: EventTables, footage: Footage | None, score: Score | None) -> dict[str, Any] | None:
    """Return the objects of the truth, the way of each through the scene, and the light of launches; or None.

    Returns
    -------
    dict or None
        ``columns`` and ``rows`` of the objects; ``paths``: object to ``f``, ``x``, ``y`` as of `findings.paths`;
        ``light``: event to one entry a band, ``band``, ``t`` (s) and ``e`` (electrons), of the launch it stands for.
    """
    if footage is None or footage.objects is None or footage.samples is None:
        return None
    objects, samples = footage.objects[:MOST_OBJECTS], footage.samples
    ways = {}
    most = max(PATH_POINTS // max(len(objects), 1), 4)
    for number in objects["object_id"].tolist():
        mine = samples[samples["object_id"] == number]
        _, first = np.unique(mine["frame"], return_index=True)
        kept = mine[first][spread(len(first), most)]
        at = np.stack([kept["x"], kept["y"]], -1) - scene_shift(tables, kept["frame"])
        ways[str(number)] = {"f": kept["frame"].tolist(), "x": numbers(at[:, 0], 1), "y": numbers(at[:, 1], 1)}
    names = TRUTH_OBJECT.names or ()
    return {"columns": list(names), "rows": rows(objects, names), "paths": ways,
            "light": {} if score is None else _light(score, samples, footage)}  # fmt: skip


def _light(score: Score, samples: Records, footage: Footage) -> dict[str, Any]:
    out = {}
    for row in [r for r in score.launches if r["event_id"] is not None][:MOST_LAUNCHES]:
        mine = samples[(samples["object_id"] == row["object_id"]) & (samples["frame"] < footage.shape[0])]
        lines = []
        for band in np.unique(mine["band"]).tolist()[:4]:
            true = np.sort(mine[mine["band"] == band], order="frame")
            kept = true[spread(len(true), LIGHT_POINTS)]
            lines.append({"band": band, "t": numbers(footage.time_s[kept["frame"]], 2), "e": figures(kept["signal_e"])})
        out[str(row["event_id"])] = lines
    return out


def score_of(score: Score | None) -> dict[str, Any] | None:
    """Return the score's tables as text, and detection probability by snr as numbers, or None without a score."""
    if score is None:
        return None
    tables = [
        {
            "title": s.title, "columns": list(s.columns), "note": s.note,
            "rows": [[text(cell) for cell in row] for row in s.rows],
        }
        for s in score.table()
    ]  # fmt: skip
    return {"tables": tables, "detection": [row for row in score.as_dict()["detection"] if row["band"] < 0]}
