import numpy as np
import pytest

from boostwatch.records import DETECTION, empty
from boostwatch_kernels.sources import DEFAULT_SIGMA_PX, FLOOR_PX, sources, strictly_ordered


def some_detections(seed, count):
    rng, out = np.random.default_rng(seed), empty(DETECTION, count)
    out["x"], out["y"] = rng.permutation(count) + rng.uniform(0, 0.5, count), rng.uniform(-5, 90, count)
    for name in ("sigma_x", "sigma_y", "snr", "signal_e", "signal_sigma_e", "unrest"):
        out[name] = rng.uniform(-1.0, 9.0, count)
        out[name][rng.random(count) < 0.2] = np.nan
    out["sigma_x"][rng.random(count) < 0.1] = np.inf
    out["frames"] = rng.integers(-1, 9, count)
    out["time_s"] = np.where(rng.random(count) < 0.3, np.nan, rng.uniform(40.0, 41.0, count))
    return out


def test_what_is_unknown_is_filled_in():
    rows = some_detections(1, 400)
    order = np.argsort(rows["x"])[:350]
    got, d = sources(rows, order, 40.5, 3.0, -2.0), {n: rows[n][order].astype(float) for n in DETECTION.names}
    frames = np.maximum(d["frames"], 1.0)
    sigma = np.stack([d["sigma_x"], d["sigma_y"]], axis=1)
    sigma = np.where(np.isfinite(sigma) & (sigma > 0), sigma, DEFAULT_SIGMA_PX)
    focal, snr = np.stack([d["x"], d["y"]], axis=1), np.where(np.isnan(d["snr"]), 0.0, d["snr"])
    np.testing.assert_array_equal(got.focal, focal)
    np.testing.assert_array_equal(got.scene, focal - [3.0, -2.0])
    np.testing.assert_allclose(got.var, (sigma**2 + FLOOR_PX**2) * frames[:, None], rtol=1e-14)
    np.testing.assert_array_equal(got.strongest, snr)
    np.testing.assert_allclose(got.snr, snr / np.sqrt(frames), rtol=1e-14)
    np.testing.assert_array_equal(got.frames, frames)
    np.testing.assert_array_equal(got.flux[:, 0], d["signal_e"])
    np.testing.assert_allclose(got.flux_sigma[:, 0], d["signal_sigma_e"] * np.sqrt(frames), rtol=1e-6)
    np.testing.assert_array_equal(got.unrest, np.where(np.isnan(d["unrest"]), 1.0, d["unrest"]))
    np.testing.assert_array_equal(got.time_s, np.where(np.isnan(d["time_s"]), 40.5, d["time_s"]))
    assert (got.bands == 1).all()
    assert (got.member[order] == np.arange(350)).all()
    assert (np.delete(got.member, order) == -1).all()


def test_nothing():
    nothing = sources(empty(DETECTION, 0), np.empty(0, np.int64), 0.0, 0.0, 0.0)
    assert nothing.focal.shape == (0, 2)
    assert nothing.flux.shape == (0, 1)


@pytest.mark.parametrize(("column", "value"), [("x", np.nan), ("y", np.inf), ("x", None)])
def test_an_order_is_strict_where_all_places_are_known_and_no_x_is_twice(column, value):
    rows = some_detections(2, 50)
    assert strictly_ordered(rows, np.argsort(rows["x"]))
    rows[column][7] = rows[column][8] if value is None else value
    assert not strictly_ordered(rows, np.argsort(rows["x"]))
