import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import beta, multivariate_normal, norm

from boostwatch_kernels.evidence import (
    ascent_evidence,
    focal_evidence,
    line_evidence,
    mixtures,
    normal_evidence,
    path_evidence,
    seen_evidence,
)
from boostwatch_kernels.tracks import FLICKER, N_LIGHT, N_MOMENTS, add_light, add_moments


def walk(seed, n=12):
    rng = np.random.default_rng(seed)
    t = np.sort(rng.uniform(0, 30, n))
    return t, rng.normal(0, 1, (n, 2)), rng.normal(0, 0.5, (n, 2)), rng.uniform(0.01, 0.1, (n, 2))


def moments(t, scene, focal, var, shift_var):
    sums = np.zeros((3, 2, N_MOMENTS))
    for k in range(len(t)):
        for axis in range(2):
            add_moments(sums[1, axis], t[k], scene[k, axis], focal[k, axis], var[k, axis] + shift_var, var[k, axis])
    return sums


@pytest.mark.parametrize("prior", [[1.0], [1.0, 0.3], [1.0, 2.0, 0.5], [1.0, 2.0, 0.5, 0.1]])
@pytest.mark.parametrize("excess", [1.0, 4.0])
def test_evidence_is_the_normal_density_of_all_data_at_once(prior, excess):
    t, scene, focal, var = walk(1)
    sums = moments(t, scene, focal, var, 0.02)
    padded = np.array([[*prior, *[0.0] * (4 - len(prior))]])
    got = path_evidence(sums[1:2], np.array([12.0]), padded, np.array([excess]))
    basis = (t[:, None] / 10.0) ** np.arange(len(prior))
    spread = basis @ np.diag(np.square(prior)) @ basis.T
    want = 0.0
    for k in range(2):
        want += multivariate_normal(np.zeros(12), spread + np.diag(excess * (var[:, k] + 0.02))).logpdf(scene[:, k])
    assert got.shape == (1, 1)
    assert got[0, 0] == pytest.approx(want, rel=1e-9)
    assert (sums[[0, 2]] == 0).all()


def test_evidence_on_the_focal_plane():
    t, scene, focal, var = walk(2)
    got = focal_evidence(moments(t, scene, focal, var, 0.02)[1:2], np.array([12.0]))
    want = sum(
        multivariate_normal(np.zeros(12), np.ones((12, 12)) + np.diag(var[:, k])).logpdf(focal[:, k]) for k in (0, 1)
    )
    assert got[0] == pytest.approx(want, rel=1e-9)


@pytest.mark.parametrize("excess", [1.0, 16.0])
def test_evidence_of_an_ascent_is_the_normal_density_of_all_data_at_once(excess):
    t, scene, focal, var = walk(3)
    rng = np.random.default_rng(4)
    root = rng.normal(0, 1, (3, 8, 8))
    mean, cov = rng.normal(0, 1, (3, 8)), root @ root.transpose(0, 2, 1) + 0.1 * np.eye(8)
    got = ascent_evidence(moments(t, scene, focal, var, 0.02)[1:2], np.array([12.0]), mean, cov, excess)
    basis = np.kron(np.eye(2), (t[:, None] / 10.0) ** np.arange(4))
    noise = np.diag(excess * (var.T.ravel() + 0.02))
    want = [
        multivariate_normal(basis @ m, basis @ c @ basis.T + noise).logpdf(scene.T.ravel())
        for m, c in zip(mean, cov, strict=True)
    ]
    np.testing.assert_allclose(got[:, 0], want, rtol=1e-9)


def test_evidence_of_the_light_is_the_normal_density_of_all_data_at_once():
    rng = np.random.default_rng(5)
    t, flux = np.sort(rng.uniform(0, 20, 12)), np.exp(rng.normal(9, 0.3, 12))
    sigma, sums = flux * rng.uniform(0.02, 0.5, 12), np.zeros((2, N_LIGHT))
    for k in range(12):
        add_light(sums[1], t[k], flux[k], sigma[k])
    course = np.array([(10.0, 1.5, 0.1, 0.07, 1.0), (9.0, 1.0, 0.0, 0.3, 25.0)])
    got = line_evidence(sums, 0.7, np.stack([course[::-1], course]), np.array([0, 1]))
    basis, error = np.stack([np.ones(12), t], axis=1), np.diag((sigma / flux) ** 2 + FLICKER**2)
    for q, (start, start_sigma, growth, growth_sigma, excess) in enumerate(course):
        spread = basis @ np.diag([start_sigma**2, growth_sigma**2]) @ basis.T + excess * error
        want = multivariate_normal(basis @ [start, growth], spread).logpdf(np.log(flux) + 0.7)
        assert got[q, 1] == pytest.approx(want, rel=1e-9)
    np.testing.assert_allclose(got[:, 0], 0.0, atol=1e-12)


def test_mixtures_are_sums_of_their_parts():
    rng = np.random.default_rng(6)
    parts = rng.normal(0.0, 300.0, (5, 7))
    share = rng.dirichlet(np.ones(5), (2, 3))
    share[0, 1, 2:] = 0.0
    which = rng.integers(0, 2, 7)
    with np.errstate(divide="ignore"):
        got = mixtures(parts, np.log(share), which)
        want = np.logaddexp.reduce(np.log(share)[which] + parts.T[:, None], axis=2)
    np.testing.assert_allclose(got, want, rtol=1e-12)
    np.testing.assert_allclose(np.exp(mixtures(np.zeros((5, 1)), np.log(share[1:]), np.zeros(1, np.int64))), 1.0)


def test_evidence_of_hits_and_misses_is_that_of_a_beta_law():
    hits, misses, favour = np.array([0.0, 3.0, 40.0]), np.array([0.0, 5.0, 1.0]), np.array([1.0, 6.0, 2.5])
    got = seen_evidence(hits, misses, favour)
    for n in range(3):
        for k, a in ((0, favour[n]), (1, 1.0)):
            law = a, hits[n], misses[n]
            want = quad(lambda p, a, h, m: beta.pdf(p, a, 1.0) * p**h * (1 - p) ** m, 0, 1, args=law)[0]
            assert np.exp(got[k, n]) == pytest.approx(want, rel=1e-6)


def test_evidence_of_figures_is_the_normal_density():
    x, law = np.array([0.3, -2.0]), np.array([(2.2, 1.0), (0.1, 0.4), (0.0, 3.0)])
    np.testing.assert_allclose(normal_evidence(x, law), norm.logpdf(x, law[:, :1], law[:, 1:]), rtol=1e-12)
