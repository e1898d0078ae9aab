"""Which detections are kept out of the background: points at once, broad places not for long, strong ones always."""

import numpy as np
import pytest

from boostwatch.detect._gates import Places
from boostwatch.detect.interpolation import BLUR
from boostwatch.detect.peaks import CHI, SNR
from boostwatch_kernels.fitting import COLUMNS, Lens, fit_sources

from ..kernels.detect_parts import learnt, patch_of

SIZE = 40
PSF, THRESHOLD = 0.7, 4.5
SEEN = np.sqrt(PSF**2 + 1.0 / 12.0 + BLUR**2)  # sigma of a point in a resampled frame
NOTHING = np.zeros((0, COLUMNS))
UNIT = learnt(np.zeros((SIZE, SIZE)), 1.0)


def blob(sigma, snr, x=20.3, y=18.6):
    """A Gaussian of which the matched filter of its own shape would give ``snr`` in unit noise."""
    at = np.arange(SIZE)
    shape = np.exp(-((at - y)[:, None] ** 2 + (at - x)[None, :] ** 2) / (2 * sigma**2))
    return snr * shape / np.sqrt((shape**2).sum())


def fits_of(value, x=20.3, y=18.6, snr=None):
    """The fit of one frame, as the chain gives it; its snr and misfit set where a test asks for them."""
    fits = np.zeros((1, COLUMNS))
    fit_sources(patch_of([value], UNIT), Lens(PSF, 1e12, 2, 0.0, 0.0), np.array([[x, y, 0.0, 0.0]]), fits)
    if snr is not None:
        fits[:, SNR], fits[:, CHI] = snr, 1.0
    return fits


def shares(sigma, snr, frames, seed):
    """Share of the last half of the frames in which a blob that stands in noise gates."""
    rng = np.random.default_rng(seed)
    places, out = Places(PSF, THRESHOLD), []
    for _ in range(frames):
        value = blob(sigma, snr) + rng.normal(size=(SIZE, SIZE))
        out.append(bool(places.gating(fits_of(value, snr=snr))[0]))
    return np.mean(out[frames // 2 :])


@pytest.mark.parametrize("seed", range(4))
def test_a_faint_point_gates_and_a_faint_cell_does_not(seed):
    assert shares(SEEN, 6.0, 40, seed) > 0.9
    assert shares(2.0, 6.0, 40, seed) < 0.1


def test_a_weak_detection_that_fits_no_point_does_not_gate():
    fits = fits_of(blob(SEEN, 6.0), snr=6.0)
    assert Places(PSF, THRESHOLD).gating(fits).all()
    fits[:, CHI] = 2.5
    assert not Places(PSF, THRESHOLD).gating(fits).any()


def test_a_strong_source_gates_even_when_it_swells_and_fades():
    places = Places(PSF, THRESHOLD)
    assert places.gating(fits_of(blob(SEEN, 20.0), snr=20.0)).all()
    for _ in range(20):
        assert places.gating(fits_of(blob(2.0, 6.0), x=21.5, snr=6.0)).all()
    places.forget()
    assert not places.gating(fits_of(blob(2.0, 6.0), snr=6.0)).any()


def test_places_follow_the_reference_and_are_given_up():
    places = Places(PSF, THRESHOLD)
    assert places.gating(fits_of(blob(SEEN, 20.0), snr=20.0)).all()
    places.move(5, -4)
    there = {"x": 25.3, "y": 14.6}
    assert places.gating(fits_of(blob(2.0, 6.0, **there), **there, snr=6.0)).all()
    for _ in range(80):
        assert places.gating(NOTHING).shape == (0,)
    assert not places.gating(fits_of(blob(2.0, 6.0, **there), **there, snr=6.0)).any()


def test_places_apart_do_not_answer_for_each_other():
    places = Places(PSF, THRESHOLD)
    assert places.gating(fits_of(blob(SEEN, 20.0), snr=20.0)).all()
    there = {"x": 24.3, "y": 18.6}
    assert not places.gating(fits_of(blob(2.0, 6.0, **there), **there, snr=6.0)).any()


def test_the_rim_and_unknown_pixels_are_borne():
    places = Places(PSF, THRESHOLD)
    value = np.full((SIZE, SIZE), np.nan)
    assert places.gating(fits_of(value, x=0.2, y=39.4, snr=6.0)).shape == (1,)
