"""Frames of one band: any number of rows at a time, any number of frames together, the same bytes as step by step."""

from __future__ import annotations

import numpy as np
import pytest

from boostwatch_kernels.detector import Detector, NoiseKey, PixelMaps, detect
from boostwatch_kernels.frame import Exposure, Stamps, add_stamps, render_band
from boostwatch_kernels.noise import BLOCK
from boostwatch_kernels.resample import Coded, RowPlan, resample

WIDTH, HEIGHT, FRAMES = 512, 24, 2
ROWS = BLOCK // WIDTH


def stamps(rng: np.random.Generator) -> Stamps:
    shapes = [
        (0, 3, 20, 5, 7, 3 * WIDTH + 22),
        (0, 6, 22, 9, 4, -1),
        (1, 0, 0, 2, 2, 0),
        (1, 23, 511, 1, 1, 23 * WIDTH),
    ]
    table, start = [], 0
    for frame, top, left, rows, columns, pixel in shapes:
        table.append((frame, top, left, rows, columns, start, pixel))
        start += rows * columns
    return Stamps(np.array(table, np.int64), rng.random(start, dtype=np.float32) * 100)


def test_stamps_are_added_where_they_lie_and_levels_read_before() -> None:
    rng = np.random.default_rng(2)
    own = stamps(rng)
    before = rng.random((FRAMES, HEIGHT, WIDTH), dtype=np.float32)
    wanted = before.copy()
    for frame, top, left, rows, columns, start, _ in own.table:
        light = own.light[start : start + rows * columns].reshape(rows, columns)
        wanted[frame, top : top + rows, left : left + columns] += light
    image, below = before.copy(), np.zeros(4, np.float32)
    for begin in range(0, HEIGHT, 5):
        part = np.ascontiguousarray(image[:, begin : begin + 5])
        add_stamps(own, begin, part, below)
        image[:, begin : begin + 5] = part
    np.testing.assert_array_equal(image, wanted)
    assert below.tolist() == [before[0, 3, 22], 0.0, before[1, 0, 0], before[1, 23, 0]]


@pytest.mark.parametrize("rows", [ROWS, 2 * ROWS, 10 * ROWS])
def test_in_parts_and_together_as_step_by_step(rows: int) -> None:
    rng = np.random.default_rng(3)
    shape = (2 * HEIGHT + 8, 2, WIDTH + 4)
    early, late = (
        Coded(
            rng.integers(0, 65536, shape).astype(np.uint16), np.full(shape[0], 100, np.float32),
            np.full(shape[0], 0.01, np.float32),
        )
        for _ in range(2)
    )  # fmt: skip
    first = np.zeros((FRAMES, HEIGHT, 2), np.int64)
    first[..., 0] = 2 * np.arange(HEIGHT)
    plan = RowPlan(
        first, np.full((FRAMES, HEIGHT, 2, 4), 0.25, np.float32), rng.random((FRAMES, HEIGHT)).astype(np.float32)
    )
    even = np.full(BLOCK, 1, np.float32)
    index = [np.array([5, 700]), np.array([9000])]
    maps = PixelMaps(even, 20 * even, 200 * even, np.concatenate(index), np.array([1e3, 2e3, 3e3], np.float32))
    detector = Detector(10.0, 1e5, 20.0, 16383.0)
    exposure = Exposure(np.array([4, 9]), maps, np.array([0, 2, 3]), detector, (77, 1))
    own = stamps(rng)
    out, place = np.zeros(FRAMES * HEIGHT * WIDTH + 3, np.uint16), np.array([3, 3 + HEIGHT * WIDTH])
    below, full = np.zeros(4, np.float32), np.zeros(FRAMES, np.int64)
    render_band((early, late, plan, 1.5), own, exposure, rows, WIDTH, out, place, below, full)
    electrons, level = np.empty((FRAMES, HEIGHT, WIDTH), np.float32), np.zeros(4, np.float32)
    resample(early, late, plan, 0, 1.5, electrons)
    add_stamps(own, 0, electrons, level)
    assert below.tobytes() == level.tobytes()
    for f, number in enumerate((4, 9)):
        alone = np.empty(HEIGHT * WIDTH, np.uint16)
        excess = slice(*exposure.bounds[f : f + 2])
        single = maps._replace(excess_index=maps.excess_index[excess], excess_e=maps.excess_e[excess])
        count = detect(electrons[f].reshape(-1), single, detector, NoiseKey(77, 1, number), alone)
        assert alone.tobytes() == out[place[f] : place[f] + len(alone)].tobytes()
        assert count == full[f]
    assert not out[:3].any()
