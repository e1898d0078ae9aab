"""The scores of several scenes as one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from boostwatch.assess import calibration
from boostwatch.assess.detection import position_row, with_rates
from boostwatch.assess.intervals import share
from boostwatch.assess.latency import latency_rows
from boostwatch.assess.metrics import figures
from boostwatch.assess.score import Row, Score, plain
from boostwatch.assess.table import Section, pooled_sections


@dataclass
class Pooled(Score):
    """Several scenes as one: counts are added, rows of objects and launches carry their ``scene``.

    Attributes
    ----------
    scenes : dict of str to Score
        The scenes by name, in the order given. All other figures do not depend on the order but for that of the rows.
    """

    scenes: dict[str, Score] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the pooled figures under the keys of one scene, and each scene's own under ``scenes``."""
        out: dict[str, Any] = plain({
            **{key: value for key, value in vars(self).items() if key != "scenes"}, "figures": self.figures(),
        })  # fmt: skip
        return {**out, "scenes": [{"scene": name, **score.as_dict()} for name, score in self.scenes.items()]}

    def figures(self) -> list[Row]:
        """Return the metrics with their intervals: see `boostwatch.assess.metrics.figures`."""
        return figures([vars(score) for score in self.scenes.values()], vars(self))

    def table(self) -> list[Section]:
        """Return tables: figures, a row a scene, then the pooled tables. Objects and launches are in `as_dict`."""
        return pooled_sections(vars(self), self.figures(), {name: s.metrics() for name, s in self.scenes.items()})


def pool(scenes: Mapping[str, Score]) -> Pooled:
    """Return the scores of scenes, by name, as one.

    Counts and exposures are added; detection limits are means weighted by samples, each at the false alarm rate of its
    own scene; GOSPA is a mean over all frames; latencies, medians and calibration are of all objects and errors.
    """
    scores = list(scenes.values())
    objects = [[{"scene": name, **row} for row in score.objects] for name, score in scenes.items()]
    quantities = dict.fromkeys(row["quantity"] for score in scores for row in score.calibration)
    tallies = [[row for score in scores for row in score.calibration if row["quantity"] == q] for q in quantities]
    return Pooled(
        detection=_detection([row for score in scores for row in score.detection]),
        false_alarms=_alarms([score.false_alarms for score in scores]),
        objects=[row for rows in objects for row in rows],
        launches=[{"scene": name, **row} for name, score in scenes.items() for row in score.launches],
        gospa=_gospa([score.gospa for score in scores]),
        confusion=_confusion([score.confusion for score in scores]),
        out_of_view=_added([score.out_of_view for score in scores]),
        roc=_roc([score.roc for score in scores]),
        position=_position([row for score in scores for row in score.position]),
        latency=latency_rows(objects),
        calibration=[calibration.merged(rows) for rows in tallies],
        reliability=calibration.merged_reliability([score.reliability for score in scores]),
        notes=[f"{name}: {note}" for name, score in scenes.items() for note in score.notes],
        scenes=dict(scenes),
    )


def _weighted(pairs: Iterable[tuple[float, float]]) -> float:
    """Return the mean of values with weights; NaN without weight. Those without weight may be unknown."""
    known = [(value, weight) for value, weight in pairs if weight > 0]
    total = math.fsum(weight for _, weight in known)
    return math.fsum(value * weight for value, weight in known) / total if total else math.nan


def _detection(rows: Sequence[Row]) -> list[Row]:
    """Add rows of the same bin and band; bands are the same that have the same name."""
    names = ["all", *sorted({row["band_name"] for row in rows} - {"all"})]
    out = []
    for key in sorted({(names.index(row["band_name"]), row["snr_from"], row["snr_to"]) for row in rows}):
        mine = [row for row in rows if (names.index(row["band_name"]), row["snr_from"], row["snr_to"]) == key]
        trials, hits = (sum(row[name] for row in mine) for name in ("samples", "detected"))
        out.append({
            "band": key[0] - 1, "snr_from": key[1], "snr_to": key[2], "samples": trials, "detected": hits,
            **share("probability", hits, trials),
            "clairvoyant_probability": _weighted((r["clairvoyant_probability"], r["samples"]) for r in mine),
            "band_name": names[key[0]],
        })  # fmt: skip
    return out


def _alarms(rows: Sequence[Row]) -> Row:
    exact = {name: math.fsum(row[name] for row in rows) for name in ("megapixels", "hours")}
    names = ("band_frames", "false_detections", "false_tracks", "false_launches")
    return with_rates({**exact, **{name: sum(row[name] for row in rows) for name in names}})


def _gospa(rows: Sequence[Row]) -> Row:
    means = ("mean_px", "missed_per_frame", "false_per_frame", "ospa_mean_px")
    shared = next(({k: row[k] for k in ("cut_px", "power")} for row in rows if row["frames"]), {})
    out = {name: _weighted((row[name], row["frames"]) for row in rows) for name in means}
    return {"frames": sum(row["frames"] for row in rows), **shared, **out}


def _added(tables: Iterable[Mapping[str, int]]) -> dict[str, int]:
    out: dict[str, int] = {}
    for table in tables:
        for name, count in table.items():
            out[name] = out.get(name, 0) + count
    return dict(sorted(out.items()))


def _confusion(tables: Sequence[Mapping[str, Mapping[str, int]]]) -> dict[str, dict[str, int]]:
    kinds = sorted({kind for table in tables for kind in table})
    return {kind: _added(table[kind] for table in tables if kind in table) for kind in kinds}


def _roc(rows: Sequence[Row]) -> Row:
    groups = []
    for low, high in sorted({(g["snr_from"], g["snr_to"]) for row in rows for g in row["groups"]}):
        mine = [g for row in rows for g in row["groups"] if g["snr_from"] == low]
        limit = [
            _weighted(zip(at, (g["samples"] for g in mine), strict=True))
            for at in zip(*(g["clairvoyant_probability"] for g in mine), strict=True)
        ]
        groups.append({
            "snr_from": low, "snr_to": high, "samples": sum(g["samples"] for g in mine),
            "detected": [sum(at) for at in zip(*(g["detected"] for g in mine), strict=True)],
            "clairvoyant_probability": limit,
        })  # fmt: skip
    return {
        "thresholds": rows[0]["thresholds"],
        "false_detections": [sum(at) for at in zip(*(row["false_detections"] for row in rows), strict=True)],
        "megapixels": math.fsum(row["megapixels"] for row in rows), "groups": groups,
    }  # fmt: skip


def _position(rows: Sequence[Row]) -> list[Row]:
    out = []
    for low, high in sorted({(row["snr_from"], row["snr_to"]) for row in rows}):
        mine = [row for row in rows if row["snr_from"] == low]
        count, chi2 = sum(row["detections"] for row in mine), math.fsum(row["chi2"] for row in mine)
        error2, bound2 = (
            math.fsum(2 * row["detections"] * row[name] ** 2 for row in mine) for name in ("rms_px", "bound_px")
        )
        out.append(position_row(low, high, count, error2, bound2, chi2))
    return out
