import numpy as np
import pytest
from scipy.stats import norm

from boostwatch.records import DETECTION, empty
from boostwatch.settings import ChainSettings, DetectSettings
from boostwatch.track.clutter import LEAST_PD, LEAST_SCORE, Clutter
from boostwatch.track.measure import merge_bands
from boostwatch_kernels.amplitude import (
    HITS_KNOWN,
    PRIOR_EXCESS,
    PRIOR_HITS,
    amplitude_ratio,
    false_density,
    seen_probability,
)
from boostwatch_kernels.sources import FLOOR_PX


def detections(rows):
    out = empty(DETECTION, len(rows))
    for n, (band, x, y, sigma, snr) in enumerate(rows):
        out[n] = (0, band, 0.0, x, y, sigma, sigma, 100 * snr, 100.0, snr, -1, 1, 0, 1)
    return out


def test_bands_merge_by_inverse_variance():
    seen = merge_bands(
        detections([(0, 10.0, 20.0, 0.1, 9.0), (1, 10.2, 20.0, 0.2, 12.0), (1, 50.0, 5.0, 0.2, 6.0)]), 3.0, (1, -2), 2
    )
    assert seen.member.tolist() == [0, 0, 1]
    w = np.array([1 / (0.1**2 + FLOOR_PX**2), 1 / (0.2**2 + FLOOR_PX**2)])
    assert seen.focal[0, 0] == pytest.approx((10 * w[0] + 10.2 * w[1]) / w.sum(), abs=1e-5)
    np.testing.assert_allclose(seen.scene, seen.focal - [1, -2])
    np.testing.assert_allclose(seen.snr, [15.0, 6.0])
    assert seen.bands.tolist() == [2, 1]
    assert np.isnan(seen.flux[1, 0])
    assert seen.flux[0].tolist() == [900.0, 1200.0]


def test_two_sources_side_by_side_keep_their_bands():
    rows = [(0, 10.0, 10.0, 0.1, 9.0), (0, 11.0, 10.0, 0.1, 9.0), (1, 10.4, 10.0, 0.3, 9.0), (1, 10.9, 10.0, 0.3, 9.0)]
    seen = merge_bands(detections(rows), 3.0, (0, 0), 2)
    assert seen.member[0] == seen.member[2]
    assert seen.member[1] == seen.member[3]


def test_order_does_not_matter_and_gaps_are_filled():
    rng = np.random.default_rng(1)
    rows = [(int(b), *rng.uniform(0, 30, 2), 0.2, rng.uniform(4, 9)) for b in rng.integers(0, 3, 40)]
    rows += [(0, np.nan, 3.0, 0.2, 5.0), (1, 7.0, 8.0, np.nan, np.nan)]
    order = rng.permutation(len(rows))
    a, b = (
        merge_bands(detections(rows), 3.0, (0, 0), 3),
        merge_bands(detections([rows[k] for k in order]), 3.0, (0, 0), 3),
    )
    for name in ("scene", "var", "snr", "flux", "bands"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    np.testing.assert_array_equal(a.member[order], b.member)
    assert a.member[40] == -1
    assert (a.var > 0).all()


def test_order_does_not_matter_where_places_are_whole_pixels():
    rng = np.random.default_rng(2)
    rows = [(int(b), *rng.integers(0, 5, 2), 0.2, rng.uniform(4, 9)) for b in rng.integers(0, 2, 60)]
    order = rng.permutation(len(rows))
    a, b = (
        merge_bands(detections(rows), 3.0, (0, 0), 2),
        merge_bands(detections([rows[k] for k in order]), 3.0, (0, 0), 2),
    )
    for name in ("scene", "var", "snr", "flux", "bands"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    np.testing.assert_array_equal(a.member[order], b.member)


def test_nothing():
    seen = merge_bands(empty(DETECTION, 0), 3.0, (0, 0), 2)
    assert seen.scene.shape == (0, 2)
    assert seen.flux.shape == (0, 2)


def clutter(shape=(512, 512), rate=1.0, fa=10.0):
    settings = ChainSettings(detect=DetectSettings(false_alarms_per_mpx=fa))
    return Clutter(
        settings.model_copy(update={"track": settings.track.model_copy(update={"false_tracks_per_hour": rate})}),
        shape,
        0.5,
        1,
    )


def test_density_is_learnt_where_it_is():
    c, rng = clutter(), np.random.default_rng(2)
    for _ in range(400):
        even = rng.uniform(0, 512, (rng.poisson(20), 2))
        patch = rng.uniform(64, 128, (rng.poisson(5), 2))
        tracked = rng.uniform(200, 300, (5, 2))
        every = np.concatenate([even, patch, tracked])
        c.learn(every, np.full(len(every), 5.0), np.arange(len(every)) < len(even) + len(patch))
    # 120 frames of memory hold 2400 and 600 counts: 2 % and 4 % of 1-sigma, plus a cell's own.
    assert c.mean_density == pytest.approx(25 / 512**2, rel=0.08)
    assert c.density(np.array([[96.0, 96.0]]))[0] == pytest.approx(5 / 64**2 + 20 / 512**2, rel=0.25)
    assert c.density(np.array([[400.0, 400.0]]))[0] == pytest.approx(20 / 512**2, rel=0.6)


def test_confirmation_asks_for_more_when_fewer_false_tracks_are_allowed():
    asked = [clutter(rate=rate).confirm_score for rate in (0.01, 1.0, 3.0, 1e4)]
    assert asked[0] - asked[1] == pytest.approx(np.log(100))
    assert asked[1] - asked[2] == pytest.approx(np.log(3))
    assert asked[3] == LEAST_SCORE


def test_density_without_a_frame_is_that_of_the_box():
    c = clutter(shape=None)
    rng = np.random.default_rng(3)
    for _ in range(600):
        count = rng.poisson(9)
        c.learn(rng.uniform(0, 300, (count, 2)), np.full(count, 3.5), np.ones(count, np.bool_))
    assert c.mean_density == pytest.approx(1e-4, rel=0.15)
    assert c.threshold == 3.5
    assert c.density(np.array([[-1e3, 5.0]]))[0] == pytest.approx(1e-4, rel=0.15)


def test_amplitude_of_noise_has_mean_likelihood_ratio_of_one():
    """E[exp(llr)] = 1 under the noise that the ratio assumes: the condition of Wald's bound."""
    noise = clutter().noise(0.9)
    s = np.linspace(noise.threshold, 400, 2_000_000)
    density = np.array([false_density(x, noise) for x in s[::20]])
    for mean, hits in ((0.0, 0.0), (6.0, 3.0)):
        ratio = np.exp([amplitude_ratio(x, mean, hits, noise) for x in s[::20]])
        assert np.trapezoid(density * ratio, s[::20]) == pytest.approx(1.0, abs=0.05)


def test_a_steady_amplitude_speaks_for_a_target():
    noise = clutter().noise(0.9)
    near = amplitude_ratio(8.0, 8.0, 5.0, noise)
    assert near > amplitude_ratio(8.0, 0.0, 0.0, noise)
    assert amplitude_ratio(20.0, 0.0, 0.0, noise) > amplitude_ratio(4.5, 0.0, 0.0, noise)


@pytest.mark.parametrize("above", [-0.5, 0.0, 1.28, 3.0])
def test_the_probability_of_detection_is_told_by_the_hits(above):
    rng, noise = np.random.default_rng(7), clutter().noise(0.99)
    snr = rng.normal(noise.threshold + above, 1.0, 200_000)
    seen = snr[snr > noise.threshold]
    want = np.clip(norm.cdf(above), LEAST_PD, 0.99)
    # However many hits there were, the running mean is worth some: it is drawn to the prior, which is taken out here.
    excess = float(seen.mean()) - noise.threshold
    excess += (excess - PRIOR_EXCESS) * PRIOR_HITS / HITS_KNOWN
    # The mean of some 1e5 hits is known to 0.004, and d Pd / d excess is below 1.2.
    assert seen_probability(noise.threshold + excess, float(len(seen)), noise) == pytest.approx(want, abs=0.01)


def test_few_hits_say_less_of_the_probability_of_detection_than_many():
    noise = clutter().noise(0.99)
    prior = seen_probability(0.0, 0.0, noise)
    told = [seen_probability(noise.threshold + 0.5, hits, noise) for hits in (1.0, 4.0, HITS_KNOWN, 1e6)]
    assert prior > told[0] > told[1] > told[2] == told[3] >= LEAST_PD
