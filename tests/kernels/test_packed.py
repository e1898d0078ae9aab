"""Numbers in sixteen bits, and the root without a root."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from boostwatch_kernels.packed import inverse_root, narrow, narrow_by_chance, widen

from . import reference_detect as twin

FINITE = st.floats(-(2.0**120), 2.0**120, width=32, allow_subnormal=False)


@given(value=FINITE)
def test_sixteen_bits_hold_a_number_to_one_part_in_256(value):
    bits = narrow(np.float32(value))
    assert 0 <= bits < 65536
    assert bits == twin.brain([value])[0]
    back = widen(np.uint16(bits))
    assert abs(float(back) - value) <= abs(value) * 2.0**-8
    assert narrow(back) == bits


def test_nothing_stays_nothing_and_order_is_kept():
    assert float(widen(np.uint16(narrow(np.float32(0.0))))) == 0.0
    values = np.geomspace(1e-30, 1e30, 500, dtype=np.float32)
    bits = [int(narrow(v)) for v in values]
    assert bits == sorted(bits)


@given(value=FINITE, one=FINITE, other=FINITE)
def test_rounding_by_chance_takes_a_neighbour_and_keeps_what_fits(value, one, other):
    bits = int(narrow_by_chance(np.float32(value), np.float32(one), np.float32(other)))
    below = int(np.float32(value).view(np.uint32)) >> 16
    assert bits in (below, below + 1)
    kept = widen(np.uint16(bits))
    assert narrow_by_chance(kept, np.float32(one), np.float32(other)) == bits


def test_rounding_by_chance_is_right_on_average():
    rng = np.random.default_rng(1)
    for value in (1.003, -47.11):
        noise = rng.normal(0, 20, (2, 2000)).astype(np.float32)
        kept = [float(widen(np.uint16(narrow_by_chance(np.float32(value), a, b)))) for a, b in noise.T]
        assert abs(np.mean(kept) / value - 1.0) < 4.0 * 2.0**-8 / np.sqrt(2000)


@given(value=st.floats(2.0**-60, 2.0**60, width=32))
def test_inverse_root(value):
    assert abs(float(inverse_root(np.float32(value))) * np.sqrt(value) - 1.0) < 1e-5
