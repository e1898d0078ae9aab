"""Claims that are true, too small, too large; probabilities that are true; sums of them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from boostwatch.assess import calibration
from boostwatch.assess.intervals import binomial_interval

N = 4000


@pytest.mark.parametrize("freedom", [1, 2])
def test_normal_errors_are_what_they_claim(freedom):
    rng = np.random.default_rng(freedom)
    errors = rng.normal(size=(N, freedom))
    row = calibration.tally("launch_time", freedom, (errors**2).sum(axis=1), errors[:, 0] if freedom == 1 else None)
    assert row["rms_low_95"] < 1.0 < row["rms_high_95"]
    assert row["rms_high_95"] - row["rms_low_95"] == pytest.approx(2 * 1.96 / math.sqrt(2 * N * freedom), rel=0.05)
    assert 1e-4 < row["chi2_tail"] < 1 - 1e-4
    for c in row["coverage"]:
        assert abs(c["share"] - c["level"]) < 4.5 * math.sqrt(c["level"] * (1 - c["level"]) / N)
    expected = N / len(row["pit"])
    assert stats.chi2.sf(sum((n - expected) ** 2 / expected for n in row["pit"]), len(row["pit"]) - 1) > 1e-4


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_errors_larger_or_smaller_than_claimed_show(factor):
    errors = factor * np.random.default_rng(3).normal(size=N)
    row = calibration.tally("heading", 1, errors**2, errors)
    assert row["rms"] == pytest.approx(factor, rel=0.05)
    expected = stats.chi2.cdf(stats.chi2.ppf(0.95, 1) / factor**2, 1)
    assert abs(row["coverage"][2]["share"] - expected) < 4.5 * math.sqrt(0.25 / N)
    ends, middle = row["pit"][0] + row["pit"][-1], row["pit"][4] + row["pit"][5]
    assert (ends > middle) == (factor > 1)


def test_a_bias_shows_in_the_mean_and_on_one_side():
    errors = 1.0 + np.random.default_rng(4).normal(size=N)
    row = calibration.tally("burnout", 1, errors**2, errors)
    assert row["mean"] == pytest.approx(1.0, abs=4.5 / math.sqrt(N))
    assert row["pit"][-1] > 3 * row["pit"][0]


def test_what_is_not_known_is_left_out():
    errors = np.array([1.0, math.nan, math.inf, -1.0])
    row = calibration.tally("heading", 1, errors**2, errors)
    assert (row["count"], row["chi2"], row["mean"]) == (2, 2.0, 0.0)
    none = calibration.tally("heading", 1, [], [])
    assert none["count"] == 0
    assert math.isnan(none["rms"])
    assert math.isnan(none["chi2_tail"])


ERRORS = st.lists(st.floats(-8, 8), max_size=20)


@given(st.lists(ERRORS, min_size=1, max_size=5), st.randoms())
def test_tallies_add_up_in_any_order(pieces, random):
    rows = [calibration.tally("launch_time", 1, np.square(piece), piece) for piece in pieces]
    every = [v for piece in pieces for v in piece]
    whole = calibration.tally("launch_time", 1, np.square(every), every)
    first = calibration.merged(rows)
    random.shuffle(rows)
    assert same(first, calibration.merged(rows))
    assert first["pit"] == whole["pit"]
    assert first["coverage"] == whole["coverage"]
    assert first["chi2"] == pytest.approx(whole["chi2"], abs=1e-12)


def same(a, b):
    """Compare with NaN equal to itself."""
    return repr(a) == repr(b)


def test_true_probabilities_are_reliable_and_false_ones_are_not():
    rng = np.random.default_rng(5)
    p = rng.beta(0.3, 0.5, 20_000)
    is_launch = rng.random(20_000) < p
    row = calibration.reliability(p, is_launch)
    assert row["calibration_error"] < 0.012  # 8 bins of 400 and more: 0.5 / sqrt(400) / ...
    for b in row["bins"]:
        sigma = math.sqrt(b["said"] * (1 - b["said"]) / b["events"])
        assert abs(b["found"] - b["said"]) < 4.5 * sigma
    assert row["brier_score"] == pytest.approx(float(np.mean(p * (1 - p))), abs=0.01)
    bold = calibration.reliability(np.where(p > 0.5, 0.99, 0.01), is_launch)
    assert bold["calibration_error"] > 0.1


def test_reliability_by_hand():
    row = calibration.reliability([0.05, 0.05, 0.95, 1.0, math.nan], [False, True, True, True, True])
    assert [(b["p_from"], b["events"], b["launches"]) for b in row["bins"]] == [(0.02, 2, 1), (0.9, 1, 1), (0.98, 1, 1)]
    assert row["events"] == 4
    assert row["calibration_error"] == pytest.approx((2 * 0.45 + 0.05 + 0.0) / 4)
    assert row["brier_score"] == pytest.approx((0.05**2 + 0.95**2 + 0.05**2) / 4)
    assert (row["bins"][0]["found_low_95"], row["bins"][0]["found_high_95"]) == binomial_interval(1, 2)
    both = calibration.merged_reliability([row, row])
    assert both["events"] == 8
    assert both["calibration_error"] == pytest.approx(row["calibration_error"])
    assert both["brier_score"] == pytest.approx(row["brier_score"])
    nothing = calibration.reliability([], [])
    assert nothing["bins"] == []
    assert math.isnan(nothing["brier_score"])
