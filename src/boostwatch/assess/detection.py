"""Detections against truth samples: how often, at what price in false alarms, how near to the place."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from boostwatch.assess import match
from boostwatch.assess.calibration import tally
from boostwatch.assess.intervals import rate, scale, share
from boostwatch.assess.limits import clairvoyant_pd, point_crlb
from boostwatch.assess.view import Camera
from boostwatch.records import EventTables, Records

Row = dict[str, Any]

SNR_EDGES: Final = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 30.0, math.inf)
PLACES_FROM: Final = 3
"""Of the bins, the first whose places are held against their bound: what is fainter was mostly noise near the place."""
ROC_EDGES: Final = (3.0, 4.0, 5.0, 6.0, 8.0)
"""Truth ``snr`` of the curves of detections against false alarms: fainter is hardly found, brighter always."""
THRESHOLDS: Final = tuple(0.25 * k for k in range(14, 49))
"""On the ``snr`` of detections, for these curves."""


def fair_samples(samples: Records, working: NDArray[np.bool_], background: set[int]) -> NDArray[np.bool_]:
    """Return which truth samples could be detected: they shine in a working frame and are not of the background."""
    fair = working[np.clip(samples["frame"], 0, len(working) - 1)] & (samples["snr"] > 0)
    out: NDArray[np.bool_] = fair & ~np.isin(samples["object_id"], list(background))
    return out


def detection_rows(
    samples: Records, found: match.DetectionMatch, fair: NDArray[np.bool_], per_pixel: float, bands: Sequence[str]
) -> list[Row]:
    """Return the detection probability by truth ``snr``, of all bands together (``band`` -1) and of each."""
    rows = []
    for band in [-1, *range(len(bands))]:
        for low, high in itertools.pairwise(SNR_EDGES):
            mine = fair & (samples["snr"] >= low) & (samples["snr"] < high)
            mine &= (samples["band"] == band) | (band < 0)
            trials, hits = int(mine.sum()), int((found.sample_detection[mine] >= 0).sum())
            if not trials:
                continue
            rows.append({
                "band": band, "snr_from": low, "snr_to": high, "samples": trials, "detected": hits,
                **share("probability", hits, trials),
                "clairvoyant_probability": float(clairvoyant_pd(samples["snr"][mine], per_pixel).mean()),
                "band_name": bands[band] if band >= 0 else "all",
            })  # fmt: skip
    return rows


def roc(
    detections: Records, samples: Records, found: match.DetectionMatch, fair: NDArray[np.bool_],
    false: NDArray[np.bool_], pixels: float,
) -> Row:  # fmt: skip
    """Return detections and false detections above each threshold on the ``snr`` of detections.

    Detections in single frames alone (``frames`` 1): a list of sums of frames is not to be cut. Thresholds below that
    of the run leave the list as it is.

    Returns
    -------
    dict
        ``thresholds``, ``false_detections``: a value a threshold; ``megapixels``; ``groups``: a dict for each bin of
        truth ``snr`` with ``samples`` and, a value a threshold, ``detected`` and ``clairvoyant_probability``.
    """
    single = detections["frames"] <= 1  # -1 is not told
    snr = np.nan_to_num(detections["snr"].astype(np.float64), nan=-np.inf, posinf=np.inf)
    false_snr = np.sort(snr[false & single])
    above = len(false_snr) - np.searchsorted(false_snr, THRESHOLDS)
    known = found.sample_detection
    hit_snr = np.full(len(samples), -np.inf)
    hit = known >= 0
    hit[hit] = single[known[hit]]
    hit_snr[hit] = snr[known[hit]]
    per_pixel = np.maximum(above, 0.5) / pixels if pixels > 0 else np.full(len(above), np.nan)
    groups = []
    for low, high in itertools.pairwise(ROC_EDGES):
        mine = fair & (samples["snr"] >= low) & (samples["snr"] < high)
        if not mine.any():
            continue
        limit = [float(clairvoyant_pd(samples["snr"][mine], p).mean()) for p in per_pixel]
        detected = [int((hit_snr[mine] >= t).sum()) for t in THRESHOLDS]
        groups.append({
            "snr_from": low, "snr_to": high, "samples": int(mine.sum()), "detected": detected,
            "clairvoyant_probability": limit,
        })  # fmt: skip
    return {
        "thresholds": list(THRESHOLDS), "false_detections": above.tolist(), "megapixels": pixels / 1e6,
        "groups": groups,
    }  # fmt: skip


def position_rows(
    detections: Records, samples: Records, found: match.DetectionMatch, mine: NDArray[np.bool_], camera: Camera | None
) -> tuple[list[Row], Row]:
    """Return errors of the places of detections beside their bound, by truth ``snr``, and beside their own sigmas.

    Of detections in single frames, each against the Cramer-Rao bound of `boostwatch.assess.limits.point_crlb`.

    Parameters
    ----------
    detections, samples : DETECTION (D,), TRUTH_SAMPLE (S,)
        The run and the truth.
    found : DetectionMatch
        Which belongs to which.
    mine : bool (S,)
        Samples of points of light that are looked at.
    camera : Camera or None
        Tells the point spread; without it there is no bound and no row.

    Returns
    -------
    rows : list of dict
        ``chi2`` is the sum of squared errors of both axes over the squared bounds, ``bound_ratio`` its root mean.
    tally : dict
        Errors in the detections' own sigmas, see `boostwatch.assess.calibration.tally`.
    """
    at = np.flatnonzero(mine & (found.sample_detection >= 0))
    at = at[detections["frames"][found.sample_detection[at]] <= 1]
    true, seen = samples[at], detections[found.sample_detection[at]]
    error = np.stack([seen["x"] - true["x"], seen["y"] - true["y"]])
    with np.errstate(divide="ignore", invalid="ignore"):
        own = (error[0] / seen["sigma_x"]) ** 2 + (error[1] / seen["sigma_y"]) ** 2
    bound = np.full((2, len(true)), np.nan)
    for number, band in enumerate(camera.sensor.bands if camera is not None else ()):
        here = true["band"] == number
        if not band.psf_sigma_px > 0:
            continue
        x, y = true["x"][here], true["y"][here]
        bound[:, here] = point_crlb(
            true["snr"][here], true["signal_e"][here], band.psf_sigma_px, x - np.rint(x), y - np.rint(y)
        )[:2]
    rows = []
    for low, high in itertools.pairwise(SNR_EDGES[PLACES_FROM:]):
        here = (true["snr"] >= low) & (true["snr"] < high) & np.isfinite(bound).all(axis=0)
        if not here.any():
            continue
        chi2 = float(((error[:, here] / bound[:, here]) ** 2).sum())
        rows.append(
            position_row(
                low, high, int(here.sum()), float((error[:, here] ** 2).sum()), float((bound[:, here] ** 2).sum()), chi2
            )
        )
    return rows, tally("detection_position", 2, own)


def position_row(low: float, high: float, count: int, error2: float, bound2: float, chi2: float) -> Row:
    """Return a row from its sums over both axes: squared errors and bounds, px2, and squared ratios."""
    return {
        "snr_from": low, "snr_to": high, "detections": count, "rms_px": math.sqrt(error2 / (2 * count)),
        "bound_px": math.sqrt(bound2 / (2 * count)), "chi2": chi2, **scale("bound_ratio", chi2, 2 * count),
    }  # fmt: skip


ALARMS: Final = (
    ("false_detections", "per_mpx"), ("false_detections", "per_hour"), ("false_tracks", "per_hour"),
    ("false_launches", "per_hour"),
)  # fmt: skip
"""Counts and their rates."""


def false_alarms(
    tables: EventTables, false: NDArray[np.bool_], tracked: match.TrackMatch, event_object: NDArray[np.int64],
    objects: Records, shape: tuple[int, int, int, int], working: NDArray[np.bool_], frame_period_s: float,
) -> Row:  # fmt: skip
    """Return counts of false detections, tracks and launches, and their rates with intervals."""
    pixels = float(working.sum()) * shape[1] * shape[2] * shape[3]
    launched = {int(o["object_id"]) for o in objects if o["kind"] == b"launch"}
    is_launch = tables.events["kind"] == b"launch"
    row = {
        "band_frames": int(working.sum()) * shape[1], "megapixels": pixels / 1e6,
        "hours": shape[0] * frame_period_s / 3600, "false_detections": int(false.sum()),
        "false_tracks": sum(o < 0 for o in tracked.track_object.values()),
        "false_launches": int(sum(int(o) not in launched for o in event_object[is_launch])),
    }  # fmt: skip
    return with_rates(row)


def with_rates(row: Row) -> Row:
    """Return counts with their rates; ``per_pixel`` is of false detections, half a one where there was none."""
    pixels = row["megapixels"] * 1e6
    out = {key: row[key] for key in ("band_frames", "megapixels", "hours")}
    out["per_pixel"] = max(row["false_detections"], 0.5) / pixels if pixels else math.nan
    for name, per in ALARMS:
        exposure = row["megapixels"] if per == "per_mpx" else row["hours"]
        out |= {name: row[name], **rate(f"{name}_{per}", row[name], exposure)}
    return out


def false_detections(detections: Records, found: match.DetectionMatch, working: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which detections lie on no object, in frames that count."""
    if not len(working):
        return np.zeros(len(detections), bool)
    out: NDArray[np.bool_] = working[np.clip(detections["frame"], 0, len(working) - 1)]
    return out & (found.detection_object < 0)
