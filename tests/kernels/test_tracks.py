"""What a hit changes in a track, against a twin in numpy."""

import numpy as np
import pytest

from boostwatch_kernels import tracks
from boostwatch_kernels.tracks import N_LIGHT, N_MOMENTS, Course, Hits, Looks

from . import reference_tracks as reference

BANDS, KINDS = 2, 7


def tracks_begun(rng, count):
    """Tracks before their first look."""

    def zeros(*shape):
        return np.zeros((count, *shape))

    course = Course(
        rng.normal(50.0, 1.0, (count, 2)), rng.uniform(0.05, 0.5, (count, 2)), rng.normal(50.0, 1.0, (count, 2, 2)),
        rng.uniform(0.05, 0.5, (count, 2, 2)), zeros(), *np.zeros((3, count), np.bool_), np.ones(count), zeros(),
        zeros(), zeros(), zeros(), zeros(), zeros(), rng.uniform(4.0, 9.0, count),
    )  # fmt: skip
    looks = Looks(
        np.full((count, 2), np.nan), zeros(2, 4), zeros(2), zeros(2), zeros(2), zeros(2), zeros(2),
        zeros(2, 2, N_MOMENTS), zeros(2, N_LIGHT), zeros(2, KINDS), zeros(KINDS), np.zeros(count, np.bool_),
        np.full((count, BANDS), np.nan), zeros(BANDS),
    )  # fmt: skip
    return course, looks


def some_hits(rng, count):
    at = rng.normal(50.0, 1.0, (count, 2, 2))
    flux, sigma = rng.uniform(-200.0, 9000.0, (count, BANDS)), rng.uniform(100.0, 900.0, (count, BANDS))
    flux[rng.random((count, BANDS)) < 0.3] = np.nan
    sigma[rng.random((count, BANDS)) < 0.2] = np.nan
    return Hits(
        at, rng.uniform(0.01, 0.2, (count, 2, 2)), rng.uniform(4.0, 20.0, count), rng.choice([1.0, 8.0], count),
        rng.uniform(0.8, 3.0, count), flux, sigma,
    )  # fmt: skip


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_some_minutes_of_hits_equal_the_twin(seed):
    rng, count = np.random.default_rng(seed), 9
    course, looks = tracks_begun(rng, count)
    twin_course, twin_looks = (type(c)(*(column.copy() for column in c)) for c in (course, looks))
    hits, row, zero = some_hits(rng, count), np.arange(count), np.zeros(count)
    tracks.look(looks, row, hits, 0.0, zero, zero, 1)
    reference.look(twin_looks, row, hits, 0.0, zero, zero, 1)
    began = 0
    for time_s in np.cumsum(rng.choice([0.5, 1.0, 14.0, 45.0], 80, p=[0.5, 0.43, 0.05, 0.02])).tolist():
        row = rng.permutation(count)[: rng.integers(1, count + 1)]
        hits = some_hits(rng, len(row))
        fit = rng.normal(-1.0, 1.5, len(row))
        given, gain = np.full(count, -1), rng.normal(0.0, 1.0, count)
        given[row] = np.arange(len(row))
        evidence, kept = rng.normal(0.0, 5.0, (count, KINDS)), rng.random(count) < 0.01
        for mine, columns, kernels in ((course, looks, tracks), (twin_course, twin_looks, reference)):
            columns.evidence[:] = evidence
            columns.kept[:] |= kept
            wander = kernels.take(mine, row, hits, time_s, fit, -3.0)
            kernels.look(columns, row, hits, time_s, fit, wander, 1)
            kernels.tally(mine, columns, given, gain, time_s)
            kernels.wait(mine, 0.7)
        for name, ours, theirs in zip(
            (*Course._fields, *Looks._fields), (*course, *looks), (*twin_course, *twin_looks), strict=True
        ):
            np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-9, err_msg=name)
        began += int(np.isfinite(looks.since_s[:, 1]).sum())
    assert began > 0
    assert looks.kept.any()
