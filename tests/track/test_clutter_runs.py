"""The tracker in clutter: false tracks as asked for, ends seen in time, what blinks told from what moves."""

import numpy as np
import pytest

from benchmarks._plots import PERIOD_S, Case, draw
from boostwatch.assess.match import gospa
from boostwatch.settings import ChainSettings
from boostwatch.track import Follower
from boostwatch.track.resting import Resting


def follower(case, **settings):
    base = ChainSettings()
    track = base.track.model_copy(update=settings)
    return Follower(
        base.model_copy(update={"track": track}), shape=(case.size, case.size), frame_period_s=PERIOD_S, n_bands=1
    )


def run(case, seed, **settings):
    made, tracker = draw(case, seed), follower(case, **settings)
    shown, moving = [], []
    for frame, rows in enumerate(made.detections):
        tracker.step(frame=frame, time_s=PERIOD_S * frame, detections=rows)
        shown.append(np.stack([tracker.now()[k] for k in ("x", "y")], axis=1).astype(float))
        moving.append(len(tracker.moving()))
    return made, shown, moving, tracker.finish()


@pytest.mark.parametrize(("false_alarms", "frames"), [(20, 2400), (200, 700)])
def test_false_tracks_are_those_asked_for(false_alarms, frames):
    asked = 300.0
    case = Case("noise", false_alarms=false_alarms, targets=0, frames=frames)
    *_, result = run(case, 1, false_tracks_per_hour=asked)
    want = asked * frames * PERIOD_S / 3600.0
    spare = 3.0 * np.sqrt(want)  # of the count, beside a factor of two of the calibration
    assert 0.5 * want - spare < len(result.tracks) < 2.0 * want + spare


def test_targets_are_followed_from_their_first_frames_to_their_last():
    case = Case("targets", false_alarms=50, size=512, targets=6, frames=220)
    made, shown, _, result = run(case, 2)
    parts = np.array([gospa(made.truth(k), shown[k])[1:] for k in range(case.frames)])
    # Six targets: some three frames to confirm one, some four to give it up.
    assert parts[:, 0].sum() < 6 * 6
    assert parts[:, 1].sum() < 6 * 7
    assert len(result.tracks) <= 8
    source = np.concatenate(made.source)
    for track in result.tracks[:6]:
        own = source[result.track_ids == track["track_id"]]
        assert (own == np.bincount(own[own >= 0]).argmax()).mean() > 0.9


def test_what_blinks_does_not_move():
    case = Case("blinking", false_alarms=5, size=256, targets=2, frames=200, blinking=12, jitter=0.1)
    made, _, moving, result = run(case, 3)
    source = np.concatenate(made.source)
    still = np.isnan(result.tracks["moving_time_s"])
    assert still.sum() >= 12
    for track in result.tracks[~still]:
        own = source[result.track_ids == track["track_id"]]
        assert (own >= 0).mean() > 0.5
    assert max(moving) <= 3


def test_every_detection_belongs_to_one_track():
    case = Case("salvo", false_alarms=20, size=256, targets=6, frames=80, salvo=10.0)
    made, _, _, result = run(case, 4)
    assert len(result.track_ids) == sum(len(rows) for rows in made.detections)
    for track in result.tracks:
        frames = np.concatenate(made.detections)["frame"][result.track_ids == track["track_id"]]
        assert len(frames) == len(np.unique(frames)) == track["hits"]


def test_the_bar_for_motion_follows_what_rests():
    resting = Resting(false_tracks_per_hour=1.0)
    resting.at(0.0)
    assert 4.0 < resting.bar < 6.0  # what stands in a scene comes up at once
    for k in range(60):
        resting.at(float(k + 1))
        resting.rested(np.full((1, 2, 2), 10.0 * k))
    # One a second is 3600 an hour, of which one may be taken for moving.
    assert resting.bar == pytest.approx(np.log(3600), abs=1.0)
    empty = Resting(false_tracks_per_hour=1.0)
    empty.at(0.0)
    empty.at(600.0)
    assert empty.bar < 1.0
    assert resting.familiar(np.full((1, 2, 2), 100.5)).all()
    assert not resting.familiar(np.full((1, 2, 2), 105.0)).any()
    resting.forget_scene()
    assert resting.familiar(np.full((1, 2, 2), 100.5)).all()  # the focal plane stays
