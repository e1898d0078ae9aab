"""The parts of the chain by themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boostwatch.detect.calibration import false_alarms_per_mpx, tail_line, threshold_for
from boostwatch.detect.interpolation import Interpolator
from boostwatch.detect.registration import coarse_shift

INTERPOLATOR = Interpolator(0.7)


@given(rate=st.floats(1e-3, 1e4), sigma=st.floats(0.4, 2.0))
def test_threshold_and_rate_are_inverse(rate, sigma):
    threshold = threshold_for(rate, sigma)
    assert threshold >= 2.0
    if threshold > 2.0:
        assert false_alarms_per_mpx(threshold, sigma) == pytest.approx(rate, rel=1e-6)


def test_a_rate_beyond_all_reason_gives_the_least_threshold():
    assert threshold_for(1e7, 0.7) == 2.0


@given(shift=st.floats(-20, 20))
def test_taps_keep_the_level_and_stay_at_whole_shifts(shift):
    step, taps = INTERPOLATOR.taps(shift)
    assert step <= shift < step + 1 or shift == pytest.approx(step + 1)
    assert taps.sum() == pytest.approx(1.0, abs=1e-5)
    whole, still = INTERPOLATOR.taps(round(shift))
    assert whole == round(shift)
    np.testing.assert_allclose(still, [0.09, 0.82, 0.09, 0.0], atol=0.01)


def test_taps_blur_an_edge_alike_at_all_offsets():
    from scipy.special import erf

    def edge(x):  # an edge seen through a Gaussian of 0.7 px and a pixel
        fine = x[..., None] + (np.arange(41) - 20) / 41
        return 0.5 * (1 + erf(fine / (0.7 * np.sqrt(2)))).mean(axis=-1)

    def cubic(t):  # Keys, 1981
        u = 1.0 - t
        return np.array([-0.5 * t * u**2, 1 - 2.5 * t**2 + 1.5 * t**3, 1 - 2.5 * u**2 + 1.5 * u**3, -0.5 * u * t**2])

    starts = np.arange(-4, 4, 0.1)
    offsets = np.linspace(0.0, 0.99, 9)
    # The same places of the edge, reached through different offsets.
    samples = [edge(starts[:, None] - t + np.arange(-1, 3)) for t in offsets]
    fitted = np.array([s @ INTERPOLATOR.taps(t)[1] for s, t in zip(samples, offsets, strict=True)])
    keys = np.array([s @ cubic(t) for s, t in zip(samples, offsets, strict=True)])
    assert fitted.std(axis=0).max() < 0.5 * keys.std(axis=0).max()
    assert np.abs(fitted.mean(axis=0) - edge(starts)).max() < 0.05


@pytest.mark.parametrize("shift", [(5, -3), (-20, 14), (0, 0)])
def test_coarse_shift(shift):
    rng = np.random.default_rng(1)
    wide = np.cumsum(np.cumsum(rng.normal(size=(120, 130)), axis=0), axis=1).astype(np.float32)
    reference = wide[30:94, 30:100].copy()
    image = wide[30 - shift[1] : 94 - shift[1], 30 - shift[0] : 100 - shift[0]].copy()
    reference[3, 4] = np.nan
    assert coarse_shift(image, reference) == pytest.approx(shift, abs=1.0)


@pytest.mark.parametrize(("offset", "slope"), [(0.0, 1.0), (0.5, 1.7), (-6.0, 3.0)])
def test_the_tail_of_clutter_is_a_line_over_that_of_noise(offset, slope):
    pixels, sigma = 2_000_000, 0.7
    noise = np.array([threshold_for((rank + 0.5) * 1e6 / pixels, sigma) for rank in range(3000)])
    heights = offset + slope * noise[noise > 2.0]
    heights[:150] += 40.0  # sources: fewer than a hundred per Mpx tell nothing
    assert tail_line(heights, pixels, sigma) == pytest.approx((offset, slope), abs=1e-6)
    assert tail_line(0.5 * noise, pixels, sigma)[1] == 1.0  # what is lighter than noise does not lower the threshold


@pytest.mark.parametrize("count", [0, 1, 5, 9])
def test_few_peaks_tell_no_tail(count):
    assert tail_line(np.linspace(9.0, 3.0, count), 1000, 0.7) == (0.0, 1.0)
